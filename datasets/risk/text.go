package risk

import (
	"fmt"
	"io"
	"strings"
)

// WriteText writes a report for a person.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("quasi-identifiers: %s", strings.Join(r.Quasi, ", "))
	line("%d records in %d classes; k = %d, %d for the middle record, %d in the largest class", r.Records, r.Classes, r.Smallest, r.Median, r.Largest)
	line("prosecutor risk: highest %.4g, average %.6g", float64(r.Highest), float64(r.Average))
	line("unique: %d records, %s", r.Uniques, percent(r.Unique))
	for _, s := range r.Below {
		line("  in classes smaller than %d: %d records, %s", s.K, s.Records, percent(s.Share))
	}
	line("class sizes:")
	for _, s := range r.Sizes {
		line("  %-9s %10d classes %12d records", s.Name(), s.Classes, s.Records)
	}
	if d := r.Diversity; d != nil {
		line("l-diversity of %s: distinct %d, entropy %.4g; classes of two records or more that are all alike: %d, with %s of the records",
			d.Sensitive, d.Distinct, float64(d.Entropy), d.Alike, percent(d.Share))
	}
	if t := r.Traces; t != nil {
		line("(code, year) pairs: %d in the data, %d of the middle person; %s", t.Pairs, t.Median, t.Of())
		for _, p := range t.Points {
			line("  unique on some %d pairs: %s; on %d drawn at random: %s (%d persons have %d or more)",
				p.Pairs, percent(p.Any), p.Pairs, percent(p.Drawn), p.Enough, p.Pairs)
		}
	}
	if len(r.Attacks) > 0 {
		line("attacks on the date shift: candidates of 365 that remain for a patient (see datasets/attack)")
	}
	for _, a := range r.Attacks {
		line("  %-12s least %3d, median %3d; %s of %d patients told, %s with at most 30 left", a.Name, a.Least, a.Median, percent(a.Identified), a.Patients, percent(a.Few))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary is a report in a line.
func (r *Report) Summary() string {
	below, _ := r.ShareBelow(Small)
	return fmt.Sprintf("k = %d; %s of %d records in classes smaller than %d, %s unique; prosecutor risk %.4g on average",
		r.Smallest, percent(below), r.Records, Small, percent(r.Unique), float64(r.Average))
}

// Name is the range of sizes: 5 to 10.
func (b Band) Name() string {
	switch {
	case b.High == 0:
		return fmt.Sprintf("%d or more", b.Low)
	case b.High == b.Low:
		return fmt.Sprint(b.Low)
	default:
		return fmt.Sprintf("%d to %d", b.Low, b.High)
	}
}

// Of says of which persons the shares are.
func (t *Traces) Of() string {
	if t.Sampled == t.Persons {
		return fmt.Sprintf("of all %d persons", t.Persons)
	}
	return fmt.Sprintf("of %d of %d persons, drawn with seed %d", t.Sampled, t.Persons, t.Seed)
}

func percent(s Share) string { return fmt.Sprintf("%.2f %%", 100*float64(s)) }
