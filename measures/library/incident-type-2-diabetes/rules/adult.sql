SELECT pid
FROM entry
JOIN patient USING (pid)
WHERE age_on(patient.birth_date, entry.index_date) >= 18
