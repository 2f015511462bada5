-- A smear in the three years before the end of the period, or an HPV test in the five
-- years before, at 30 years or older on its day.
WITH smear AS (
  SELECT pid, moment FROM result WHERE code IN (FROM list_cervical_cytology)
  UNION ALL
  SELECT pid, moment FROM performed WHERE code IN (FROM list_cervical_cytology)
),
hpv_test AS (
  SELECT pid, moment FROM result WHERE code IN (FROM list_hpv_test)
)
SELECT i.pid, i.period
FROM initial_population i
JOIN smear s USING (pid)
WHERE s.moment >= i.high - INTERVAL 3 YEARS AND s.moment < i.high
UNION ALL
SELECT i.pid, i.period
FROM initial_population i
JOIN hpv_test h USING (pid)
WHERE h.moment >= i.high - INTERVAL 5 YEARS AND h.moment < i.high
  AND age_on(i.birth_date, h.moment) >= 30
