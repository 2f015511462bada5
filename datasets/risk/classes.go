package risk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"farr/internal/duck"
)

// table is a relation of the session whose rows are judged.
type table struct {
	from      string   // SQL after FROM
	quasi     []string // columns
	sensitive string   // column; empty for none
	// pairs is the relation of the sensitive values, where they are not a column of from: a row for
	// each record and distinct value, with the same quasi-identifiers.
	pairs string
}

// Small is the class size below which a class counts as small, where nobody says otherwise.
const Small = 11

// lows are where the bands of class sizes begin.
var lows = []int64{1, 2, 3, 5, 11, 20, 50, 100}

// limits are the k whose share of records below is told, beside what a gate asks for.
var limits = []int64{2, 3, 5, 11, 20}

// size is how many classes have so many records.
type size struct{ records, classes int64 }

// measure makes the report of a table but for its longitudinal part.
func (t table) measure(ctx context.Context, db *duck.Session, also ...int64) (*Report, error) {
	sizes, err := t.sizes(ctx, db)
	if err != nil {
		return nil, err
	}
	r := count(sizes, also)
	r.Quasi = t.quasi
	if t.sensitive != "" && r.Records > 0 {
		if r.Diversity, err = t.diversity(ctx, db, r.Records); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// sizes is the histogram of class sizes, from small to large. Everything that is told of classes comes
// from it, so that only whole numbers leave the engine.
func (t table) sizes(ctx context.Context, db *duck.Session) ([]size, error) {
	names := quoted(t.quasi)
	rows, err := db.Query(ctx, "class sizes", fmt.Sprintf(
		"SELECT n, count(*) FROM (SELECT count(*) AS n FROM %s GROUP BY %s) GROUP BY n ORDER BY n", t.from, strings.Join(names, ", ")))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []size
	for rows.Next() {
		var s size
		if err := rows.Scan(&s.records, &s.classes); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// count turns the histogram into figures.
func count(sizes []size, also []int64) *Report {
	r := &Report{}
	if len(sizes) > 0 {
		r.Smallest, r.Largest = sizes[0].records, sizes[len(sizes)-1].records
	}
	for i, low := range lows {
		high := int64(0)
		if i+1 < len(lows) {
			high = lows[i+1] - 1
		}
		r.Sizes = append(r.Sizes, Band{Low: low, High: high})
	}
	ks := slices.Compact(slices.Sorted(slices.Values(slices.Concat(limits, also))))
	for _, k := range ks {
		r.Below = append(r.Below, Below{K: k})
	}
	for _, s := range sizes {
		n := s.records * s.classes
		r.Classes += s.classes
		r.Records += n
		if s.records == 1 {
			r.Uniques = s.classes
		}
		band := len(lows) - 1
		for lows[band] > s.records {
			band--
		}
		r.Sizes[band].Classes += s.classes
		r.Sizes[band].Records += n
		for i, k := range ks {
			if s.records < k {
				r.Below[i].Records += n
			}
		}
	}
	seen := int64(0)
	for _, s := range sizes {
		if seen += s.records * s.classes; 2*seen >= r.Records {
			r.Median = s.records
			break
		}
	}
	for i := range r.Below {
		r.Below[i].Share = part(r.Below[i].Records, r.Records)
	}
	r.Highest, r.Average, r.Unique = part(1, r.Smallest), part(r.Classes, r.Records), part(r.Uniques, r.Records)
	return r
}

// part is n of of, and nothing where there is nothing.
func part(n, of int64) Share {
	if of == 0 {
		return 0
	}
	return Share(float64(n) / float64(of))
}

// diversity judges the sensitive column. The terms of an entropy are added in order, since a sum in
// an order that threads decide would differ in its last digits from run to run.
func (t table) diversity(ctx context.Context, db *duck.Session, records int64) (*Diverse, error) {
	d := &Diverse{Sensitive: t.sensitive}
	from := t.from
	if t.pairs != "" {
		from = t.pairs
	}
	quasi := strings.Join(quoted(t.quasi), ", ")
	sql := fmt.Sprintf(`WITH cell AS (SELECT %[1]s, %[2]s AS s, count(*) AS c FROM %[3]s GROUP BY ALL),
class AS (SELECT %[1]s, sum(c) AS n, count(*) AS l, ln(sum(c)) - list_sum(list_sort(list(c * ln(c)))) / sum(c) AS h FROM cell GROUP BY %[1]s)
SELECT min(l), exp(greatest(min(h), 0)), count(*) FILTER (WHERE l = 1 AND n > 1), coalesce(sum(n) FILTER (WHERE l = 1 AND n > 1), 0)::BIGINT FROM class`,
		quasi, duck.QuoteName(t.sensitive), from)
	var entropy float64
	if err := db.QueryRow(ctx, "diversity", sql, &d.Distinct, &entropy, &d.Alike, &d.AlikeRows); err != nil {
		return nil, err
	}
	d.Entropy = Share(entropy)
	d.Share = part(d.AlikeRows, records)
	return d, nil
}

func quoted(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, duck.QuoteName(n))
	}
	return out
}
