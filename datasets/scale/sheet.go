package scale

import (
	"strings"

	"farr/datasets"
	"farr/datasets/internal/deid"
)

// sheet is a table to replicate.
type sheet struct {
	datasets.Table
	main    *sheet   // the table of the resource that a row is of: itself, or the parent; nil for observable time
	order   []string // date columns that the rows of a main table are in order of
	seals   []string // elements x with x_seal, dates or not
	targets []string // columns that name another resource
}

// sheetsOf are the tables of rows that patients own, main tables before their children.
func sheetsOf(plan *deid.Plan, tables []datasets.Table) []*sheet {
	var all []*sheet
	for _, t := range tables {
		if !t.Has("pid") {
			continue
		}
		s := &sheet{Table: t}
		for _, c := range t.Columns {
			x, sealed := strings.CutSuffix(c.Name, "_seal")
			switch {
			case c.Type == datasets.Timestamp:
			case sealed:
				s.seals = append(s.seals, x)
			case c.Type == datasets.UUID && c.Name != "pid" && c.Name != "rid":
				s.targets = append(s.targets, c.Name)
			}
		}
		if t.Has("source") {
			s.main, s.order = s, plan.Order(t.Name)
		}
		all = append(all, s)
	}
	for _, s := range all {
		if s.main != nil || !s.Has("rid") {
			continue
		}
		for _, m := range all { // the longest name: medication_request_dosage is not of medication
			if m.main == m && strings.HasPrefix(s.Name, m.Name+"_") && (s.main == nil || len(m.Name) > len(s.main.Name)) {
				s.main = m
			}
		}
	}
	return all
}

// original is the name of the table in the session that holds the rows of the old snapshot.
func (s *sheet) original() string { return "original." + s.Name }

// observed says whether the rows are of observations, of which the heavy patient has more.
func (s *sheet) observed() bool { return s.main != nil && s.main.Name == "observation" }
