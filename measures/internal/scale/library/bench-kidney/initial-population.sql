SELECT seen.pid, seen.period
FROM seen
JOIN condition_course c USING (pid)
WHERE seen.age >= 18 AND c.code IN (FROM list_hypertension_diagnosis) AND c.onset < seen.high AND c.abatement >= seen.low
