package risk

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// Share is a part of a whole, or a probability, 0 to 1. It reads itself from a JSON number or text,
// because a manifest holds fractions as text.
type Share float64

// UnmarshalJSON implements json.Unmarshaler.
func (s *Share) UnmarshalJSON(text []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(text), `"`), 64)
	*s = Share(f)
	return err
}

// Report is the residual risk of one table of persons, or of rows.
type Report struct {
	Profile   string   `json:"profile,omitempty"` // of the extract; empty for a file
	Quasi     []string `json:"quasi_identifiers"`
	Records   int64    `json:"records"`  // rows; persons, for a snapshot
	Classes   int64    `json:"classes"`  // distinct values of the quasi-identifiers
	Smallest  int64    `json:"smallest"` // size of the smallest class: k
	Median    int64    `json:"median"`   // class size of the middle record, when records stand in order of class size
	Largest   int64    `json:"largest"`
	Sizes     []Band   `json:"sizes"` // every class in one band, from small to large
	Below     []Below  `json:"below"`
	Uniques   int64    `json:"uniques"`      // classes of one record
	Highest   Share    `json:"highest"`      // prosecutor risk of the record most at risk: 1/Smallest
	Average   Share    `json:"average"`      // prosecutor risk, mean over records; marketer risk of a whole population
	Unique    Share    `json:"unique_share"` // Uniques/Records
	Diversity *Diverse `json:"diversity,omitempty"`
	Traces    *Traces  `json:"longitudinal,omitempty"`
	Attacks   []Attack `json:"attacks,omitempty"` // on the date shift, of profile shifted
}

// Attack is what one attack on the date shift leaves of its 365 candidates; see package attack.
type Attack struct {
	Name       string `json:"name"`
	Patients   int64  `json:"patients"` // with some open date
	Touched    int64  `json:"touched"`  // who lost a candidate
	Least      int    `json:"least"`    // candidates that remain of the patient with the fewest
	Median     int    `json:"median"`   // of the patient in the middle
	Identified Share  `json:"identified"`
	Few        Share  `json:"at_most_30"` // of whom at most 30 candidates remain
	Habit      bool   `json:"habit"`      // whether the data show the habit that the attack rests on
}

// Band is the classes of a range of sizes, both ends inclusive; High is 0 where there is no end.
type Band struct {
	Low     int64 `json:"low"`
	High    int64 `json:"high"`
	Classes int64 `json:"classes"`
	Records int64 `json:"records"`
}

// Below is the records whose class has fewer than K records.
type Below struct {
	K       int64 `json:"k"`
	Records int64 `json:"records"`
	Share   Share `json:"share"`
}

// Diverse is l-diversity of a sensitive column.
type Diverse struct {
	Sensitive string `json:"sensitive"`
	Distinct  int64  `json:"distinct_l"`  // fewest distinct values in a class
	Entropy   Share  `json:"entropy_l"`   // exp of the least entropy of a class, at least 1
	Alike     int64  `json:"homogeneous"` // classes of two records or more, all of one value
	AlikeRows int64  `json:"homogeneous_records"`
	Share     Share  `json:"homogeneous_share"` // of all records
}

// Traces is longitudinal uniqueness.
type Traces struct {
	Persons int64   `json:"persons"`
	Sampled int64   `json:"sampled"`
	Seed    uint64  `json:"seed"`
	Pairs   int64   `json:"distinct_pairs"` // distinct (code, year) pairs in the data
	Median  int64   `json:"median_pairs"`   // of one sampled person
	Points  []Point `json:"points"`
}

// Point is uniqueness on so many (code, year) pairs.
type Point struct {
	Pairs  int   `json:"pairs"`
	Enough int64 `json:"persons_with_enough"` // of those sampled
	Any    Share `json:"any"`                 // unique on some such pairs
	Drawn  Share `json:"drawn"`               // unique on pairs drawn at random
}

// ShareBelow is the share of records in classes smaller than k.
func (r *Report) ShareBelow(k int64) (Share, bool) {
	for _, b := range r.Below {
		if b.K == k {
			return b.Share, true
		}
	}
	return 0, false
}

// Facts is a report, or what a gate said, for a manifest or the log, in which a fraction is text.
func Facts(v any) (map[string]any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var tree map[string]any
	if err := dec.Decode(&tree); err != nil {
		return nil, err
	}
	return textFractions(tree).(map[string]any), nil
}

func textFractions(v any) any {
	switch v := v.(type) {
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return v.String()
		}
	case map[string]any:
		for name, child := range v {
			v[name] = textFractions(child)
		}
	case []any:
		for i, child := range v {
			v[i] = textFractions(child)
		}
	}
	return v
}
