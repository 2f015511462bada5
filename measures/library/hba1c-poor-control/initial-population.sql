-- Patients of 18 to 75 years, seen in the period, whose diabetes holds in it.
SELECT seen.pid, seen.period
FROM seen
JOIN condition_course c USING (pid)
WHERE seen.age BETWEEN 18 AND 75
  AND (c.code IN (FROM list."type-1-diabetes") OR c.code IN (FROM list."type-2-diabetes"))
  AND c.onset < seen.high
  AND c.abatement >= seen.low
