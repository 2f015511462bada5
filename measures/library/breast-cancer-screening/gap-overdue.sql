-- There was a mammogram, and it is older than 27 months at the end of the period.
WITH mammogram AS (
  SELECT pid, moment FROM performed WHERE code IN (FROM list_mammography)
  UNION ALL
  SELECT pid, moment FROM result WHERE code IN (FROM list_mammography)
)
SELECT i.pid, i.period
FROM initial_population i
JOIN mammogram m USING (pid)
WHERE m.moment < i.high
GROUP BY i.pid, i.period, i.high
HAVING max(m.moment) < i.high - INTERVAL 27 MONTHS
