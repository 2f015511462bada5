-- A mammogram in the 27 months before the end of the period, done or reported.
WITH mammogram AS (
  SELECT pid, moment FROM performed WHERE code IN (FROM list_mammography)
  UNION ALL
  SELECT pid, moment FROM result WHERE code IN (FROM list_mammography)
)
SELECT i.pid, i.period
FROM initial_population i
JOIN mammogram m USING (pid)
WHERE m.moment >= i.high - INTERVAL 27 MONTHS AND m.moment < i.high
