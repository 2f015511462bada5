WITH has AS (SELECT DISTINCT entry.pid FROM entry JOIN condition_course USING (pid) WHERE code IN (FROM list_lipids) AND onset::DATE <= index_date),
	screened AS (SELECT DISTINCT entry.pid FROM entry JOIN performed USING (pid)
		WHERE code IN (FROM list_screening) AND moment::DATE BETWEEN index_date - 1500 AND index_date + 30)
SELECT pid FROM entry WHERE pid NOT IN (FROM has) OR pid IN (FROM screened)
