package plan_test

import (
	"fmt"
	"strings"
	"testing"
)

// A retrieve takes what its profile fixes: what was done, what was not, a vital sign.
func TestRetrieve(t *testing.T) {
	for profile, want := range map[string]string{
		"qicore-observation":          "a1 a2 a3 b1 b2", // nothing negated, by status or by modifier
		"heartrate":                   "b1",             // the code and the category
		"qicore-observationnotdone":   "c1",             // a modifier beside a final status is no cancelled one
		"qicore-observationcancelled": "c1",
	} {
		var got []string
		for _, rid := range strings.Split(evaluate(t, "D", retrieve(profile)), " | ") {
			got = append(got, rid[len(rid)-2:])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", profile, got, want)
		}
	}
}

// Where profiles decide, a retrieve takes the resources that declare its profile, among others
// or alone, whatever they say; the type's own profile is everyone's, and who declares none is
// of no other.
func TestRetrieveDeclared(t *testing.T) {
	model := worldModel()
	model.Declared = true
	for profile, want := range map[string]string{
		"qicore-observation":        "a2 c1", // c1 says that it was cancelled
		"heartrate":                 "a1",    // not the code
		"qicore-observationnotdone": "c2",
		"Observation":               "a1 a2 a3 b1 b2 c1 c2",
	} {
		var got []string
		rows, _ := evaluateOn(t, model, "D", retrieve(profile))
		for _, rid := range strings.Split(rows, " | ") {
			got = append(got, rid[len(rid)-2:])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", profile, got, want)
		}
	}
}

// Elements that a sort leaves equal, or a list has in no order, come by their resource's date
// and not by their pseudonym: another key would give another answer.
func TestTies(t *testing.T) {
	all := retrieve("qicore-observation")
	sorted := func(direction string) string {
		return fmt.Sprintf(`{"type":"Query","locator":"7:5-7:9","source":[{"alias":"X","expression":%s}],"let":[],"relationship":[],"sort":{"by":[{"type":"ByColumn","path":"status","direction":%q}]}}`, all, direction)
	}
	for name, c := range map[string]struct{ define, want string }{
		"first of equal":    {over("First", sorted("asc")), "a3"},
		"last of equal":     {over("Last", sorted("asc")), "b1"},
		"first descending":  {over("First", sorted("desc")), "a3"},
		"first of no order": {over("First", all), "a3"},
		"last of no order":  {over("Last", all), "b1"},
	} {
		got := evaluate(t, "D", c.define)
		if got[max(0, len(got)-2):] != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := evaluate(t, "D", sorted("asc")); rids(got) != "a3 a2 a1 b2 b1" {
		t.Errorf("sorted: %s", rids(got))
	}
}

// A modifier extension that is kept as negated is there for logic that asks for it itself.
func TestModifierExtension(t *testing.T) {
	model := worldModel()
	model.Declared = true
	asks := func(url string) string {
		return fmt.Sprintf(`{"type":"Query","locator":"7:5-7:9","source":[{"alias":"X","expression":%s}],"let":[],"relationship":[],"where":{"type":"IsTrue","operand":
			{"type":"SingletonFrom","operand":{"type":"Query","source":[{"alias":"E","expression":{"path":"modifierExtension","scope":"X","type":"Property"}}],"let":[],"relationship":[],
			"where":{"type":"Equal","operand":[{"path":"url","scope":"E","type":"Property"},%s]},
			"return":{"expression":{"type":"As","asType":"{urn:hl7-org:elm-types:r1}Boolean","operand":{"path":"value","scope":"E","type":"Property"}}}}}}}`, retrieve("Observation"), literal("String", url))
	}
	got, _ := evaluateOn(t, model, "D", asks("urn:not-done"))
	if rids(got) != "c1 c2" {
		t.Errorf("not done: %s, want c1 c2", rids(got))
	}
	if got, _ := evaluateOn(t, model, "D", asks("urn:other")); got != "" {
		t.Errorf("an extension that is not kept: %s", got)
	}
}

// rids are the ends of the pseudonyms of a list.
func rids(rows string) string {
	var list []string
	for _, rid := range strings.Split(rows, " | ") {
		list = append(list, rid[len(rid)-2:])
	}
	return strings.Join(list, " ")
}
