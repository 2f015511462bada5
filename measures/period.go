package measures

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Families of periods. Disjoint periods of one length never share a day, so
// control charts may use them; rolling windows share most of their days and get
// intervals only.
const (
	FamilyDisjoint = "disjoint"
	FamilyRolling  = "rolling"
)

// Period is a measurement period: the half-open range of local calendar days
// [Low, High), each the UTC midnight that stands for the day. Both ends are the
// first day of a month.
type Period struct {
	ID     string // 2019, 2019-Q1, 2019-03 or P12M/2024-01
	Family string
	Low    time.Time
	High   time.Time
}

// Bounds on what a list of periods may ask for. Years outside are typing errors;
// the number keeps a wrong range from becoming a run of days.
const (
	firstYear  = 1900
	lastYear   = 2199
	maxPeriods = 1000
	maxMonths  = 120
)

// ParsePeriods reads a comma list of periods: calendar years (2019), quarters
// (2019-Q1), months (2019-03), ranges of any of these (2024-01..2025-12), and
// rolling windows of n months that end with each month named
// (P12M/2024-01..2025-12). The result is in the order of family, low and high,
// each period once. Every mistake is in the error, one a line.
func ParsePeriods(list string) ([]Period, error) {
	var periods []Period
	var mistakes []error
	for i, item := range strings.Split(list, ",") {
		item = strings.TrimSpace(item)
		found, err := parsePeriodItem(item)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("period %d, %q: %w", i+1, item, err))
			continue
		}
		periods = append(periods, found...)
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	slices.SortFunc(periods, func(a, b Period) int {
		return cmp.Or(cmp.Compare(a.Family, b.Family), a.Low.Compare(b.Low), a.High.Compare(b.High))
	})
	periods = slices.Compact(periods)
	if len(periods) > maxPeriods {
		return nil, fmt.Errorf("%d periods are too many: at most %d", len(periods), maxPeriods)
	}
	return periods, nil
}

var rolling = regexp.MustCompile(`^P([0-9]{1,3})M/(.*)$`)

func parsePeriodItem(item string) ([]Period, error) {
	if item == "" {
		return nil, errors.New("nothing between the commas")
	}
	months, span := 0, item
	if m := rolling.FindStringSubmatch(item); m != nil {
		months, _ = strconv.Atoi(m[1])
		span = m[2]
		if months < 2 || months > maxMonths {
			return nil, fmt.Errorf("a rolling window has 2 to %d months", maxMonths)
		}
	}
	from, to, isRange := strings.Cut(span, "..")
	first, err := parseUnit(from)
	if err != nil {
		return nil, err
	}
	last := first
	if isRange {
		if last, err = parseUnit(to); err != nil {
			return nil, err
		}
	}
	switch {
	case first.months != last.months:
		return nil, fmt.Errorf("a range goes between two of a kind, not from a %s to a %s", first.name(), last.name())
	case last.low.Before(first.low):
		return nil, errors.New("the range ends before it begins")
	case months > 0 && first.months != 1:
		return nil, fmt.Errorf("a rolling window ends with a month such as 2024-01, not with a %s", first.name())
	}
	var periods []Period
	for u := first; !u.low.After(last.low); u = u.next() {
		p := Period{ID: u.id(), Family: FamilyDisjoint, Low: u.low, High: u.next().low}
		if months > 0 {
			p.ID = fmt.Sprintf("P%dM/%s", months, u.id())
			p.Family = FamilyRolling
			p.Low = p.High.AddDate(0, -months, 0)
		}
		periods = append(periods, p)
	}
	return periods, nil
}

// unit is a calendar year, quarter or month.
type unit struct {
	low    time.Time
	months int // 12, 3 or 1
}

var unitForm = regexp.MustCompile(`^([0-9]{4})(?:-(?:Q([0-9])|([0-9]{2})))?$`)

func parseUnit(s string) (unit, error) {
	m := unitForm.FindStringSubmatch(s)
	if m == nil {
		return unit{}, errors.New("write a year (2019), a quarter (2019-Q1), a month (2019-03), a range of these (2024-01..2025-12) or a rolling window (P12M/2024-01)")
	}
	year, _ := strconv.Atoi(m[1])
	if year < firstYear || year > lastYear {
		return unit{}, fmt.Errorf("year %d is not %d to %d", year, firstYear, lastYear)
	}
	u, month := unit{months: 12}, 1
	switch {
	case m[2] != "":
		q, _ := strconv.Atoi(m[2])
		if q < 1 || q > 4 {
			return unit{}, fmt.Errorf("quarter Q%d is not Q1 to Q4", q)
		}
		u.months, month = 3, 3*q-2
	case m[3] != "":
		month, _ = strconv.Atoi(m[3])
		if month < 1 || month > 12 {
			return unit{}, fmt.Errorf("month %s is not 01 to 12", m[3])
		}
		u.months = 1
	}
	u.low = time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC)
	return u, nil
}

func (u unit) next() unit { return unit{u.low.AddDate(0, u.months, 0), u.months} }

func (u unit) id() string {
	switch u.months {
	case 12:
		return u.low.Format("2006")
	case 3:
		return fmt.Sprintf("%d-Q%d", u.low.Year(), (int(u.low.Month())+2)/3)
	default:
		return u.low.Format("2006-01")
	}
}

func (u unit) name() string {
	return map[int]string{12: "year", 3: "quarter", 1: "month"}[u.months]
}
