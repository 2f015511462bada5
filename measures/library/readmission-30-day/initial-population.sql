-- Finished inpatient stays that end in the period, of patients of 18 years or more on
-- the day they came.
SELECT e.pid, period.period, e.rid AS episode
FROM finished_encounter e
JOIN patient USING (pid)
JOIN period ON e.end_day >= period.low AND e.end_day < period.high
WHERE e.class = 'IMP'
  AND age_on(patient.birth_date, e.start_day) >= 18
