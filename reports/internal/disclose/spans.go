package disclose

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"farr/reports/internal/disclose/attack"
)

// spanForm is the key of a count over days that adds up over them: everybody of a measure's period, the cases of a cohort's,
// the events and those lost of a curve's.
var spanForm = regexp.MustCompile(`^(|cases |curve .+\|days )(-?[0-9-]+)\.\.([0-9-]+)((?:\|all\|all)?\|(?:numerator|denominator|events|left)(?: of [0-9a-f]+)?)$`)

// daySpan is such a cell.
type daySpan struct {
	cell      int
	low, high int64
}

// relateSpans writes down that longer spans hold shorter ones, also those of another release: of two
// releases of one extract the one may have months, and the other quarters. additive says whether periods of a measure add up.
func relateSpans(s *attack.System, additive bool) {
	of := map[string][]daySpan{}
	var order []string
	for i, c := range s.Cells {
		m := spanForm.FindStringSubmatch(c.Key)
		if m == nil || m[1] == "" && !additive {
			continue
		}
		low, okLow := dayNumber(m[2])
		high, okHigh := dayNumber(m[3])
		if !okLow || !okHigh {
			continue
		}
		kind := m[1] + m[4]
		if of[kind] == nil {
			order = append(order, kind)
		}
		of[kind] = append(of[kind], daySpan{i, low, high})
	}
	for _, kind := range order {
		spans := of[kind]
		slices.SortFunc(spans, func(a, b daySpan) int {
			return cmp.Or(cmp.Compare(a.high-a.low, b.high-b.low), cmp.Compare(a.low, b.low))
		})
		for _, whole := range spans {
			relateSpan(s, whole, spans)
		}
	}
}

// relateSpan says that the shortest spans in whole that are apart add up to it, or leave a rest.
func relateSpan(s *attack.System, whole daySpan, spans []daySpan) {
	var parts []daySpan
	days := whole.high - whole.low
	left := s.Cells[whole.cell].Value
	for _, b := range spans {
		apart := !slices.ContainsFunc(parts, func(a daySpan) bool { return b.low < a.high && a.low < b.high })
		if b.cell != whole.cell && b.low >= whole.low && b.high <= whole.high && apart {
			parts = append(parts, b)
			days -= b.high - b.low
			left -= s.Cells[b.cell].Value
		}
	}
	if len(parts) == 0 || left < 0 || days == 0 && left > 0 {
		return
	}
	h := sha256.New()
	var cells []int
	for _, b := range parts {
		fmt.Fprintln(h, s.Cells[b.cell].Key)
		cells = append(cells, b.cell)
	}
	if days > 0 {
		cells = append(cells, len(s.Cells))
		s.Cells = append(s.Cells, attack.Cell{Key: fmt.Sprintf("%s|without %.8x", s.Cells[whole.cell].Key, h.Sum(nil)), Value: left, State: attack.Unprinted})
	}
	s.Relations = append(s.Relations, attack.Sum(whole.cell, cells...))
}

// dayNumber reads a date, or a number of days.
func dayNumber(text string) (int64, bool) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t.Unix() / 86_400, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}
