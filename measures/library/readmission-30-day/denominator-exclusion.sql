-- Stays that ended in death, or that the patient ended against advice.
SELECT i.pid, i.period, i.episode
FROM initial_population i
JOIN finished_encounter e ON e.rid = i.episode
WHERE e.discharge_disposition IN (FROM list_died_or_left_against_advice)
