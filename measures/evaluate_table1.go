package measures

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"farr/internal/stats"
	"farr/measures/internal/cohort"
)

var notANumber = math.NaN()

// describe describes the people of a cohort on their index dates, all of them and by each
// stratum: age and declared numbers by mean, standard deviation and quartiles of type 7,
// strata and declared rules by counts and shares, and for each how far groups are apart.
func (e *engine) describe(ctx context.Context, d Definition) ([]Description, error) {
	age, err := e.number(ctx, d, "age", "Age in years", "SELECT pid, index_date, years::DOUBLE AS value FROM run.cohort_subject")
	if err != nil {
		return nil, err
	}
	out := age
	for _, s := range described(d) {
		rows, err := e.levels(ctx, d, s.id, s.title, cohort.Column(s.id), "SELECT * FROM run.cohort_subject")
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	for i, c := range d.Characteristics {
		var rows []Description
		if c.Number {
			rows, err = e.number(ctx, d, c.ID, c.Title, "FROM "+characteristicTable(i))
		} else {
			rows, err = e.levels(ctx, d, c.ID, c.Title, "held", `SELECT s.*, CASE WHEN c.pid IS NULL THEN 'no' ELSE 'yes' END AS held
				FROM run.cohort_subject s LEFT JOIN `+characteristicTable(i)+` c ON c.pid = s.pid AND c.index_date = s.index_date`)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

// characteristicTable holds who has the cohort's characteristic of that number, or its value.
func characteristicTable(i int) string { return fmt.Sprintf("run.characteristic_%d", i) }

// characteristics computes the cohort's characteristics, once for all that ask for them.
func (e *engine) characteristics(ctx context.Context, d Definition) (drop func() error, err error) {
	var made []string
	for i, c := range d.Characteristics {
		want := []column{pidColumn, indexDateColumn}
		if c.Number {
			want = append(want, numberColumn)
		}
		made = append(made, characteristicTable(i))
		if err := e.table(ctx, d.ID+" "+c.ID, d.place(c.File), c.SQL, "CREATE OR REPLACE TABLE "+characteristicTable(i)+" AS FROM "+authored, want...); err != nil {
			return nil, err
		}
	}
	return func() error {
		for _, table := range made {
			if err := e.db.Exec(ctx, "drop characteristic", "DROP TABLE "+table); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// stratumTitle is a stratum with its title.
type stratumTitle struct{ id, title string }

// described are the strata that Table 1 has rows of: those that everybody has, and those
// that the cohort asks for.
func described(d Definition) []stratumTitle {
	list := []stratumTitle{{"sex", "Sex"}, {"age", "Age group"}, {"race", "Race"}, {"ethnicity", "Ethnicity"}, {"payer", "Payer"}, {"language", "Language"}}
	titles := map[string]string{"site": "Site", "zip3": "ZIP code, three digits", "state": "State", stratumTelehealth: "Virtual encounter in the year before"}
	for _, a := range d.Areas {
		titles[a.ID] = a.Title
	}
	for _, s := range d.Strata {
		if title, ok := titles[s]; ok {
			list = append(list, stratumTitle{s, title})
		}
	}
	return list
}

var numberColumn = column{"value", []string{"DOUBLE"}}

// groups are the GROUPING SETS of all people and of each stratum, with the columns that
// name the group that a row is of.
func groups(strata []string, more string) (columns, sets string) {
	all := []string{"(" + strings.TrimPrefix(more, ", ") + ")"}
	stratum, value := "", ""
	for _, s := range strata {
		column := "stratum_" + cohort.Column(s)
		all = append(all, "("+column+more+")")
		stratum += fmt.Sprintf(" WHEN grouping(%s) = 0 THEN '%s'", column, s)
		value += column + "::VARCHAR, "
	}
	if stratum != "" {
		stratum = "CASE" + stratum + " ELSE 'all' END"
	} else {
		stratum = "'all'"
	}
	return stratum + " AS stratum, coalesce(" + value + "'all') AS value", strings.Join(all, ", ")
}

// renamed are the strata under names of their own, since one may be described by another.
func renamed(strata []string) string {
	list := ""
	for _, s := range strata {
		list += fmt.Sprintf(", s.%s AS stratum_%[1]s", cohort.Column(s))
	}
	return list
}

// number describes a number, values being a SELECT of (pid, index_date, value). Sums of fractions
// depend on their order, which threads would change.
func (e *engine) number(ctx context.Context, d Definition, id, title, values string) ([]Description, error) {
	columns, sets := groups(d.Strata, "")
	rows, err := e.db.Query(ctx, d.ID+" "+id, `SELECT `+columns+`, count(*), `+personsIn(d, "pid")+`, count(*) - count(number), avg(number ORDER BY number), stddev_samp(number ORDER BY number),
			quantile_cont(number, 0.25), quantile_cont(number, 0.5), quantile_cont(number, 0.75)
		FROM (SELECT s.pid, v.value AS number`+renamed(d.Strata)+` FROM run.cohort_subject s LEFT JOIN (`+values+`) v ON v.pid = s.pid AND v.index_date = s.index_date)
		GROUP BY GROUPING SETS (`+sets+`) ORDER BY 1, 2`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Description
	for rows.Next() {
		r := Description{Cohort: d.ID, Characteristic: id, Title: title, Share: notANumber, SMD: notANumber}
		var mean, sd, q1, median, q3 *float64
		if err := rows.Scan(&r.Stratum, &r.Value, &r.People, &r.Persons, &r.Missing, &mean, &sd, &q1, &median, &q3); err != nil {
			return nil, err
		}
		r.Mean, r.SD, r.Q1, r.Median, r.Q3 = orNaN(mean), orNaN(sd), orNaN(q1), orNaN(median), orNaN(q3)
		out = append(out, r)
	}
	apart(out, func(a, b []Description) (float64, error) {
		if math.IsNaN(a[0].SD) || math.IsNaN(b[0].SD) {
			return notANumber, stats.FewPoints
		}
		return stats.SMD(a[0].Mean, a[0].SD, b[0].Mean, b[0].SD)
	})
	return out, rows.Err()
}

func orNaN(v *float64) float64 {
	if v == nil {
		return notANumber
	}
	return *v
}

// levels describes a category, people being a SELECT with the column that holds it. Every
// group has a row of every level that somebody has.
func (e *engine) levels(ctx context.Context, d Definition, id, title, level, people string) ([]Description, error) {
	columns, sets := groups(d.Strata, ", level")
	rows, err := e.db.Query(ctx, d.ID+" "+id, `SELECT `+columns+`, level::VARCHAR, count(*), `+personsIn(d, "pid")+`
		FROM (SELECT s.pid, s.`+level+` AS level`+renamed(d.Strata)+` FROM (`+people+`) s)
		GROUP BY GROUPING SETS (`+sets+`) ORDER BY 1, 2, 3`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	type group struct{ stratum, value string }
	var order []group
	type levelCount struct{ people, persons int64 }
	counts, names := map[group]map[string]levelCount{}, map[string]bool{}
	for rows.Next() {
		var g group
		var name string
		var n levelCount
		if err := rows.Scan(&g.stratum, &g.value, &name, &n.people, &n.persons); err != nil {
			return nil, err
		}
		if counts[g] == nil {
			order, counts[g] = append(order, g), map[string]levelCount{}
		}
		counts[g][name] = n
		names[name] = true
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	var out []Description
	for _, g := range order {
		var total int64
		for _, n := range counts[g] {
			total += n.people
		}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			n := counts[g][name]
			out = append(out, Description{Cohort: d.ID, Stratum: g.stratum, Value: g.value, Characteristic: id, Title: title, Level: name, People: n.people, Persons: n.persons,
				Share: float64(n.people) / float64(total), Mean: notANumber, SD: notANumber, Q1: notANumber, Median: notANumber, Q3: notANumber, SMD: notANumber})
		}
	}
	apart(out, func(a, b []Description) (float64, error) { return stats.SMDShares(people1(a), people1(b)) })
	return out, nil
}

func people1(rows []Description) []int64 {
	var out []int64
	for _, r := range rows {
		out = append(out, r.People)
	}
	return out
}

// apart writes into the rows of each stratum the greatest standardised difference between
// two of its groups, without sign; NaN where there is one group or none can be calculated.
func apart(rows []Description, between func(a, b []Description) (float64, error)) {
	for i := 0; i < len(rows); {
		j := i
		var starts []int
		for j < len(rows) && rows[j].Stratum == rows[i].Stratum {
			if j == i || rows[j].Value != rows[j-1].Value {
				starts = append(starts, j)
			}
			j++
		}
		starts = append(starts, j)
		greatest := notANumber
		for a := 0; a+1 < len(starts); a++ {
			for b := a + 1; b+1 < len(starts); b++ {
				d, err := between(rows[starts[a]:starts[a+1]], rows[starts[b]:starts[b+1]])
				if d = math.Abs(d); err == nil && !(d <= greatest) {
					greatest = d
				}
			}
		}
		for k := i; k < j; k++ {
			rows[k].SMD = greatest
		}
		i = j
	}
}
