package deid

import (
	"fmt"
	"strconv"
	"strings"
)

// openYears are the years in which a shifted date may stand open: from low on and
// before high.
type openYears struct{ low, high int }

func parseOpenYears(text string) (*openYears, error) {
	years := &openYears{}
	bounds := map[string]*int{"from": &years.low, "before": &years.high}
	for number, line := range lines(text) {
		word, year, _ := strings.Cut(line, " ")
		into := bounds[word]
		if into == nil {
			return nil, fmt.Errorf("line %d: from or before, then a year", number)
		}
		var err error
		if *into, err = strconv.Atoi(strings.TrimSpace(year)); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if years.low <= 0 || years.high <= years.low {
		return nil, fmt.Errorf("two years must be said, from below before")
	}
	return years, nil
}

// hold says whether a year is among them.
func (y *openYears) hold(year int) bool { return year >= y.low && year < y.high }
