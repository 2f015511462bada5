SELECT entry.pid
FROM entry JOIN finished_encounter f USING (pid) JOIN encounter e ON e.rid = f.rid
WHERE f.class IN ('AMB', 'VR') AND e.type IN (FROM list_office_visit) AND start_day BETWEEN index_date - 365 AND index_date
GROUP BY entry.pid HAVING count(DISTINCT start_day) >= 2
