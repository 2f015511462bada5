-- Small.Visits, line 3
CREATE TEMP TABLE "Small.Visits" AS
SELECT subject_no, c1_rid AS x1 FROM (SELECT subject_no, c1_rid FROM subject
    INNER JOIN (SELECT rid AS c1_rid, person_no AS c2_person_no, negated AS c3_negated, status AS c5_status, d_a11677c5d5ba54bd AS c6_d, d_e49df2cd3dddf1e4 AS c7_d, d_e7ac7b07186e2c1b AS c9_d, d_9e9038553eb29d82 AS c10_d, in_46feb6753e1c341c AS c1_in_46feb6753e1c341c FROM encounter) ON (person_no = c2_person_no)
    WHERE (NOT c3_negated) AND coalesce(c1_in_46feb6753e1c341c, false) AND coalesce(((c5_status = 'finished') AND (CASE WHEN (date_trunc('day', c6_d) = date_trunc('day', c7_d)) THEN (date_trunc('day', mp_low) <= date_trunc('day', c6_d)) WHEN (date_trunc('day', mp_low) < date_trunc('day', c6_d)) THEN true WHEN (date_trunc('day', mp_low) > date_trunc('day', c7_d)) THEN false END AND CASE WHEN (date_trunc('day', c9_d) = date_trunc('day', c10_d)) THEN (date_trunc('day', c9_d) <= date_trunc('day', mp_high)) WHEN (date_trunc('day', c10_d) < date_trunc('day', mp_high)) THEN true WHEN (date_trunc('day', c9_d) > date_trunc('day', mp_high)) THEN false END)), false));

-- Small.Initial Population, line 7
CREATE TEMP TABLE "Small.Initial Population" AS
WITH Initial_Population_2 AS (
  SELECT subject_no FROM subject
    INNER JOIN (SELECT subject_no AS c1_subject_no FROM "Small.Visits") ON (subject_no = c1_subject_no))
SELECT subject_no, true AS x1 FROM (SELECT subject_no FROM subject
    WHERE EXISTS (SELECT 1 FROM (SELECT subject_no AS c4_key FROM Initial_Population_2) WHERE (subject_no = c4_key)));
