-- No mammogram is known before the end of the period.
WITH mammogram AS (
  SELECT pid, moment FROM performed WHERE code IN (FROM list_mammography)
  UNION ALL
  SELECT pid, moment FROM result WHERE code IN (FROM list_mammography)
)
SELECT i.pid, i.period
FROM initial_population i
ANTI JOIN mammogram m ON m.pid = i.pid AND m.moment < i.high
