-- The newest HbA1c of the period is in another unit than %, or has no number. Of tests at the same time the lowest
-- percentage counts.
WITH newest AS (
  SELECT DISTINCT ON (i.pid, i.period)
    i.pid, i.period, CASE WHEN r.value_unit = '%' THEN r.value_num END AS percentage
  FROM initial_population i
  JOIN result r USING (pid)
  WHERE r.code IN (FROM list_hba1c_lab)
    AND r.moment >= i.low AND r.moment < i.high
  ORDER BY i.pid, i.period, r.moment DESC, percentage NULLS LAST
)
SELECT pid, period
FROM newest
WHERE percentage IS NULL
