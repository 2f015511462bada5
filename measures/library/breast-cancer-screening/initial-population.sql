-- Women of 50 to 74 years, seen in the period.
SELECT pid, period
FROM seen
WHERE gender = 'female' AND age BETWEEN 50 AND 74
