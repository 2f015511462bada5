package evaluate

import (
	"fmt"
	"slices"
	"strings"

	"farr/datasets"
	"farr/internal/source"
	"farr/measures/internal/content"
	"farr/measures/internal/elm"
	"farr/measures/internal/plan"
	"farr/measures/internal/population"
)

// Compiler compiles the measures of one package. Each library is read once.
type Compiler struct {
	pkg   *content.Package
	model *plan.Model
	read  map[*content.Library]*elm.Library
	taken []string // names of strata

	profiles Profiles
}

// NewCompiler makes a compiler of a package's measures for extracts of this version. A
// stratifier does not get a name that is taken.
func NewCompiler(pkg *content.Package, profiles Profiles, taken ...string) (*Compiler, error) {
	model, err := readModel()
	if err != nil {
		return nil, err
	}
	if model.Declared, err = profiles.declared(); err != nil {
		return nil, err
	}
	if profiles == "" {
		profiles = Inferred
	}
	return &Compiler{pkg: pkg, model: model, read: map[*content.Library]*elm.Library{}, taken: taken, profiles: profiles}, nil
}

// readModel brings the catalogue of an extract to the compiler.
func readModel() (*plan.Model, error) {
	catalogue, err := datasets.Catalogue()
	if err != nil {
		return nil, err
	}
	var list []plan.Element
	for _, r := range catalogue {
		for _, e := range r.Elements {
			one := plan.Element{Resource: r.Type, Table: r.Table, Path: e.Path, Type: e.Type, Column: e.Name, TagOnly: e.Action == "drop", Negates: e.Negates}
			if e.Type == "Reference" {
				one.Type = "Reference()"
			}
			list = append(list, one)
		}
		for _, column := range r.Order {
			list = append(list, plan.Element{Resource: r.Type, Table: r.Table, Path: plan.OrderPath, Column: column})
		}
		if r.Subject != "none" {
			list = append(list, plan.Element{Resource: r.Type, Table: r.Table, Path: "$owner", Column: "pid"})
		}
	}
	model := plan.NewModel(list)
	model.Negates, err = datasets.NegatingProfiles()
	return model, err
}

// Program is a measure as SQL.
type Program struct {
	Measure   *content.Measure
	Library   string              // name of the primary library, whose defines the populations are
	Profiles  Profiles            // how it tells of which profile a resource is
	Libraries []*content.Library  // all that it reaches, by name
	ValueSets []*content.ValueSet // that its SQL reads
	Lacking   source.Diagnostics  // those that the package has not, or not whole

	groups   []group
	compiled *plan.Compiled

	statementIDs []string // see ids
}

// group is a group of the measure with the defines of its populations, in their order.
type group struct {
	content.Group
	populations []*plan.Define
	strata      []Stratum
	reasons     []Reason // of its care gaps
}

// The codes of diagnostics about logic that cannot be compiled, and about libraries that
// cannot be brought together.
const (
	codeCQL  = "cql"
	CodeLink = "link"
	hintCQL  = "farr measure compile --stage elm shows what was read there"
)

// about is a mistake of a measure as a whole.
func about(m *content.Measure, code, message, hint string) error {
	return source.Diagnostics{{Pos: source.Pos{File: m.Name}, Code: code, Message: message, Hint: hint}}
}

// Compile compiles a measure. The error is source.Diagnostics with every place of every
// library that cannot be compiled, and every population that cannot be counted.
func (c *Compiler) Compile(m *content.Measure) (p *Program, err error) {
	program, libraries, main, err := c.linked(m)
	if err != nil {
		return nil, err
	}
	p = &Program{Measure: m, Library: main, Libraries: libraries, Profiles: c.profiles}
	// ELM that nobody has seen may break the compiler: that measure fails, others go on.
	defer func() {
		if cause := recover(); cause != nil {
			p, err = nil, about(m, "compiler-broke", fmt.Sprintf("the compiler broke down: %v", cause), "this is a fault of farr: please report it with the measure's name and version")
		}
	}()
	if mistakes := checkGroups(m); len(mistakes) > 0 {
		return nil, mistakes.Err()
	}
	program, parts := takeApart(program, main, m.Groups)
	p.compiled = plan.CompileMeasure(program, c.model, main, append(c.wants(m), wantsOfParts(len(m.Groups), parts)...))
	var mistakes source.Diagnostics
	for _, d := range p.compiled.Problems {
		mistakes = append(mistakes, source.Diagnostic{Pos: source.Pos{File: d.Library, Line: d.Line, Column: d.Column}, Code: codeCQL, Message: d.Message, Hint: hintCQL})
	}
	if len(mistakes) > 0 {
		return nil, mistakes.Err()
	}
	for i, g := range m.Groups {
		one := group{Group: g, strata: c.strataOf(g)}
		for _, w := range wantsOf(g) {
			one.populations = append(one.populations, p.compiled.Defines[w.Key()])
		}
		one.reasons = p.reasonsOf(g, parts[i])
		mistakes = append(mistakes, p.checkTypes(i, one)...)
		mistakes = append(mistakes, p.checkStrata(i, &one)...)
		p.groups = append(p.groups, one)
	}
	p.ValueSets, p.Lacking = c.pkg.Terminology(p.Libraries, append([]string{}, p.compiled.ValueSets...)) // of none, none
	return p, mistakes.Err()
}

// linked are a measure's library, by name, and all that it includes.
func (c *Compiler) linked(m *content.Measure) (program *elm.Program, libraries []*content.Library, main string, err error) {
	l := c.pkg.LibraryOf(m)
	if l == nil {
		return nil, nil, "", about(m, "missing-library", "its library "+m.Library+" is not in the package, or has no ELM", "add the Library resource, with content of application/elm+json")
	}
	if libraries, err = c.pkg.Closure(l); err != nil {
		return nil, nil, "", err
	}
	program, err = c.link(libraries, l)
	return program, libraries, l.Name, err
}

// wants are what a measure's groups need: their populations, and their stratifiers.
// Initial populations come first, since the rest is computed for those in one of them.
func (c *Compiler) wants(m *content.Measure) (wants []plan.Want) {
	for _, g := range m.Groups {
		for _, p := range g.Populations {
			if p.Code == population.Initial {
				wants = append(wants, plan.Want{Define: p.Define})
			}
		}
	}
	for _, g := range m.Groups {
		wants = append(wants, wantsOf(g)...)
		for _, s := range c.strataOf(g) {
			if s.Problem == "" {
				wants = append(wants, plan.Want{Define: s.Define})
			}
		}
	}
	return wants
}

// link brings the libraries together by name; Closure has made sure that no name stands
// for two.
func (c *Compiler) link(libraries []*content.Library, main *content.Library) (*elm.Program, error) {
	byName := map[string]*elm.Library{}
	for _, l := range libraries {
		if c.read[l] == nil {
			text, err := l.ELM()
			if err != nil {
				return nil, err
			}
			read, err := elm.Read(text)
			if err != nil {
				return nil, source.Diagnostics{{Pos: source.Pos{File: l.Name}, Code: "bad-elm", Message: err.Error(), Hint: "translate the library again"}}
			}
			c.read[l] = read
		}
		byName[l.Name] = c.read[l]
	}
	program, errs := elm.Link(byName, main.Name)
	var mistakes source.Diagnostics
	for _, err := range errs {
		mistakes = append(mistakes, source.Diagnostic{Pos: source.Pos{File: main.Name}, Code: CodeLink, Message: err.Error(), Hint: "translate the libraries again, together"})
	}
	return program, mistakes.Err()
}

// wantsOf are what a group's populations need, in their order. An observation is a
// function over the elements of what it observes.
func wantsOf(g content.Group) (list []plan.Want) {
	for _, p := range g.Populations {
		w := plan.Want{Define: p.Define}
		if p.Code == population.Observation {
			observed := population.Observed(g, p)
			i := slices.IndexFunc(g.Populations, func(o content.Population) bool { return o.Code == observed })
			w.Over = g.Populations[i].Define
		}
		list = append(list, w)
	}
	return list
}

// needs are the populations without which a group of a scoring has no score.
var needs = map[string][]string{
	"cohort":              {population.Initial},
	"proportion":          {population.Initial, population.Denominator, population.Numerator},
	"ratio":               {population.Initial, population.Denominator, population.Numerator},
	"continuous-variable": {population.Initial, population.Measured, population.Observation},
}

// How the values of an observation are brought together (value set aggregate-method of the
// CQFM IG).
const (
	Sum     = "sum"
	Average = "average"
	Median  = "median"
	Minimum = "minimum"
	Maximum = "maximum"
	Count   = "count"
)

var aggregateMethods = []string{Sum, Average, Median, Minimum, Maximum, Count}

// checkGroups reports groups whose populations do not make a score.
func checkGroups(m *content.Measure) (mistakes source.Diagnostics) {
	for i, g := range m.Groups {
		report := func(format string, args ...any) {
			mistakes = append(mistakes, source.Diagnostic{Pos: source.Pos{File: m.Name}, Code: "bad-group",
				Message: fmt.Sprintf("group %d ", i+1) + fmt.Sprintf(format, args...), Hint: "correct the group's populations in the Measure"})
		}
		seen := map[string]int{}
		for _, p := range g.Populations {
			if seen[p.Code]++; p.Define == "" {
				report("has a population %s without an expression", p.Code)
			}
			if p.Code == population.Observation && seen[population.Observed(g, p)+" observed"] > 0 {
				report("observes its %s twice", population.Observed(g, p))
			}
			if p.Code == population.Observation {
				seen[population.Observed(g, p)+" observed"]++
				if !slices.Contains(aggregateMethods, p.Aggregate) {
					report("brings its observations together by %q, and farr knows %s", p.Aggregate, strings.Join(aggregateMethods, ", "))
				}
			}
		}
		for code, n := range seen {
			if n > 1 && code != population.Observation {
				report("has %d populations %s", n, code)
			}
			observed, is := strings.CutSuffix(code, " observed")
			if !is && !slices.Contains(population.Codes, code) {
				report("has a population %s, which is not one of FHIR's", code)
			}
			if is && seen[observed] == 0 {
				report("observes its %s, and has none", observed)
			}
		}
		for _, code := range needs[g.Scoring] {
			if seen[code] == 0 {
				report("is a %s and has no %s", g.Scoring, code)
			}
		}
	}
	return mistakes
}

// checkTypes holds the populations of a group to its basis: what is not of it cannot be
// counted.
func (p *Program) checkTypes(number int, g group) (mistakes source.Diagnostics) {
	for i, d := range g.populations {
		one := g.Populations[i]
		fits := d.List && d.Type == g.Basis && d.Rows() != ""
		what := "a list of " + g.Basis
		if g.Basis == content.BasisBoolean {
			fits, what = !d.List && d.Type == "Boolean", "true or false"
		}
		if one.Code == population.Observation {
			fits, what = d.Rows() != "", "a number"
		}
		if fits {
			continue
		}
		found := d.Type
		if d.List {
			found = "a list of " + found
		}
		mistakes = append(mistakes, source.Diagnostic{Pos: p.place(d), Code: "bad-population",
			Message: fmt.Sprintf("%s is %s of group %d and must give %s, and gives %s", one.Define, one.Code, number+1, what, found),
			Hint:    "name another expression in the Measure, or another basis of the group"})
	}
	return mistakes
}

// place is where a define stands.
func (p *Program) place(d *plan.Define) source.Pos {
	i := slices.IndexFunc(p.compiled.Statements, func(s plan.Statement) bool { return s.Table == d.Table })
	if i < 0 {
		return source.Pos{File: p.Measure.Name}
	}
	return source.Pos{File: p.compiled.Statements[i].Library, Line: p.compiled.Statements[i].Line, Column: 1}
}

// typeOf is CQL's name of a define's type.
func typeOf(d *plan.Define) string {
	if d.List {
		return "List<" + d.Type + ">"
	}
	return d.Type
}
