package deid

import (
	"strconv"
)

// openYears are the years in which a shifted date may stand open: from low on and
// before high.
type openYears struct{ low, high int }

func (y *openYears) parse(r reporter, text string) {
	bounds := map[string]*int{"from": &y.low, "before": &y.high}
	eachLine(r, text, func(words []string) error {
		into := bounds[words[0]]
		if into == nil || len(words) != 2 {
			return badf(0, "bad-line", "from or before, then a year")
		}
		year, err := strconv.Atoi(words[1])
		if err != nil || year < 1900 || year > 9999 {
			return badf(1, "bad-year", "%q is no year", words[1])
		}
		*into = year
		return nil
	})
	if y.low <= 0 || y.high <= y.low {
		r.whole("bad-years", "two years must be said, from below before", "")
	}
}

// hold says whether a year is among them.
func (y *openYears) hold(year int) bool { return year >= y.low && year < y.high }
