-- The first day on which type 2 diabetes is known, over all the data.
SELECT pid, min(onset)::DATE AS index_date
FROM condition_course
WHERE code IN (FROM list."type-2-diabetes")
GROUP BY pid
