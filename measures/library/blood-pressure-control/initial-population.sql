-- Patients of 18 to 85 years, seen in the period, whose hypertension holds in it.
SELECT seen.pid, seen.period
FROM seen
JOIN condition_course c USING (pid)
WHERE seen.age BETWEEN 18 AND 85
  AND c.code IN (FROM list_hypertension)
  AND c.onset < seen.high
  AND c.abatement >= seen.low
