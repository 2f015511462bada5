-- Small.Visits, line 3
CREATE TEMP TABLE "Small.Visits" AS
WITH Visits_1 AS (
  SELECT * FROM subject)
SELECT pid, period, c1_rid AS x1 FROM (SELECT * FROM (SELECT *,
    CASE WHEN (c6_period_start_lo IS NOT NULL) THEN c6_period_start_lo WHEN (c9_period_end_lo IS NOT NULL) THEN TIMESTAMP '0001-01-01 00:00:00' END AS c12_v,
    CASE WHEN (c6_period_start_lo IS NOT NULL) THEN c7_period_start_hi WHEN (c9_period_end_lo IS NOT NULL) THEN c10_period_end_hi END AS c13_v,
    CASE WHEN (c6_period_start_lo IS NOT NULL) THEN coalesce(c8_period_start_prec, 6) END AS c14_v,
    CASE WHEN (c9_period_end_lo IS NOT NULL) THEN c9_period_end_lo WHEN (c6_period_start_lo IS NOT NULL) THEN TIMESTAMP '9999-12-31 23:59:59.999' END AS c15_v,
    CASE WHEN (c9_period_end_lo IS NOT NULL) THEN c10_period_end_hi WHEN (c6_period_start_lo IS NOT NULL) THEN TIMESTAMP '9999-12-31 23:59:59.999' END AS c16_v,
    coalesce(c11_period_end_prec, 6) AS c17_v,
    (c6_period_start_lo IS NULL) AS c18_v,
    ((c6_period_start_lo IS NOT NULL) OR (c9_period_end_lo IS NOT NULL)) AS c19_v FROM Visits_1
    INNER JOIN (SELECT rid AS c1_rid, pid AS c2_pid, negated AS c3_negated, type AS c4_type, status AS c5_status, period_start_lo AS c6_period_start_lo, period_start_hi AS c7_period_start_hi, period_start_prec AS c8_period_start_prec, period_end_lo AS c9_period_end_lo, period_end_hi AS c10_period_end_hi, period_end_prec AS c11_period_end_prec FROM encounter) ON (pid = c2_pid)
    WHERE (NOT c3_negated) AND coalesce(c4_type IN (SELECT list FROM concept_list WHERE concept IN (SELECT concept FROM value_set WHERE url IN ('urn:visits'))), false))
    WHERE coalesce(((c5_status = 'finished') AND (CASE WHEN (date_trunc('day', c12_v) = date_trunc('day', c13_v)) THEN (date_trunc('day', mp_low) <= date_trunc('day', c12_v)) WHEN (date_trunc('day', mp_low) < date_trunc('day', c12_v)) THEN true WHEN (date_trunc('day', mp_low) > date_trunc('day', c13_v)) THEN false END AND CASE WHEN (date_trunc('day', c15_v) = date_trunc('day', c16_v)) THEN (date_trunc('day', c15_v) <= date_trunc('day', mp_high)) WHEN (date_trunc('day', c16_v) < date_trunc('day', mp_high)) THEN true WHEN (date_trunc('day', c15_v) > date_trunc('day', mp_high)) THEN false END)), false));

-- Small.Initial Population, line 7
CREATE TEMP TABLE "Small.Initial Population" AS
WITH Initial_Population_1 AS (
  SELECT * FROM subject),
Initial_Population_2 AS MATERIALIZED (
  SELECT *, row_number() OVER () AS c23_row FROM Initial_Population_1
    INNER JOIN (SELECT pid AS c20_pid, period AS c21_period, x1 AS c22_x1 FROM "Small.Visits") ON ((pid = c20_pid) AND (period = c21_period)))
SELECT pid, period, (c26_agg IS NOT NULL) AS x1 FROM (SELECT * FROM Initial_Population_1
    LEFT JOIN (SELECT pid AS c24_key, period AS c25_key, true AS c26_agg FROM Initial_Population_2 GROUP BY pid, period) ON ((pid = c24_key) AND (period = c25_key)));
