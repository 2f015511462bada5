package measures

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"farr/internal/source"
	"farr/measures/internal/content"
	"farr/measures/internal/evaluate"
	"farr/measures/internal/population"
)

// Published says which group of which published measure a definition is: each group is a
// rate of its own, with a definition of its own.
type Published struct {
	Package     string   `json:"package,omitempty"` // snapshot ID; empty of a library's own
	URL         string   `json:"url"`
	Version     string   `json:"version"`
	Name        string   `json:"name"`
	Group       int      `json:"group"` // from 0
	Groups      int      `json:"groups"`
	GroupID     string   `json:"group_id,omitempty"`
	Libraries   []string `json:"libraries"`             // name|version of all that it reaches
	Improvement string   `json:"improvement,omitempty"` // increase or decrease, as the measure says, or Contradictory
	Program     string   `json:"program"`               // hex SHA-256 of the SQL that it was compiled to, and of its codes
	Profiles    Profiles `json:"profiles"`              // how a resource's profile was told
	// Stratifiers are the measure's own: each that is computed is a stratum by its name.
	Stratifiers []Stratifier `json:"stratifiers,omitempty"`
	// Lacking are the value sets that were missing or not whole, each with the place that
	// asks for it. Results without them are incomplete.
	Lacking []string `json:"lacking,omitempty"`
}

// Stratifier is one way in which a published measure divides its subjects.
type Stratifier struct {
	ID      string `json:"id,omitempty"`
	Name    string `json:"name"` // of its define, and of the stratum
	Title   string `json:"title,omitempty"`
	Problem string `json:"problem,omitempty"` // why it is not computed
}

// Profiles says what tells whether a resource is of the profile that a published measure
// asks for: what it says of itself, or the profiles that it declares.
type Profiles = evaluate.Profiles

// The ways to tell; inferred is the rule where none is named.
const (
	ProfilesInferred = evaluate.Inferred
	ProfilesDeclared = evaluate.Declared
)

// attributionMonths is the window in which visits say to which site a person of a
// published measure belongs, which the measure itself does not say.
const attributionMonths = 24

// Contradictory is the improvement of a measure that says two opposite things of which score is better.
const Contradictory = content.Contradictory

// published is one published measure of a run: its program and the definition of each
// group.
type published struct {
	program     *evaluate.Program
	definitions []Definition
}

// idOf makes an ID, as file names and targets use it, of a measure's name.
func idOf(name string) string {
	return strings.Trim(notID.ReplaceAllString(name, "-"), "-")
}

var notID = regexp.MustCompile(`[^A-Za-z0-9]+`)

// publishedDefinitions describes each group of a measure.
func publishedDefinitions(p *evaluate.Program, pkg string) []Definition {
	m := p.Measure
	var out []Definition
	for i, g := range m.Groups {
		d := Definition{
			ID: idOf(m.Name), Kind: KindMeasure, Title: m.Title, Scoring: g.Scoring, Basis: g.Basis, Multiplier: 1,
			Attribution: AttributionPlurality, AttributionMonths: attributionMonths, Strata: Strata,
			Direction: map[string]string{"increase": DirectionHigher, "decrease": DirectionLower}[g.Improvement],
			Rationale: strings.TrimSpace(m.Description), Source: strings.Trim(m.Publisher+", "+m.URL+"|"+m.Version, ", "),
			Published: &Published{Package: pkg, URL: m.URL, Version: m.Version, Name: m.Name, Group: i, Groups: len(m.Groups), GroupID: g.ID,
				Improvement: g.Improvement, Program: p.Hash(), Profiles: p.Profiles},
		}
		if len(m.Groups) > 1 {
			d.ID += fmt.Sprintf("-%d", i+1)
			d.Title += fmt.Sprintf(" (rate %d of %d)", i+1, len(m.Groups))
		}
		switch g.Basis {
		case content.BasisBoolean:
			d.Basis = BasisPatient
		case BasisEncounter:
			d.Attribution, d.AttributionMonths = AttributionProvider, 0
		}
		for _, l := range p.Libraries {
			d.Published.Libraries = append(d.Published.Libraries, l.Name+"|"+l.Version)
		}
		for _, lack := range p.Lacking {
			d.Published.Lacking = append(d.Published.Lacking, lack.Error())
		}
		for _, one := range g.Populations {
			shown := Population{Name: one.Code, File: p.Library, ID: one.ID, Define: one.Define}
			if one.Code == population.Observation {
				shown.Observes, shown.Aggregate = population.Observed(g, one), one.Aggregate
			}
			d.Populations = append(d.Populations, shown)
		}
		for _, one := range p.Strata(i) {
			d.Published.Stratifiers = append(d.Published.Stratifiers, Stratifier{ID: one.ID, Name: one.Name, Title: strings.TrimSpace(one.Description), Problem: one.Problem})
		}
		d.CareGaps = reasonsOf(p.Reasons(i))
		d.Hash = d.hash()
		out = append(out, d)
	}
	return out
}

// choose finds the measures that are asked for: by ID in the library, by name or URL in
// the package. Without names it is all of the library that is written in SQL.
func (p *plan) choose(ctx context.Context) (err error) {
	if p.Measures == nil {
		p.measures, err = p.Library.pick(KindMeasure, nil)
		return err
	}
	pkg := &content.Package{}
	if p.Package != nil {
		if pkg, err = content.Open(ctx, p.Package); err != nil {
			return err
		}
	}
	var own []string
	var wanted []*content.Measure
	var mistakes []error
	for _, name := range p.Measures {
		found := pkg.MeasuresNamed(name)
		_, unknown := p.Library.pick(KindMeasure, []string{name})
		switch {
		case unknown == nil && found != nil:
			mistakes = append(mistakes, fmt.Errorf("measure %q is in the library and in the package: name the one in the package by its URL, %s", name, found[0].URL))
		case unknown == nil:
			own = append(own, name)
		case len(found) > 1:
			_, err := measureNamed(pkg, name)
			mistakes = append(mistakes, err)
		case found != nil:
			wanted = append(wanted, found[0])
		default:
			mistakes = append(mistakes, p.unknown(name, pkg))
		}
	}
	if len(own) > 0 {
		picked, err := p.Library.pick(KindMeasure, own)
		if err != nil {
			mistakes = append(mistakes, err)
		}
		p.published = p.Library.inCQL(picked)
		p.measures = slices.DeleteFunc(picked, func(d Definition) bool { return d.Published != nil })
	}
	if len(mistakes) > 0 {
		return errors.Join(mistakes...)
	}
	return p.compile(ctx, pkg, wanted)
}

func (p *plan) unknown(name string, pkg *content.Package) error {
	known := p.Library.IDs(KindMeasure)
	for _, m := range pkg.Measures {
		known = append(known, m.Name)
	}
	err := fmt.Errorf("unknown measure %q", name)
	switch hint := source.DidYouMean(name, known); {
	case hint != "":
		return fmt.Errorf("%w (%s)", err, hint)
	case p.Package == nil:
		return fmt.Errorf("%w (no package of published measures is imported)", err)
	}
	return err
}

// compile compiles the published measures that are wanted, all of them before anything
// runs. Value sets that are lacking are mistakes, unless they are allowed to be.
func (p *plan) compile(ctx context.Context, pkg *content.Package, wanted []*content.Measure) error {
	compiler, err := evaluate.NewCompiler(pkg, p.Profiles, takenStrata()...)
	if err != nil {
		return err
	}
	var mistakes source.Diagnostics
	taken := map[string]string{}
	for _, d := range p.allMeasures() {
		taken[d.ID] = "the library"
	}
	done := map[*content.Measure]bool{}
	for i, m := range wanted {
		if err := ctx.Err(); err != nil {
			return err
		}
		p.Progress.Report("compile", int64(i), int64(len(wanted)))
		if done[m] {
			continue
		}
		done[m] = true
		program, err := compiler.Compile(m)
		var found source.Diagnostics
		if errors.As(err, &found) {
			mistakes = append(mistakes, found...)
			continue
		} else if err != nil {
			return err
		}
		if !p.AllowMissingValueSets {
			for _, lack := range program.Lacking {
				lack.Hint = "import a package that has it, or --allow-missing-valuesets, which makes the results incomplete"
				mistakes = append(mistakes, lack)
			}
		}
		one := published{program, publishedDefinitions(program, p.Package.ID())}
		for _, d := range one.definitions {
			if first := taken[d.ID]; first != "" {
				mistakes = append(mistakes, source.Diagnostic{Pos: source.Pos{File: m.Name}, Code: "duplicate-id", Message: fmt.Sprintf("its results would be named %s, as those of %s", d.ID, first), Hint: "run them apart"})
			}
			taken[d.ID] = m.URL
		}
		p.published = append(p.published, one)
	}
	return append(mistakes, p.clashing()...).Err()
}

// clashing names the value sets that two measures of the run mean differently: a run has one
// set of codes for a URL.
func (p *plan) clashing() (mistakes source.Diagnostics) {
	type use struct {
		set     *content.ValueSet
		measure string
	}
	first := map[string]use{}
	for _, one := range p.published {
		for _, v := range one.program.ValueSets {
			known, ok := first[v.URL]
			if !ok {
				first[v.URL] = use{v, one.program.Measure.Name}
				continue
			}
			if !slices.Equal(known.set.Codes, v.Codes) {
				mistakes = append(mistakes, source.Diagnostic{Pos: source.Pos{File: one.program.Measure.Name}, Code: "two-value-sets",
					Message: fmt.Sprintf("its value set %s|%s has other codes than %s has for it", v.URL, v.Version, known.measure), Hint: "run them apart"})
			}
		}
	}
	return mistakes
}

// evaluatePublished computes a published measure and keeps the results of each group.
func (p *plan) evaluatePublished(ctx context.Context, s *evaluate.Session, e *engine, one published, out *output) error {
	if err := s.Run(ctx, one.program); err != nil {
		return err
	}
	if err := p.keepIssues(ctx, e, idOf(one.program.Measure.Name), out); err != nil {
		return err
	}
	for i, d := range one.definitions {
		if err := e.db.Exec(ctx, d.ID+" roles", "CREATE OR REPLACE VIEW run.role AS "+roleSQL(one.program.Measure.Groups[i], evaluate.Group(i), len(d.CareGaps) > 0)); err != nil {
			return err
		}
		if err := e.stratify(ctx, d); err != nil {
			return err
		}
		if err := e.publishedGaps(ctx, d); err != nil {
			return err
		}
		if err := p.keep(ctx, e, d, out); err != nil {
			return err
		}
		if err := p.keepStrata(ctx, e, d, evaluate.Strata(i), out); err != nil {
			return err
		}
	}
	return nil
}

// keepIssues writes whose data made a define of a measure fail: it is null for them.
func (p *plan) keepIssues(ctx context.Context, e *engine, measure string, out *output) error {
	issues, err := e.db.QueryArrow(ctx, measure+" issues", "SELECT '"+measure+"' AS measure, define, library, line, reason, period, pid FROM "+evaluate.Issues+" ORDER BY library, line, define, reason, period, pid")
	if err != nil {
		return err
	}
	return out.stream(tableIssue, issues)
}

// keepStrata writes the subjects' values of the measure's own stratifiers, and the
// aggregates by them.
func (p *plan) keepStrata(ctx context.Context, e *engine, d Definition, table string, out *output) error {
	if !slices.ContainsFunc(d.Published.Stratifiers, func(s Stratifier) bool { return s.Problem == "" }) {
		return nil
	}
	err := e.db.Exec(ctx, d.ID+" strata", "CREATE OR REPLACE VIEW run.stratum AS SELECT * REPLACE (period::run.period_id AS period) FROM "+table)
	if err != nil {
		return err
	}
	values, err := e.db.QueryArrow(ctx, d.ID+" strata", "SELECT '"+d.ID+"' AS measure, period::VARCHAR AS period, pid, episode, stratum, value FROM run.stratum t ORDER BY t.period, pid, episode, stratum")
	if err != nil {
		return err
	}
	if err := out.stream(tableStratum, values); err != nil {
		return err
	}
	on := "t.pid = s.pid AND t.period = s.period"
	if d.Episodic() {
		on += " AND t.episode = s.episode"
	}
	margins, err := e.readMargins(ctx, d, fmt.Sprintf(`SELECT s.period::VARCHAR AS period, t.stratum, t.value, %s
		FROM run.subject s JOIN run.stratum t ON %s GROUP BY s.period, t.stratum, t.value`, countsOf(d), on))
	if err != nil {
		return err
	}
	e.complete(d, margins)
	return out.add(tableAggregate, rows(margins))
}

// roleSQL is run.role of a group: what each subject counts for, by the group's scoring.
func roleSQL(g content.Group, table string, gaps bool) string {
	in := map[string]string{}
	value := map[string]string{} // of what is observed
	var bits []string
	for i, p := range g.Populations {
		column := population.Column(i)
		condition := column
		if p.Code == population.Observation {
			condition = column + " IS NOT NULL"
			value[population.Observed(g, p)] = column
		} else {
			in[p.Code] = column
		}
		bits = append(bits, bit(condition, i))
	}
	is := func(code string) string {
		if in[code] == "" {
			return "false"
		}
		return in[code]
	}
	of := func(code string) string {
		if value[code] == "" {
			return "NULL::DOUBLE"
		}
		return value[code]
	}
	denominatorIs, excluded := is(denominator), is(denominatorExclusion)
	numeratorIs := is(numerator) + " AND NOT " + is(numeratorExclusion)
	numeratorOf, denominatorOf := of(numerator), of(denominator)
	if g.Scoring == ScoringContinuous {
		denominatorIs, excluded = is(population.Measured), is(population.MeasuredExclusion)
		numeratorOf = of(population.Measured)
		numeratorIs = numeratorOf + " IS NOT NULL"
	}
	gap := ""
	if gaps {
		gap = ", " + evaluate.GapColumn
	}
	return fmt.Sprintf(`SELECT pid, period::run.period_id AS period, episode, %s AS populations,
			%s AND NOT %s AND NOT %s AS denominator, %[3]s AS denominator_exclusion, %[4]s AS denominator_exception,
			%[5]s AS numerator, %[6]s AS numerator_exclusion, %[7]s AS numerator_value, %[8]s AS denominator_value%[10]s
		FROM %[9]s`,
		strings.Join(bits, " + "), denominatorIs, excluded, is(denominatorException), numeratorIs, is(numeratorExclusion), numeratorOf, denominatorOf, table, gap)
}

// open makes a session for programs, which tells of each define that is done.
func (p *plan) open(ctx context.Context, e *engine, programs []*evaluate.Program) (*evaluate.Session, error) {
	s, err := evaluate.Open(ctx, e.db, programs)
	if err != nil {
		return nil, err
	}
	done, steps := int64(0), int64(s.Steps())
	s.Step = func() {
		done++
		p.Progress.Report("define", done, steps)
	}
	return s, nil
}

// runPublished computes the published measures, after all SQL of authors.
func (p *plan) runPublished(ctx context.Context, e *engine, out *output) error {
	if len(p.published) == 0 {
		return nil
	}
	var programs []*evaluate.Program
	for _, one := range p.published {
		programs = append(programs, one.program)
	}
	s, err := p.open(ctx, e, programs)
	if err != nil {
		return err
	}
	var periods []evaluate.Period
	for _, q := range p.Periods {
		periods = append(periods, evaluate.Period{ID: q.ID, First: q.Low, Last: q.High.AddDate(0, 0, -1)})
	}
	if err := s.Ask(ctx, periods, nil); err != nil {
		return err
	}
	if err := s.Begin(ctx); err != nil {
		return err
	}
	for _, one := range p.published {
		if err := p.evaluatePublished(ctx, s, e, one, out); err != nil {
			return err
		}
	}
	return nil
}
