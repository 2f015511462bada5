-- The same patient came again, 8 to 30 days after the end of the stay.
SELECT i.pid, i.period, i.episode
FROM initial_population i
JOIN finished_encounter stay ON stay.rid = i.episode
JOIN finished_encounter again ON again.pid = i.pid
WHERE again.class = 'IMP'
  AND again.start_at > stay.end_at
  AND again.start_day - stay.end_day BETWEEN 8 AND 30
