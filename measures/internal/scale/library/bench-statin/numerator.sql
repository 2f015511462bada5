SELECT i.pid, i.period
FROM initial_population i
JOIN ordered o USING (pid)
WHERE o.code IN (FROM list_statin) AND o.moment < i.high AND o.moment >= i.high - INTERVAL 1 YEAR
