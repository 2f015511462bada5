-- Women of 24 to 64 years, seen in the period.
SELECT pid, period
FROM seen
WHERE gender = 'female' AND age BETWEEN 24 AND 64
