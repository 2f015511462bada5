SELECT entry.pid
FROM entry
JOIN ordered USING (pid)
WHERE code IN (FROM list_diabetes_drug) AND day > index_date AND day <= index_date + 200
GROUP BY entry.pid
HAVING count(DISTINCT day) >= 2
