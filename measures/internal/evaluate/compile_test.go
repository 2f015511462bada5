package evaluate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"farr/internal/source"
	"farr/measures/internal/content"
)

func load(t *testing.T) *content.Package {
	t.Helper()
	pkg, err := content.Load("../../../testdata/published")
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}

func compile(t *testing.T, pkg *content.Package, name string) (*Program, error) {
	t.Helper()
	c, err := NewCompiler(pkg, Inferred, "Women")
	if err != nil {
		t.Fatal(err)
	}
	return c.Compile(pkg.MeasureNamed(name))
}

// The same package gives the same text, so that a run that was made is found again.
func TestCompileIsStable(t *testing.T) {
	pkg := load(t)
	for _, m := range pkg.Measures {
		first, err := compile(t, pkg, m.URL)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			again, err := compile(t, load(t), m.URL)
			if err != nil {
				t.Fatal(err)
			}
			if first.SQLText() != again.SQLText() || first.Hash() != again.Hash() {
				t.Fatalf("%s compiles to another text", m.Name)
			}
		}
	}
}

func TestCompile(t *testing.T) {
	pkg := load(t)
	p, err := compile(t, pkg, "OperatedStays")
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Libraries) != 1 || len(p.ValueSets) != 2 || len(p.Lacking) != 0 || p.Library != "Stays" {
		t.Errorf("%+v", p)
	}
	strata := p.Strata(0)
	if len(strata) != 2 || strata[0].Name != "Weekend Stays" || strata[1].Name != "stratifier Women" {
		t.Errorf("strata %+v", strata)
	}
}

// What cannot be counted is a diagnostic that names it; of one measure all at once.
func TestCompileMistakes(t *testing.T) {
	for _, c := range []struct {
		name, measure string
		change        func(p *content.Package, m *content.Measure)
		want          []string
	}{
		{"no such define", "PatientsWhoStay", func(_ *content.Package, m *content.Measure) { m.Groups[0].Populations[0].Define = "Nobody" }, []string{"Nobody"}},
		{"no expression", "PatientsWhoStay", func(_ *content.Package, m *content.Measure) { m.Groups[0].Populations[0].Define = "" }, []string{"bad-group: group 1 has a population initial-population without"}},
		{"a list where patients count, and the other way", "PatientsWhoStay",
			func(_ *content.Package, m *content.Measure) {
				m.Groups[0].Populations[1].Define, m.Groups[0].Populations[3].Define = "Stays", "Visits"
			},
			[]string{"Stays:20:1: bad-population: Stays is denominator of group 1 and must give true or false, and gives a list of Encounter", "Stays:16:1: bad-population: Visits is numerator"}},
		{"patients where episodes count", "OperatedStays", func(_ *content.Package, m *content.Measure) { m.Groups[1].Populations[2].Define = "Stayed" },
			[]string{"bad-population: Stayed is numerator of group 2 and must give a list of Encounter, and gives Boolean"}},
		{"no numerator", "PatientsWhoStay", func(_ *content.Package, m *content.Measure) {
			m.Groups[0].Populations[3].Code = "denominator-exclusion"
		},
			[]string{"group 1 has 2 populations denominator-exclusion", "group 1 is a proportion and has no numerator"}},
		{"a code that is none", "PatientsSeen", func(_ *content.Package, m *content.Measure) { m.Groups[0].Populations[0].Code = "initial" },
			[]string{"group 1 has a population initial, which", "is a cohort and has no initial-population"}},
		{"an aggregate that is none", "LengthOfStay", func(_ *content.Package, m *content.Measure) { m.Groups[0].Populations[3].Aggregate = "mode" }, []string{`together by "mode"`}},
		{"observed twice", "OperationsPerDay", func(_ *content.Package, m *content.Measure) {
			m.Groups[0].Populations[5].Observes = m.Groups[0].Populations[4].Observes
		},
			[]string{"group 1 observes its denominator twice"}},
		{"a stratifier that is not one value", "PatientsWhoStay", func(_ *content.Package, m *content.Measure) { m.Groups[0].Stratifiers[0].Define = "Stays" },
			[]string{"Stays:20:1: bad-stratifier"}},
		{"no library", "PatientsSeen", func(p *content.Package, m *content.Measure) { m.Library = "http://example.org/Library/gone" }, []string{"PatientsSeen: missing-library"}},
	} {
		pkg := load(t)
		c.change(pkg, pkg.MeasureNamed(c.measure))
		_, err := compile(t, pkg, c.measure)
		var found source.Diagnostics
		if !errors.As(err, &found) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", c.name, err, want)
			}
		}
	}
}

// A stratifier without an expression is kept and says so.
func TestStratifierWithoutExpression(t *testing.T) {
	pkg := load(t)
	m := pkg.MeasureNamed("PatientsWhoStay")
	m.Groups[0].Stratifiers = []content.Stratifier{{ID: "one"}, {ID: "two", Define: "Stayed"}, {ID: "three", Define: "Stayed"}, {ID: "four", Components: 2}}
	p, err := compile(t, pkg, m.URL)
	if err != nil {
		t.Fatal(err)
	}
	var computed []string
	for _, s := range p.Strata(0) {
		if s.Problem == "" {
			computed = append(computed, s.Name)
		}
	}
	if !slices.Equal(computed, []string{"Stayed"}) {
		t.Errorf("computed %v of %+v", computed, p.Strata(0))
	}
}

// Value sets that the SQL reads and the package lacks are named with who asks.
func TestLacking(t *testing.T) {
	pkg := load(t)
	pkg.ValueSets = pkg.ValueSets[:1] // comfort care
	pkg.ValueSets[0].Problem = "its expansion has 1 of 2 codes"
	p, err := compile(t, pkg, "OperatedStays")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range p.Lacking {
		got = append(got, d.Error())
	}
	want := []string{
		`Stays:9:1: missing-value-set: value set "Surgery" http://example.org/ValueSet/surgery is not in the package`,
		`Stays:10:1: incomplete-value-set: value set "Comfort Care" http://example.org/ValueSet/comfort-care may lack codes: its expansion has 1 of 2 codes`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if p, err = compile(t, pkg, "PatientsWhoStay"); err != nil || len(p.Lacking) != 0 {
		t.Errorf("a measure that does not read them lacks %v (%v)", p.Lacking, err)
	}
}

// What a measure lacks is the same before it is compiled and after.
func TestLackingWithoutCompiling(t *testing.T) {
	pkg := load(t)
	pkg.ValueSets = nil
	c, err := NewCompiler(pkg, Inferred)
	if err != nil {
		t.Fatal(err)
	}
	some := 0
	for i := range pkg.Measures {
		p, err := c.Compile(&pkg.Measures[i])
		if err != nil {
			t.Fatal(err)
		}
		lacking, err := c.Lacking(&pkg.Measures[i])
		if err != nil || !slices.Equal(lacking, p.Lacking) {
			t.Errorf("%s lacks %v, and compiled %v (%v)", p.Measure.Name, lacking, p.Lacking, err)
		}
		some += len(lacking)
	}
	if some == 0 {
		t.Error("nothing lacks anything")
	}
}

// How profiles are told is inferred unless it is said, and nothing but the two ways.
func TestProfiles(t *testing.T) {
	for p, want := range map[Profiles]string{"": "false <nil>", Inferred: "false <nil>", Declared: "true <nil>", "both": `false profiles "both": they are inferred or declared`} {
		declared, err := p.declared()
		if got := fmt.Sprint(declared, " ", err); got != want {
			t.Errorf("%q: %s, want %s", p, got, want)
		}
	}
}
