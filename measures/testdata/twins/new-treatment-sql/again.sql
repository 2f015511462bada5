SELECT pid FROM (
	SELECT entry.pid, day FROM entry JOIN ordered USING (pid)
	WHERE code IN (FROM list_diabetes_drug) AND day BETWEEN index_date + 1 AND index_date + 200
) GROUP BY pid HAVING count(DISTINCT day) > 1
UNION
SELECT entry.pid FROM entry JOIN condition_course USING (pid) WHERE code IN (FROM list_hypertension) AND onset::DATE <= index_date
