-- Days on which a first diagnosis would have made the patient a case: adult, under
-- observation for 365 days before, no type 1 diabetes at any time, and neither a diagnosis
-- nor a diabetes medication on an earlier day.
WITH medicated AS (
  SELECT pid, min(day) AS first_day
  FROM ordered
  WHERE code IN (FROM list_diabetes_medication)
  GROUP BY pid
)
SELECT pid,
  greatest(o.period_start + 365, birthday(patient.birth_date, 18)) AS low,
  1 + least(o.period_end, event.index_date, medicated.first_day) AS high
FROM observation_period o
JOIN patient USING (pid)
LEFT JOIN event USING (pid)
LEFT JOIN medicated USING (pid)
WHERE patient.birth_date IS NOT NULL
  AND pid NOT IN (SELECT pid FROM condition_course WHERE code IN (FROM list_type_1_diabetes))
