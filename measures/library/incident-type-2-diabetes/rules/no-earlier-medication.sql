WITH medicated AS (
  SELECT pid, min(day) AS first_day
  FROM ordered
  WHERE code IN (FROM list_diabetes_medication)
  GROUP BY pid
)
SELECT pid
FROM entry
LEFT JOIN medicated USING (pid)
WHERE medicated.first_day IS NULL OR medicated.first_day >= entry.index_date
