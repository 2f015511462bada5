-- The first day on which type 2 diabetes is known, over all the data.
SELECT pid, min(onset)::DATE AS index_date
FROM condition_course
WHERE code IN (FROM list_type_2_diabetes)
GROUP BY pid
