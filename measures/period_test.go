package measures

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePeriods(t *testing.T) {
	for list, want := range map[string]string{
		"2019":             "2019 disjoint 2019-01-01 2020-01-01",
		"2019-Q4":          "2019-Q4 disjoint 2019-10-01 2020-01-01",
		"2024-02":          "2024-02 disjoint 2024-02-01 2024-03-01",
		"2024-11..2025-01": "2024-11 disjoint 2024-11-01 2024-12-01\n2024-12 disjoint 2024-12-01 2025-01-01\n2025-01 disjoint 2025-01-01 2025-02-01",
		"2023..2024":       "2023 disjoint 2023-01-01 2024-01-01\n2024 disjoint 2024-01-01 2025-01-01",
		"P12M/2024-01":     "P12M/2024-01 rolling 2023-02-01 2024-02-01",
		"P12M/2024-12..2025-01, 2024-03": "2024-03 disjoint 2024-03-01 2024-04-01\n" +
			"P12M/2024-12 rolling 2024-01-01 2025-01-01\nP12M/2025-01 rolling 2024-02-01 2025-02-01",
		"2019-Q1,2019, 2019-01..2019-02,2019-02": "2019-01 disjoint 2019-01-01 2019-02-01\n2019-Q1 disjoint 2019-01-01 2019-04-01\n" +
			"2019 disjoint 2019-01-01 2020-01-01\n2019-02 disjoint 2019-02-01 2019-03-01",
	} {
		periods, err := ParsePeriods(list)
		if err != nil {
			t.Errorf("%s: %v", list, err)
			continue
		}
		var got []string
		for _, p := range periods {
			got = append(got, fmt.Sprint(p.ID, " ", p.Family, " ", p.Low.Format("2006-01-02"), " ", p.High.Format("2006-01-02")))
		}
		if diff := cmp.Diff(want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", list, diff)
		}
	}
}

func TestParsePeriodsErrors(t *testing.T) {
	const form = "write a year (2019), a quarter (2019-Q1), a month (2019-03), a range of these (2024-01..2025-12) or a rolling window (P12M/2024-01)"
	for list, want := range map[string]string{
		"":                   `period 1, "": nothing between the commas`,
		"2019,":              `period 2, "": nothing between the commas`,
		"2019-13,19,2019-Q5": "period 1, \"2019-13\": month 13 is not 01 to 12\nperiod 2, \"19\": " + form + "\nperiod 3, \"2019-Q5\": quarter Q5 is not Q1 to Q4",
		"0019":               `period 1, "0019": year 19 is not 1900 to 2199`,
		"2024-02..2024-01":   `period 1, "2024-02..2024-01": the range ends before it begins`,
		"2024-02..2025":      `period 1, "2024-02..2025": a range goes between two of a kind, not from a month to a year`,
		"P12M/2024":          `period 1, "P12M/2024": a rolling window ends with a month such as 2024-01, not with a year`,
		"P1M/2024-01":        `period 1, "P1M/2024-01": a rolling window has 2 to 120 months`,
		"1900-01..2199-12":   `3600 periods are too many: at most 1000`,
		"2019-1":             `period 1, "2019-1": ` + form,
	} {
		_, err := ParsePeriods(list)
		if err == nil {
			t.Errorf("%q was read", list)
		} else if diff := cmp.Diff(want, err.Error()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", list, diff)
		}
	}
}
