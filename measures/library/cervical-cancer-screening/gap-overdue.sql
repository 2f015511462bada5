-- There was a smear or an HPV test before the end of the period.
WITH test AS (
  SELECT pid, moment FROM result WHERE code IN (FROM list_cervical_cytology)
  UNION ALL
  SELECT pid, moment FROM performed WHERE code IN (FROM list_cervical_cytology)
  UNION ALL
  SELECT pid, moment FROM result WHERE code IN (FROM list_hpv_test)
)
SELECT i.pid, i.period
FROM initial_population i
SEMI JOIN test t ON t.pid = i.pid AND t.moment < i.high
