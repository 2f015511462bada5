-- Up to date at the end of the period with one of three tests. Each has a span of years
-- for which it serves.
WITH test AS (
  SELECT pid, at, 10 AS years FROM performed WHERE code IN (FROM list."colonoscopy")
  UNION ALL
  SELECT pid, at, 5 FROM performed WHERE code IN (FROM list."flexible-sigmoidoscopy")
  UNION ALL
  SELECT pid, at, 1 FROM result WHERE code IN (FROM list."fit-test")
)
SELECT i.pid, i.period
FROM initial_population i
JOIN test t USING (pid)
WHERE t.at >= i.high - to_years(t.years) AND t.at < i.high
