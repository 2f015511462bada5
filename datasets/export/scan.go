package export

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"farr/datasets"
	"farr/datasets/internal/deid"
	"farr/internal/duck"
)

// Finding is a column with texts that may be somebody's. No text is told.
type Finding struct {
	Column string `json:"column"` // table.column
	Why    string `json:"why"`
	Values int64  `json:"values"` // distinct; rows, for dates
}

// forms are what a text of a person or about one looks like.
var forms = []struct {
	name string
	form *regexp.Regexp
}{
	{"a date", regexp.MustCompile(`\b(?:19|20)\d\d-[01]\d-[0-3]\d|\b[0-3]?\d[/.][0-3]?\d[/.](?:\d\d){1,2}\b`)},
	{"an e-mail address", regexp.MustCompile(`[^\s@]+@[^\s@]+\.[A-Za-z]`)},
	{"a phone number", regexp.MustCompile(`\(?\b\d{3}\)?[-. ]\d{3}[-. ]\d{4}\b`)},
	{"a social security number", regexp.MustCompile(`\b\d{3}-\d{2}-\d{4}\b`)},
	{"a name", regexp.MustCompile(`\b\p{Lu}\p{Ll}+[ ,]+\p{Lu}\p{Ll}+\b`)},
}

var address = regexp.MustCompile(`[a-z]+://|^(?:urn|www\.)`)

// published are the columns in which an address names a published list, held against the policy like any text.
var published = []string{"system", "url", "not_done_value_set"}

// scan holds every text that leaves against the policy and the forms, and in profile safe-harbor every date
// against years. views has a view for each table.
func scan(ctx context.Context, db *duck.Session, profile string, tables []leaving) ([]Finding, error) {
	policy, err := deid.LoadPolicy()
	if err != nil {
		return nil, err
	}
	plan, err := deid.Compile(policy, deid.Profile(profile))
	if err != nil {
		return nil, err
	}
	scanner := deid.NewScanner(plan)
	var found []Finding
	for _, t := range tables {
		for _, name := range t.columns {
			i := slices.IndexFunc(t.Columns, func(c datasets.Column) bool { return c.Name == name })
			switch kind := t.Columns[i].Type; {
			case kind == datasets.Varchar:
				some, err := scanTexts(ctx, db, scanner, t.Name, name)
				if err != nil {
					return nil, err
				}
				found = append(found, some...)
			case kind == datasets.Timestamp && profile == string(deid.SafeHarbor):
				var n int64
				column := duck.QuoteName(name)
				if err := db.QueryRow(ctx, "scan dates", "SELECT count(*) FROM export.out_"+t.Name+" WHERE "+column+" <> date_trunc('year', "+column+")", &n); err != nil {
					return nil, err
				}
				if n > 0 {
					found = append(found, Finding{t.Name + "." + name, "a date that is more than a year", n})
				}
			}
		}
	}
	return found, nil
}

func scanTexts(ctx context.Context, db *duck.Session, scanner *deid.Scanner, table, column string) ([]Finding, error) {
	beside := "NULL"
	if table == "concept" && column == "code" {
		beside = "system"
	}
	rows, err := db.Query(ctx, "scan texts", fmt.Sprintf("SELECT DISTINCT %s, %s FROM export.out_%s WHERE %[1]s IS NOT NULL", duck.QuoteName(column), beside, table))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	counts := map[string]int64{}
	for rows.Next() {
		var text string
		var system *string
		if err := rows.Scan(&text, &system); err != nil {
			return nil, err
		}
		known := false
		switch {
		case system != nil:
			known = scanner.Coding(*system, text)
		case table == "concept" && column == "system":
			known = scanner.System(text)
		default:
			known = scanner.Text(column, text)
		}
		if !known {
			counts["of no closed list of the policy"]++
		}
		for _, f := range forms {
			if f.form.MatchString(text) && !slices.Contains(published, column) {
				counts["of the form of "+f.name]++
			}
		}
		if address.MatchString(text) && !slices.Contains(published, column) {
			counts["of the form of an address on a network"]++
		}
	}
	var found []Finding
	for why, n := range counts {
		found = append(found, Finding{table + "." + column, why, n})
	}
	slices.SortFunc(found, func(a, b Finding) int { return strings.Compare(a.Why, b.Why) })
	return found, rows.Err()
}
