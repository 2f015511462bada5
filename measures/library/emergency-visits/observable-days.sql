-- Days of the period on which the patient was under observation.
SELECT o.pid, period.period,
  least(o.period_end + 1, period.high) - greatest(o.period_start, period.low) AS value
FROM observation_period o
JOIN period ON o.period_start < period.high AND o.period_end >= period.low
