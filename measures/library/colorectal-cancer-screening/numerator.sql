-- Up to date at the end of the period with one of three tests. Each has a span of years
-- for which it serves.
WITH test AS (
  SELECT pid, moment, 10 AS years FROM performed WHERE code IN (FROM list_colonoscopy)
  UNION ALL
  SELECT pid, moment, 5 FROM performed WHERE code IN (FROM list_flexible_sigmoidoscopy)
  UNION ALL
  SELECT pid, moment, 1 FROM result WHERE code IN (FROM list_fit_test)
)
SELECT i.pid, i.period
FROM initial_population i
JOIN test t USING (pid)
WHERE t.moment >= i.high - to_years(t.years) AND t.moment < i.high
