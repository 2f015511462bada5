package attack

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"

	"farr/datasets"
	"farr/datasets/fhir"
	"farr/internal/duck"
)

// What an open date is good for, as bits.
const (
	timed   = 1 << iota // has a time of day
	visit               // the start of a visit
	event               // lies on or before the newest day of the data
	against             // a dose against influenza
)

// person is what stands open of one person. Days count from 1970-01-01, as stored.
type person struct {
	who     uint64  // hash of the pid
	days    []int32 // every open day, sorted, each once
	visits  []int32 // days of visits, sorted, each once
	doses   []dose  // doses of products with a launch day
	flu     []int32 // days of doses against influenza
	moments []int64 // wall times with a time of day, milliseconds, sorted, each once
	newest  int32   // newest open event, or never
}

type dose struct{ day, launch int32 }

const never = -1 << 31

const dayMs = 86_400_000

// slices of pseudonyms are read one after another, so that memory holds the dates of one slice.
const datesPerSlice = 4_000_000

// evidence reads the open dates of a snapshot and gives them person by person.
func evidence(ctx context.Context, sn *datasets.Snapshot, yield func(*person) error) error {
	if err := sn.Check(ctx); err != nil {
		return err
	}
	db, err := duck.Open(ctx, duck.Config{AllowedDirs: []string{sn.Store().ObjectsDir()}})
	if err != nil {
		return err
	}
	defer db.Close()
	sources, dates, err := openDates(sn)
	if err != nil {
		return err
	}
	if len(sources) == 0 {
		return nil
	}
	vaccines := "SELECT NULL::BIGINT AS concept, NULL::INTEGER AS launch, NULL::BOOLEAN AS flu WHERE false"
	if t, found := sn.Table("concept"); found {
		vaccines = fmt.Sprintf(`SELECT concept, max(epoch_ms(launch) // %d)::INTEGER AS launch, bool_or(flu) AS flu
FROM (%s) c JOIN (%s) v ON ltrim(c.code, '0') = v.code AND c.system = 'http://hl7.org/fhir/sid/cvx' GROUP BY concept`,
			dayMs, sn.Scan(t.Name, 0, buckets-1), vaccinesSQL())
	}
	if err := db.Exec(ctx, "vaccines", "CREATE TABLE vaccine AS "+vaccines); err != nil {
		return err
	}
	count := 1
	for count < buckets && dates/int64(count) > datesPerSlice {
		count *= 2
	}
	for i := range count {
		if err := readSlice(ctx, db, sources, i*buckets/count, (i+1)*buckets/count, yield); err != nil {
			return err
		}
	}
	return nil
}

// buckets of an extract are by the first six bits of the pid.
const buckets = 64

// source is one open date element of a table.
type source struct {
	table  datasets.Table
	scan   func(low, high int) string // SQL of the rows of buckets
	column string
	flags  string // SQL
	launch string // SQL
	from   string // what is joined
}

// openDates lists the date elements that may stand open, and counts the rows that hold them.
func openDates(sn *datasets.Snapshot) (sources []source, dates int64, err error) {
	catalogue, err := datasets.Catalogue()
	if err != nil {
		return nil, 0, err
	}
	for _, t := range sn.Manifest().Tables {
		if !t.Has("pid") || len(t.Objects) == 0 {
			continue
		}
		at := slices.IndexFunc(catalogue, func(r datasets.ResourceTables) bool { return r.Table == t.Name })
		for _, c := range t.Columns {
			if c.Type != datasets.Timestamp || !t.Has(c.Name+"_prec") {
				continue
			}
			x := duck.QuoteName(c.Name)
			s := source{table: t, scan: func(low, high int) string { return sn.Scan(t.Name, low, high) }, column: c.Name, launch: "0",
				flags: fmt.Sprintf("CASE WHEN %s > %d THEN %d ELSE 0 END", duck.QuoteName(c.Name+"_prec"), fhir.Day, timed)}
			if t.Name == "encounter" && c.Name == "period_start" {
				s.flags += fmt.Sprintf(" + %d", visit)
			}
			if at >= 0 {
				if bounded := boundedSQL(catalogue[at], t, c.Name); bounded != "" {
					s.flags += fmt.Sprintf(" + CASE WHEN %s THEN %d ELSE 0 END", bounded, event)
				}
			}
			if t.Name == "immunization" && c.Name == "occurrence_start" && t.Has("vaccine_code") && t.Has("status") {
				s.from = " LEFT JOIN vaccine ON vaccine.concept = vaccine_code AND status = 'completed'"
				s.flags += fmt.Sprintf(" + CASE WHEN flu THEN %d ELSE 0 END", against)
				s.launch = "coalesce(launch, 0)"
			}
			s.from += " WHERE " + x + " IS NOT NULL"
			sources, dates = append(sources, s), dates+t.Rows()
		}
	}
	return sources, dates, nil
}

// boundedSQL says which rows' dates of a column lie on or before the newest day of the data, as the
// extractor finds it: of clinical resources that are not void, the first date of the table's order.
func boundedSQL(r datasets.ResourceTables, t datasets.Table, column string) string {
	at := slices.Index(r.Order, column)
	if !r.Clinical || at < 0 {
		return ""
	}
	terms := []string{"true"}
	for _, earlier := range r.Order[:at] {
		terms = append(terms, duck.QuoteName(earlier)+" IS NULL")
	}
	if t.Has("negated") {
		terms = append(terms, "NOT coalesce(negated, false)")
	}
	if len(r.Void) > 0 && t.Has("status") {
		var codes []string
		for _, code := range r.Void {
			codes = append(codes, duck.Quote(code))
		}
		terms = append(terms, "coalesce(status NOT IN ("+strings.Join(codes, ", ")+"), true)")
	}
	return strings.Join(terms, " AND ")
}

// readSlice gives the persons of the buckets from low to before high.
func readSlice(ctx context.Context, db *duck.Session, sources []source, low, high int, yield func(*person) error) error {
	var parts []string
	for _, s := range sources {
		where := ""
		if low > 0 {
			where += fmt.Sprintf(" AND pid >= UUID '%02x000000-0000-0000-0000-000000000000'", low*256/buckets)
		}
		if high < buckets {
			where += fmt.Sprintf(" AND pid < UUID '%02x000000-0000-0000-0000-000000000000'", high*256/buckets)
		}
		parts = append(parts, fmt.Sprintf("SELECT hash(pid) AS who, epoch_ms(%s) AS wall, (%s)::INTEGER AS flags, %s AS launch FROM (%s)%s%s",
			duck.QuoteName(s.column), s.flags, s.launch, s.scan(low, high-1), s.from, where))
	}
	if len(parts) == 0 {
		return nil
	}
	rows, err := db.QueryArrow(ctx, "open dates", "SELECT who::BIGINT AS who, wall::BIGINT AS wall, flags, launch::INTEGER AS launch FROM (SELECT (who >> 1) AS who, wall, flags, launch FROM ("+strings.Join(parts, " UNION ALL ")+")) ORDER BY who")
	if err != nil {
		return err
	}
	defer rows.Release()
	p := &person{newest: never}
	begun := false
	for rows.Next() {
		batch := rows.RecordBatch()
		who, wall := batch.Column(0).(*array.Int64), batch.Column(1).(*array.Int64)
		flags, launch := batch.Column(2).(*array.Int32), batch.Column(3).(*array.Int32)
		for i := range int(batch.NumRows()) {
			if id := uint64(who.Value(i)); !begun || id != p.who {
				if begun {
					if err := p.give(yield); err != nil {
						return err
					}
				}
				p.reset(id)
				begun = true
			}
			p.add(wall.Value(i), flags.Value(i), launch.Value(i))
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if begun {
		return p.give(yield)
	}
	return nil
}

func (p *person) reset(who uint64) {
	*p = person{who: who, newest: never, days: p.days[:0], visits: p.visits[:0], doses: p.doses[:0], flu: p.flu[:0], moments: p.moments[:0]}
}

func (p *person) add(wall int64, flags, launch int32) {
	day := int32(floorDiv(wall, dayMs))
	p.days = append(p.days, day)
	if flags&timed != 0 {
		p.moments = append(p.moments, wall)
	}
	if flags&visit != 0 {
		p.visits = append(p.visits, day)
	}
	if flags&event != 0 {
		p.newest = max(p.newest, day)
	}
	if flags&against != 0 {
		p.flu = append(p.flu, day)
	}
	if launch != 0 {
		p.doses = append(p.doses, dose{day, launch})
	}
}

func (p *person) give(yield func(*person) error) error {
	p.days, p.visits, p.flu = distinct(p.days), distinct(p.visits), distinct(p.flu)
	p.moments = distinct(p.moments)
	return yield(p)
}

// clone is a copy that outlives the next person.
func (p *person) clone() *person {
	c := *p
	c.days, c.visits, c.doses = slices.Clone(p.days), slices.Clone(p.visits), slices.Clone(p.doses)
	c.flu, c.moments = slices.Clone(p.flu), slices.Clone(p.moments)
	return &c
}

func distinct[T cmp.Ordered](values []T) []T {
	slices.Sort(values)
	return slices.Compact(values)
}

func floorDiv[T int32 | int64](a, b T) T {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
