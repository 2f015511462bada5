package plan_test

import (
	"fmt"
	"strings"
	"time"

	"farr/measures/internal/plan"
)

// cqlCells are SQL expressions of texts: the columns of a shape, then those of its parts.
func cqlCells(s plan.Shape) (list []string) {
	for _, c := range s.Columns {
		list = append(list, "CAST("+c+" AS VARCHAR)")
	}
	for _, p := range s.Parts {
		list = append(list, cqlCells(p)...)
	}
	return list
}

// readCQL writes a value of a table's row, which it shortens.
func readCQL(s plan.Shape, row *[]*string) string {
	own := (*row)[:len(s.Columns)]
	*row = (*row)[len(s.Columns):]
	parts := make([]string, len(s.Parts))
	for i, p := range s.Parts {
		parts[i] = readCQL(p, row)
	}
	at := func(i int) string {
		if own[i] == nil {
			return "null"
		}
		return *own[i]
	}
	switch s.Kind {
	case plan.KindNull:
		return "null"
	case plan.KindScalar:
		switch {
		case own[0] == nil:
			return "null"
		case s.Type == "String":
			return "String '" + at(0) + "'"
		case s.Type == "Boolean":
			return "Boolean " + at(0)
		case len(own) > 1 && at(0) != at(1):
			return "Interval[" + cqlNumber(s.Type, at(0)) + ", " + cqlNumber(s.Type, at(1)) + "]"
		}
		return cqlNumber(s.Type, at(0))
	case plan.KindDate:
		if own[0] == nil {
			return "null"
		}
		moment, err := time.Parse("2006-01-02 15:04:05", at(0))
		parts := map[string]int{"1": 1, "2": 2, "3": 3, "3.5": 4, "4": 5, "5": 6, "6": 6}[strings.TrimSuffix(at(len(own)-1), ".0")]
		if err != nil || parts == 0 {
			return s.Type + " " + at(0) + " of precision " + at(len(own)-1)
		}
		return cqlMoment(s.Type, moment, parts)
	case plan.KindQuantity:
		if own[0] == nil {
			return "null"
		}
		return cqlNumber("Quantity", at(0)) + " '" + at(1) + "'"
	case plan.KindInterval:
		if at(2) != "true" {
			return "null"
		}
		for i := range parts {
			if at(i) == "true" {
				parts[i] = "unknown"
			}
		}
		return "Interval[" + parts[0] + ", " + parts[1] + "]"
	case plan.KindTuple:
		if at(0) != "true" {
			return "null"
		}
		for i, p := range s.Parts {
			parts[i] = p.Name + ": " + parts[i]
		}
		return "Tuple{" + strings.Join(parts, ", ") + "}"
	case plan.KindChoice:
		for i, p := range s.Parts {
			for _, tag := range p.Tags {
				if tag == at(0) {
					return parts[i]
				}
			}
		}
		return "null"
	}
	return fmt.Sprintf("%s of kind %d: %v", s.Type, s.Kind, own)
}
