package measures

import (
	"context"
	"fmt"
	"slices"
)

// A cohort of every event counts entries, of which a person may have several. Who may see a number
// depends on the persons behind it, so they are counted beside the entries. In other cohorts each
// entry is of another person, and nothing is counted twice.

// recurs says whether a person may have several entries.
func (d Definition) recurs() bool { return d.Occurrence == occurrenceEvery }

// personsIn counts, in SQL, the persons of entries.
func personsIn(d Definition, pid string) string {
	if d.recurs() {
		return "count(DISTINCT " + pid + ")"
	}
	return "count(*)"
}

// mostEntries is, in SQL, how many entries that pass the rules of the mask one person has at the most.
func mostEntries(d Definition, mask int64) string {
	if d.recurs() {
		return fmt.Sprintf("(SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM run.member WHERE rules_passed & %[1]d = %[1]d GROUP BY pid))", mask)
	}
	return "least(1, count(*))"
}

// followedPersons adds to the strata of an outcome the persons behind their counts.
func (e *engine) followedPersons(ctx context.Context, d Definition, o Rule, strata []followedStratum) error {
	if !d.recurs() {
		for i := range strata {
			s := &strata[i]
			s.Persons, s.EventPersons, s.FreePersons, s.OutsidePersons = s.AtRisk, s.Events, s.AtRisk-s.Events, s.WashedOut+s.NoTime
		}
		return nil
	}
	columns, sets := groups(d.Strata, "")
	of := func(where string) string { return ", count(DISTINCT pid) FILTER (" + where + ")" }
	rows, err := e.db.Query(ctx, d.ID+" "+o.ID+" persons", `SELECT `+columns+of("followed")+of("followed AND happened")+of("followed AND NOT happened")+of("NOT followed")+`
		FROM (SELECT f.pid, f.state NOT IN ('washed out', 'no time') AS followed, f.happened`+renamed(d.Strata)+`
			FROM run.followed f JOIN run.cohort_subject s ON s.pid = f.pid AND s.index_date = f.index_date)
		GROUP BY GROUPING SETS (`+sets+`)`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name, value string
		var n [4]int64
		if err := rows.Scan(&name, &value, &n[0], &n[1], &n[2], &n[3]); err != nil {
			return err
		}
		i := slices.IndexFunc(strata, func(s followedStratum) bool { return s.Stratum == name && s.Value == value })
		if i < 0 {
			continue // of nobody
		}
		s := &strata[i]
		s.Persons, s.EventPersons, s.FreePersons, s.OutsidePersons = n[0], n[1], n[2], n[3]
	}
	return rows.Err()
}

// personsWithCase counts for all periods and strata the persons with a case. Who had several, at
// several ages, is one; in each age band of the stratum age, too.
func (e *engine) personsWithCase(ctx context.Context, d Definition, had map[cellKey]int64) error {
	if !d.recurs() {
		return nil
	}
	count := func(cut string, keep func(stratum string) bool) error {
		cells := map[cellKey]cellsOf{}
		err := e.count(ctx, d, "persons with a case", `(SELECT m.pid, m.index_date, `+cut+` AS cut FROM run.member m JOIN run.trait t USING (pid)
			WHERE rules_passed = `+fmt.Sprint(passesAll(len(d.Rules)-1))+` AND `+caseAtRisk+`) x JOIN measure.period p ON x.index_date >= p.low AND x.index_date < p.high`,
			"count(DISTINCT x.pid)", cells, func(c *cell, n int64) { c.cases += n })
		for k, c := range cells {
			for _, n := range c {
				if keep(k.stratum) {
					had[k] += n.cases
				}
			}
		}
		return err
	}
	if err := count("0", func(stratum string) bool { return stratum != "age" }); err != nil || !slices.Contains(d.Strata, "age") {
		return err
	}
	const years = "run.known_age(t.birth_date, m.index_date)"
	band := "CASE WHEN " + years + " IS NULL THEN " + fmt.Sprint(unknownAge)
	for _, cut := range slices.Backward(bandCuts) {
		band += fmt.Sprintf(" WHEN %s >= %d THEN %[2]d", years, cut)
	}
	return count(band+fmt.Sprintf(" ELSE %d END", unknownAge), func(stratum string) bool { return stratum == "age" })
}

// bandCuts are the ages at which the bands of the stratum age begin.
var bandCuts = []int{0, 18, 45, 65, 75, 85}
