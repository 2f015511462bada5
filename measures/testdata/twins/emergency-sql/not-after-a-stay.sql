SELECT pid FROM entry
EXCEPT
SELECT entry.pid FROM entry JOIN finished_encounter USING (pid)
WHERE class = 'IMP' AND end_day >= index_date - 120 AND end_day < index_date
