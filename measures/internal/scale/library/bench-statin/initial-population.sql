SELECT seen.pid, seen.period
FROM seen
JOIN condition_course c USING (pid)
WHERE seen.age >= 21 AND c.code IN (FROM list_lipid_disorder) AND c.onset < seen.high AND c.abatement >= seen.low
