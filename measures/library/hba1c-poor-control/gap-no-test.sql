-- No HbA1c test in the period.
SELECT i.pid, i.period
FROM initial_population i
ANTI JOIN (FROM result WHERE code IN (FROM list_hba1c_lab)) r ON r.pid = i.pid AND r.moment >= i.low AND r.moment < i.high
