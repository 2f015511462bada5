-- Patients of 18 to 75 years, seen in the period, whose diabetes holds in it.
SELECT seen.pid, seen.period
FROM seen
JOIN condition_course c USING (pid)
WHERE seen.age BETWEEN 18 AND 75
  AND (c.code IN (FROM list_type_1_diabetes) OR c.code IN (FROM list_type_2_diabetes))
  AND c.onset < seen.high
  AND c.abatement >= seen.low
