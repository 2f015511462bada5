SELECT entry.pid FROM entry JOIN result USING (pid)
WHERE code IN (FROM list_hba1c) AND value_tag = 'Quantity' AND value_unit = '%' AND value_num >= 6.5
	AND moment::DATE BETWEEN index_date - 700 AND index_date + 60
GROUP BY entry.pid
HAVING count(DISTINCT moment::DATE) > 1
