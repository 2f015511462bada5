SELECT entry.pid FROM entry JOIN condition_course c USING (pid)
WHERE code IN (FROM list_diabetes) AND onset::DATE BETWEEN index_date - 730 AND index_date + 30
