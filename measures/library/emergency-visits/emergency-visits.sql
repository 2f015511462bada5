-- Finished emergency encounters that began on a day under observation.
SELECT e.pid, period.period, count(*) AS value
FROM finished_encounter e
JOIN observation_period o ON o.pid = e.pid AND e.start_day BETWEEN o.period_start AND o.period_end
JOIN period ON e.start_day >= period.low AND e.start_day < period.high
WHERE e.class = 'EMER'
GROUP BY ALL
