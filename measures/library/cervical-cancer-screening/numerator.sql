-- A smear in the three years before the end of the period, or an HPV test in the five
-- years before, at 30 years or older on its day.
WITH smear AS (
  SELECT pid, at FROM result WHERE code IN (FROM list."cervical-cytology")
  UNION ALL
  SELECT pid, at FROM performed WHERE code IN (FROM list."cervical-cytology")
),
hpv_test AS (
  SELECT pid, at FROM result WHERE code IN (FROM list."hpv-test")
)
SELECT i.pid, i.period
FROM initial_population i
JOIN smear s USING (pid)
WHERE s.at >= i.high - INTERVAL 3 YEARS AND s.at < i.high
UNION ALL
SELECT i.pid, i.period
FROM initial_population i
JOIN hpv_test h USING (pid)
WHERE h.at >= i.high - INTERVAL 5 YEARS AND h.at < i.high
  AND age_on(i.birth_date, h.at) >= 30
