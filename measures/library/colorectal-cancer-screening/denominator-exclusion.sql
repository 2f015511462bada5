-- Colorectal cancer at any time, or the whole colon removed, before the end of the period.
SELECT i.pid, i.period
FROM initial_population i
JOIN condition_course c USING (pid)
WHERE c.code IN (FROM list_colorectal_cancer)
  AND c.onset < i.high
UNION ALL
SELECT i.pid, i.period
FROM initial_population i
JOIN performed p USING (pid)
WHERE p.code IN (FROM list_total_colectomy)
  AND p.moment < i.high
