SELECT pid FROM entry JOIN patient USING (pid)
WHERE age_on(birth_date, index_date) BETWEEN 35 AND 74
