WITH stays AS (
	SELECT f.pid, f.rid, start_day FROM finished_encounter f WHERE class IN ('IMP', 'ACUTE')
), for_pressure AS (
	SELECT s.pid, start_day FROM stays s JOIN encounter_diagnosis d ON d.rid = s.rid JOIN condition_course c ON c.rid = d.condition_rid WHERE c.code IN (FROM list_hypertension)
	UNION ALL
	SELECT s.pid, start_day FROM stays s JOIN encounter e ON e.rid = s.rid WHERE e.reason_code IN (FROM list_hypertension)
)
SELECT pid FROM entry WHERE NOT EXISTS (SELECT 1 FROM for_pressure p WHERE p.pid = entry.pid AND start_day <= index_date + 400)
