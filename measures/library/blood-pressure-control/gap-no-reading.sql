-- No reading with both values in the period.
WITH reading AS (
  SELECT panel.pid, panel.moment
  FROM result panel
  JOIN result_component systolic USING (pid, rid)
  JOIN result_component diastolic USING (pid, rid)
  WHERE panel.code IN (FROM list_blood_pressure_panel)
    AND systolic.code IN (FROM list_systolic_blood_pressure)
    AND diastolic.code IN (FROM list_diastolic_blood_pressure)
    AND systolic.value_unit = 'mm[Hg]' AND systolic.value_num IS NOT NULL
    AND diastolic.value_unit = 'mm[Hg]' AND diastolic.value_num IS NOT NULL
)
SELECT i.pid, i.period
FROM initial_population i
ANTI JOIN reading r ON r.pid = i.pid AND r.moment >= i.low AND r.moment < i.high
