-- Patients of 45 to 75 years, seen in the period.
SELECT pid, period
FROM seen
WHERE age BETWEEN 45 AND 75
