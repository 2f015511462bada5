-- On the newest day with a reading, the lowest systolic is 140 or more.
WITH reading AS (
  SELECT panel.pid, panel.moment, systolic.value_num AS systolic
  FROM result panel
  JOIN result_component systolic USING (pid, rid)
  JOIN result_component diastolic USING (pid, rid)
  WHERE panel.code IN (FROM list_blood_pressure_panel)
    AND systolic.code IN (FROM list_systolic_blood_pressure)
    AND diastolic.code IN (FROM list_diastolic_blood_pressure)
    AND systolic.value_unit = 'mm[Hg]' AND systolic.value_num IS NOT NULL
    AND diastolic.value_unit = 'mm[Hg]' AND diastolic.value_num IS NOT NULL
),
reading_day AS (
  SELECT i.pid, i.period, r.moment::DATE AS day, min(r.systolic) AS systolic
  FROM initial_population i
  JOIN reading r USING (pid)
  WHERE r.moment >= i.low AND r.moment < i.high
  GROUP BY ALL
)
SELECT pid, period
FROM reading_day
GROUP BY pid, period
HAVING arg_max(systolic, day) >= 140
