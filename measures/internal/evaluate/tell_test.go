package evaluate

import (
	"testing"

	"farr/measures/internal/plan"
)

// cells makes a row; "-" is null.
func cells(texts ...string) (row []*string) {
	for _, t := range texts {
		if t == "-" {
			row = append(row, nil)
			continue
		}
		row = append(row, &t)
	}
	return row
}

func TestTell(t *testing.T) {
	date := plan.Shape{Kind: plan.KindDate, Type: "DateTime", Columns: []string{"x1", "x2", "x3"}}
	moment := plan.Shape{Kind: plan.KindDate, Type: "DateTime", Columns: []string{"x1", "x2"}}
	quantity := plan.Shape{Kind: plan.KindQuantity, Type: "Quantity", Columns: []string{"x1", "x2"}}
	text := plan.Shape{Kind: plan.KindScalar, Type: "String", Columns: []string{"x1"}}
	interval := plan.Shape{Kind: plan.KindInterval, Columns: []string{"x5", "x6", "x7"}, Parts: []plan.Shape{moment, moment}}
	resource := plan.Shape{Kind: plan.KindResource, Type: "Condition|Procedure", Columns: []string{"x1", "x2"}}
	quantityPart, textPart := quantity, text
	quantityPart.Tags, textPart.Tags = []string{"Quantity"}, []string{"string", "code"}
	choice := plan.Shape{Kind: plan.KindChoice, Columns: []string{"x1"}, Parts: []plan.Shape{quantityPart, textPart}}
	value, list := choice, plan.Shape{Kind: plan.KindList, Columns: []string{"x9"}}
	value.Name, list.Name = "value", "parts"
	tuple := plan.Shape{Kind: plan.KindTuple, Columns: []string{"x0"}, Parts: []plan.Shape{value, list}}
	for _, c := range []struct {
		shape plan.Shape
		row   []*string
		want  string
	}{
		{date, cells("2024-05-01 10:30:00", "2024-05-01 10:30:59.999", "4"), "2024-05-01T10:30"},
		{date, cells("2024-01-01 00:00:00", "2024-12-31 23:59:59.999", "1"), "2024"},
		{date, cells("-", "-", "-"), "null"},
		{plan.Shape{Kind: plan.KindDate, Type: "Date", Columns: []string{"x1", "x2"}}, cells("2024-05-01 00:00:00", "3"), "2024-05-01"},
		{moment, cells("2024-05-01 10:30:05.123", "6"), "2024-05-01T10:30:05.123"},
		{moment, cells("2024-05-01 10:00:00", "3.5"), "2024-05-01T10"},
		{moment, cells("2024-05-01 10:30:00", "4.0"), "2024-05-01T10:30"},
		{plan.Shape{Kind: plan.KindDate, Type: "Time", Columns: []string{"x1", "x2"}}, cells("1970-01-01 10:30:00", "4"), "10:30"},
		{plan.Shape{Kind: plan.KindScalar, Type: "Long", Columns: []string{"x1"}}, cells("100"), "100"},
		{quantity, cells("7.50000000", "mg"), "7.5 'mg'"},
		{quantity, cells("-", "-"), "null"},
		{text, cells("a"), "'a'"},
		{plan.Shape{Kind: plan.KindScalar, Type: "Boolean", Columns: []string{"x1"}}, cells("-"), "null"},
		{plan.Shape{Kind: plan.KindScalar, Type: "Decimal", Columns: []string{"x1"}}, cells("100.00"), "100"},
		{plan.Shape{Kind: plan.KindScalar, Type: "Integer", Columns: []string{"x1"}}, cells("100"), "100"},
		{plan.Shape{Kind: plan.KindScalar, Type: "Integer", Columns: []string{"x1", "x2"}}, cells("3", "3"), "3"},
		{plan.Shape{Kind: plan.KindScalar, Type: "Integer", Columns: []string{"x1", "x2"}}, cells("3", "10"), "3 to 10"},
		{plan.Shape{Kind: plan.KindScalar, Type: "Integer", Columns: []string{"x1", "x2"}}, cells("-", "-"), "null"},
		{interval, cells("false", "true", "true", "2024-05-01 00:00:00", "3", "9999-12-31 00:00:00", "3"), "[2024-05-01, unknown]"},
		{interval, cells("true", "true", "false", "-", "-", "-", "-"), "null"},
		{resource, cells("r", "Procedure"), "a procedure"},
		{resource, cells("-", "-"), "null"},
		{choice, cells("code", "-", "-", "b"), "'b'"},
		{choice, cells("Quantity", "1.0", "1", "-"), "1"},
		{choice, cells("-", "-", "-", "-"), "null"},
		{tuple, cells("true", "Quantity", "2", "kg", "-", "3"), "{value: 2 'kg', parts: 3 elements}"},
		{tuple, cells("false", "-", "-", "-", "-", "-"), "null"},
		{plan.Shape{Kind: plan.KindConcept, Columns: []string{"x1", "x2"}}, cells("-", "IMP"), "IMP"},
		{plan.Shape{Kind: plan.KindNull, Type: "Null"}, cells("-"), "null"},
	} {
		row := c.row
		if got := tell(c.shape, &row, map[string]string{"Procedure/r": "a procedure"}); got != c.want {
			t.Errorf("%v is %s, want %s", c.shape, got, c.want)
		}
		if wanted := len(cellsOf(c.shape)); wanted != len(c.row)-len(row) {
			t.Errorf("%v reads %d cells and asks for %d", c.shape, len(c.row)-len(row), wanted)
		}
	}
}
