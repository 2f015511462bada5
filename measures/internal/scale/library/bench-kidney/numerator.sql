SELECT i.pid, i.period
FROM initial_population i
JOIN result r USING (pid)
WHERE (r.code IN (FROM list_creatinine) OR r.code IN (FROM list_potassium)) AND r.moment < i.high AND r.moment >= i.high - INTERVAL 1 YEAR
