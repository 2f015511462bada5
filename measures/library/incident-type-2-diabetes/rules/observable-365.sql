SELECT pid
FROM entry
JOIN observation_period o USING (pid)
WHERE o.period_start <= entry.index_date - 365
  AND o.period_end >= entry.index_date
