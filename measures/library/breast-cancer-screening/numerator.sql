-- A mammogram in the 27 months before the end of the period, done or reported.
WITH mammogram AS (
  SELECT pid, at FROM performed WHERE code IN (FROM list."mammography")
  UNION ALL
  SELECT pid, at FROM result WHERE code IN (FROM list."mammography")
)
SELECT i.pid, i.period
FROM initial_population i
JOIN mammogram m USING (pid)
WHERE m.at >= i.high - INTERVAL 27 MONTHS AND m.at < i.high
