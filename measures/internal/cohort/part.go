package cohort

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Part is what a cohort takes from where YAML is not enough: a define of a library in CQL,
// or SQL in a file. It is computed by itself, once for everybody, and rules read its table.
type Part struct {
	Library, Define string // of CQL
	File            string // of SQL
	Days            bool   // it gives index dates; without, persons who pass a rule
}

// Table is the name under which the cohort's SQL reads it: (pid), or (pid, index_date).
func (p Part) Table() string {
	kind := "cql"
	if p.File != "" {
		kind = "sql"
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%t", p.Library, p.Define, p.File, p.Days))
	return kind + "_" + hex.EncodeToString(sum[:6])
}

// Describe says in English where it is written.
func (p Part) Describe() string {
	switch {
	case p.File != "":
		return "what the SQL in " + p.File + " selects"
	case p.Days:
		return fmt.Sprintf("the days that %q of the CQL library %s gives", p.Define, p.Library)
	}
	return fmt.Sprintf("%q of the CQL library %s is true", p.Define, p.Library)
}

// Placed is a part and where it is written: the path of its key.
type Placed struct {
	Part
	At []any
}

// Entry is the part that gives index dates.
func (c CQL) Entry(at ...any) Placed {
	return Placed{Part{Library: c.Library, Define: c.Define, Days: true}, at}
}

// EntrySQL is the entries of a part, as a SELECT of (pid, index_date).
func (p Part) EntrySQL() string { return "SELECT pid, index_date FROM " + p.Table() }

func (r Rule) part() Part {
	if r.CQL != nil {
		return Part{Library: r.CQL.Library, Define: r.CQL.Define}
	}
	return Part{File: r.File}
}

// Parts are the parts that a rule reads, in their order. at is the rule's path.
func (r Rule) Parts(at ...any) []Placed {
	path := func(more ...any) []any { return append(slices.Clone(at), more...) }
	var list []Placed
	switch {
	case r.CQL != nil:
		list = append(list, Placed{r.part(), path("cql")})
	case r.File != "":
		list = append(list, Placed{r.part(), path("sql")})
	}
	for i, inner := range r.Any {
		list = append(list, inner.Parts(path("any", i)...)...)
	}
	for i, inner := range r.All {
		list = append(list, inner.Parts(path("all", i)...)...)
	}
	if r.Not != nil {
		list = append(list, r.Not.Parts(path("not")...)...)
	}
	return list
}
