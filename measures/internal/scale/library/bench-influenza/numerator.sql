SELECT i.pid, i.period
FROM initial_population i
JOIN immunized v USING (pid)
WHERE v.code IN (FROM list_influenza_vaccine) AND v.moment < i.high AND v.moment >= i.high - INTERVAL 1 YEAR
