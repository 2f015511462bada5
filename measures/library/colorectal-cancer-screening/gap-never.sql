-- None of the three tests is known before the end of the period.
WITH test AS (
  SELECT pid, moment FROM performed WHERE code IN (FROM list_colonoscopy)
  UNION ALL
  SELECT pid, moment FROM performed WHERE code IN (FROM list_flexible_sigmoidoscopy)
  UNION ALL
  SELECT pid, moment FROM result WHERE code IN (FROM list_fit_test)
)
SELECT i.pid, i.period
FROM initial_population i
ANTI JOIN test t ON t.pid = i.pid AND t.moment < i.high
