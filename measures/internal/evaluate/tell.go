package evaluate

import (
	"fmt"
	"strings"

	"farr/measures/internal/plan"
)

// null is how CQL's null is told.
const null = "null"

// codesOf is SQL for the codes of a concept, or of a list of concepts, by an id in the
// dictionary: code (system), ...
func codesOf(id string) string {
	return fmt.Sprintf(`coalesce((SELECT string_agg(code || ' (' || system || ')', ', ' ORDER BY ordinal) FROM concept c WHERE c.concept = %[1]s),
		(SELECT string_agg(c.code || ' (' || c.system || ')', ', ' ORDER BY l.ordinal, c.ordinal) FROM concept_list l JOIN concept c ON c.concept = l.concept WHERE l.list = %[1]s))`, id)
}

// cellsOf are SQL expressions of texts: the columns of a shape, then those of its parts. tell
// takes them in the same order.
func cellsOf(s plan.Shape) (list []string) {
	for i, c := range s.Columns {
		switch {
		case s.Kind == plan.KindConcept && i == 0, s.Kind == plan.KindConceptList:
			list = append(list, codesOf("d."+c))
		case s.Kind == plan.KindList:
			list = append(list, "CAST(len("+c+") AS VARCHAR)")
		default:
			list = append(list, "CAST("+c+" AS VARCHAR)")
		}
	}
	for _, p := range s.Parts {
		list = append(list, cellsOf(p)...)
	}
	return list
}

// take is the first n cells of a row, which it shortens.
func take(row *[]*string, n int) []*string {
	head := (*row)[:n]
	*row = (*row)[n:]
	return head
}

// is whether a cell is true.
func is(cell *string) bool { return cell != nil && *cell == "true" }

func or(cell *string, other string) string {
	if cell == nil {
		return other
	}
	return *cell
}

// tell is a value as text: a date as the person's true wall time, a resource as what it is.
func tell(s plan.Shape, row *[]*string, resources map[string]string) string {
	own := take(row, len(s.Columns))
	parts := make([]string, len(s.Parts))
	for i, p := range s.Parts {
		parts[i] = tell(p, row, resources)
	}
	if len(own) == 0 {
		if s.Kind == plan.KindNull && s.Type != "Null" {
			return "a constant " + s.Type
		}
		return null
	}
	switch s.Kind {
	case plan.KindDate:
		return date(own[0], own[len(own)-1], s.Type)
	case plan.KindQuantity:
		if own[0] == nil {
			return null
		}
		return number(own[0]) + unit(own[1])
	case plan.KindScalar:
		if s.Type == "Decimal" || s.Type == "Integer" || s.Type == "Long" {
			return between(own)
		}
		if s.Type == "String" && own[0] != nil {
			return "'" + *own[0] + "'"
		}
		return or(own[0], null)
	case plan.KindConcept:
		if own[0] == nil && len(own) > 1 {
			return or(own[1], null)
		}
		return or(own[0], null)
	case plan.KindConceptList, plan.KindReference:
		return or(own[0], null)
	case plan.KindInterval:
		if !is(own[2]) {
			return null
		}
		for i := range parts {
			if is(own[i]) {
				parts[i] = "unknown"
			}
		}
		return "[" + parts[0] + ", " + parts[1] + "]"
	case plan.KindResource:
		if own[0] == nil {
			return null
		}
		return resources[typeIn(s, own)+"/"+*own[0]]
	case plan.KindElement:
		if own[1] == nil {
			return null
		}
		return s.Type + " " + *own[1]
	case plan.KindChoice:
		for i, p := range s.Parts {
			for _, tag := range p.Tags {
				if own[0] != nil && tag == *own[0] {
					return parts[i]
				}
			}
		}
		return null
	case plan.KindTuple:
		if !is(own[0]) {
			return null
		}
		for i, p := range s.Parts {
			parts[i] = p.Name + ": " + parts[i]
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case plan.KindList:
		return or(own[0], "0") + " elements"
	}
	return null
}

// typeIn is the type of a resource: the one that there can be, or the one that its row says.
func typeIn(s plan.Shape, own []*string) string {
	if len(own) > 1 && own[1] != nil {
		return *own[1]
	}
	return s.Type
}

// date cuts a wall time to its precision, 1 year .. 6 millisecond, 3.5 the hour; of a Time the day is
// left out.
func date(moment, precision *string, typ string) string {
	if moment == nil {
		return null
	}
	text := strings.Replace(*moment, " ", "T", 1)
	width := map[string]int{"1": 4, "2": 7, "3": 10, "3.5": 13, "4": 16, "5": 19}[strings.TrimSuffix(or(precision, "6"), ".0")]
	if typ == "Date" && (width == 0 || width > 10) {
		width = 10
	}
	if width > 0 && width < len(text) {
		text = text[:width]
	}
	if typ == "Time" {
		_, text, _ = strings.Cut(text, "T")
	}
	return text
}

// between is a number, or the least and the greatest that it may be.
func between(own []*string) string {
	if len(own) == 1 || own[0] == nil || own[1] == nil || *own[0] == *own[1] {
		return number(own[0])
	}
	return number(own[0]) + " to " + number(own[1])
}

// number drops the zeros that a decimal has for its scale.
func number(cell *string) string {
	text := or(cell, null)
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		return "0"
	}
	return text
}

func unit(cell *string) string {
	if cell == nil || *cell == "1" || *cell == "" {
		return ""
	}
	return " '" + *cell + "'"
}
