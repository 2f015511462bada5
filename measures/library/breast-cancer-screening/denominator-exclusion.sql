-- Both breasts removed before the end of the period.
SELECT i.pid, i.period
FROM initial_population i
JOIN performed p USING (pid)
WHERE p.code IN (FROM list_bilateral_mastectomy)
  AND p.moment < i.high
