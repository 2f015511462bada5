-- End-stage kidney disease or pregnancy that holds in the period.
SELECT i.pid, i.period
FROM initial_population i
JOIN condition_course c USING (pid)
WHERE (c.code IN (FROM list_end_stage_renal_disease) OR c.code IN (FROM list_pregnancy))
  AND c.onset < i.high
  AND c.abatement >= i.low
