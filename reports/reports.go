package reports

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"farr/internal/progress"
	"farr/measures"
	"farr/reports/internal/chart"
	"farr/reports/internal/disclose"
	"farr/reports/internal/page"
	"farr/reports/internal/text"
)

// Audience is who will read the report: Internal or External. There is no
// default.
type Audience = disclose.Audience

const (
	Internal = disclose.Internal
	External = disclose.External
)

// DisclosurePolicies are the policies that a report for an external audience can be made under, the
// default first.
func DisclosurePolicies() []string { return disclose.PolicyNames() }

// Request is what a report is made from.
type Request struct {
	Results      *measures.Results
	KPIFile      string // targets and owners; none when empty
	Audience     Audience
	Disclosure   string // policy for an external audience, of DisclosurePolicies; the first when empty
	LanguageFile string // of the pages; English when empty
	Organisation string // on every page and in the printed foot
	Title        string
	Boundaries   []Boundaries // of places that farr has none of, for maps
	Out          string       // the bundle's folder; a farr bundle there is replaced
	Previous     string       // folder of the report before, to say what changed since; Out when empty
	Annotations  []Annotation
	Rebases      []Rebase
	Command      string // the command that makes this report again, for the run page
	Browser      string // Chromium, to print the report as a PDF too; none when empty
	Progress     progress.Func

	earlier    []disclose.Earlier                                // releases that count
	notCounted int                                               // releases of the same extract that do not
	record     func(facts map[string]any, released []byte) error // logs the report before it is in place; nil in tests
}

// Bundle is a written report.
type Bundle struct {
	Dir          string // the folder
	Index        string // its index.html
	Files        int
	Untranslated int    // texts that a partial language file lacks: they are in English
	ManifestHash string // hex SHA-256 of manifest.json, which lists every other file
	// Unjudged are the measures whose targets cannot be judged, since records that they rest on lack.
	Unjudged []Unjudged
}

// Unjudged is a measure with a target and a number that is not to be held against it.
type Unjudged struct {
	Measure string `json:"measure"` // its ID
	Why     string `json:"why"`     // in English
}

// input is everything a report reads, in exact numbers.
type input struct {
	definitions []measures.Definition
	aggregates  []measures.Aggregate
	careGaps    []measures.CareGap
	attrition   []measures.Attrition
	incidence   []measures.Incidence
	spans       []measures.Rate          // of all persons
	grouped     []measures.Rate          // by stratum, in one period
	outcomes    []measures.Outcome       // of all members
	survival    []measures.SurvivalPoint // of all members
	adjusted    []measures.Adjusted      // of all members and by stratum
	described   []measures.Description   // of all members, by age and by sex
	quality     measures.Quality
	feeds       []measures.Feed
	incomplete  []measures.Incomplete
	lineage     measures.Lineage
}

func build(ctx context.Context, in input, req Request) (*Bundle, error) {
	border, err := disclose.NewBorder(string(req.Audience), req.Disclosure)
	if err != nil {
		return nil, err
	}
	border.Against(req.earlier)
	if err := checkOut(req.Out); err != nil {
		return nil, err
	}
	language, err := languageOf(req.LanguageFile)
	if err != nil {
		return nil, err
	}
	targets, targetsHash, err := readKPIs(req.KPIFile, in.definitions)
	if err != nil {
		return nil, err
	}
	if err := checkEvents(in, req); err != nil {
		return nil, err
	}
	boundaries, err := readBoundaries(req.Boundaries, in)
	if err != nil {
		return nil, err
	}
	report, err := release(ctx, in, targets, req, language, border)
	if err != nil {
		return nil, err
	}
	seen, err := releaseRecords(ctx, in, border)
	if err != nil {
		return nil, err
	}
	if report.Quality, err = qualityPage(in, border, seen); err != nil {
		return nil, err
	}
	markIncomplete(report, in.incomplete)
	markFeeds(report)
	for i := range report.Cohorts {
		report.Cohorts[i].Boundaries = boundaries
	}
	if report.Run, err = runPage(in, req, border, targetsHash, seen); err != nil {
		return nil, err
	}
	var certificate *disclose.Certificate
	if !border.Internal() {
		c := border.Certificate()
		c.NotCounted = req.notCounted
		certificate = &c
	}
	if report.Privacy, err = privacyPage(in.lineage, border, seen, certificate); err != nil {
		return nil, err
	}
	files, err := page.Render(ctx, report, language, func(done, total int) { req.Progress.Report("report", int64(done), int64(total)) })
	if err != nil {
		return nil, err
	}
	files["licences.txt"] = []byte(report.Notices)
	if req.Browser != "" {
		book, err := page.Book(report, files)
		if err != nil {
			return nil, err
		}
		if files[printName], err = printed(ctx, req.Browser, book, in.lineage.AsOf, req.Out); err != nil {
			return nil, err
		}
	}
	bundle, err := write(req, in.lineage, border, certificate, targetsHash, language, files)
	if err != nil {
		return nil, err
	}
	bundle.Unjudged = unjudged(report)
	return bundle, nil
}

// release makes the report of what the audience may see. After it, no exact
// count is left.
func release(ctx context.Context, in input, targets map[string]page.KPI, req Request, language *text.Words, border *disclose.Border) (*page.Report, error) {
	notices, err := chart.Notices()
	if err != nil {
		return nil, err
	}
	r := &page.Report{Organisation: req.Organisation, Title: req.Title, Policy: border.Policy,
		AsOf: in.lineage.AsOf, Results: in.lineage.Results, Notices: notices, Source: page.Source{Extract: in.lineage.Extract, Engine: in.lineage.Engine}}
	r.Previous, r.PreviousNote = previousState(cmp.Or(req.Previous, req.Out), in.lineage.Results)
	if r.Organisation == "" {
		r.Organisation = language.Say("Organisation not named")
	}
	if r.Title == "" {
		r.Title = language.Say("Quality of care")
	}
	for _, d := range in.definitions {
		d.Title = strings.ReplaceAll(d.Title, " %", "\u00a0%") // not to be parted at a line's end
		switch d.Kind {
		case "measure":
			m, ok, err := releaseMeasure(ctx, in, d, border)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			m.Annotations, m.Rebases = eventsOf(req, d.ID)
			if k, ok := targets[d.ID]; ok {
				m.KPI = &k
				if k.Direction != "" {
					m.Definition.Direction = k.Direction
				}
			}
			r.Measures = append(r.Measures, m)
		case "cohort":
			c, err := releaseCohort(ctx, in, d, border)
			if err != nil {
				return nil, err
			}
			r.Cohorts = append(r.Cohorts, c)
		default:
			return nil, fmt.Errorf("definition %s is of an unknown kind %q", d.ID, d.Kind)
		}
	}
	if len(r.Measures)+len(r.Cohorts) == 0 {
		return nil, fmt.Errorf("results %s hold no measure and no cohort to report", in.lineage.Results)
	}
	return r, nil
}

func scaleOf(d measures.Definition) disclose.Scale {
	if d.Kind == measures.KindMeasure {
		switch d.Scoring {
		case measures.ScoringProportion:
			return disclose.Percent
		case measures.ScoringRatio:
			return disclose.Ratio
		case measures.ScoringContinuous:
			return disclose.Observed
		case measures.ScoringCohort:
			return disclose.Headcount
		}
	}
	return disclose.Scale(d.Multiplier)
}

// single tells whether the score is one subject's value.
func single(d measures.Definition) bool {
	return slices.ContainsFunc(d.Populations, func(p measures.Population) bool { return p.Aggregate == "minimum" || p.Aggregate == "maximum" })
}

// family is the measure of a published rate that is one of several.
func family(d measures.Definition) string {
	if p := d.Published; p != nil && p.Groups > 1 {
		return "measure " + p.Name
	}
	return ""
}

// criteria tell which counts of the rates of a family are one: those of populations by the same defines.
func criteria(d measures.Definition) (c disclose.Criteria) {
	if family(d) == "" {
		return c
	}
	for _, p := range d.Populations {
		one := fmt.Sprintf("%s %s %s\n", p.Name, p.File, p.Define)
		c.Numerator += one
		if !strings.HasPrefix(p.Name, "numerator") {
			c.Denominator += one
		}
		if p.Name == "initial-population" {
			c.Initial += one
		}
	}
	if slices.ContainsFunc(d.Populations, func(p measures.Population) bool { return p.Name == "denominator-exception" }) {
		c.Denominator = c.Numerator // who is in the numerator is no exception
	}
	return c
}

func releaseMeasure(ctx context.Context, in input, d measures.Definition, b *disclose.Border) (m page.Measure, ok bool, err error) {
	x := disclose.ExactMeasure{Name: d.ID, Family: family(d), Criteria: criteria(d), Scale: scaleOf(d), Additive: d.Episodic() || d.Scoring == measures.ScoringRate, Single: single(d)}
	headline, ok := headlinePeriod(in.aggregates, d.ID)
	x.Headline = headline.ID
	for _, g := range in.aggregates {
		// Only what the pages show is released: everyone in every period, the
		// groups in the headline period.
		if g.Measure != d.ID || (g.Stratum != "all" && g.Period != headline.ID) {
			continue
		}
		if d.Scoring == measures.ScoringCohort { // it has no denominator: its number is how many there are
			g.Denominator, g.Numerator, g.Rate = g.InitialPopulation, g.InitialPopulation, float64(g.InitialPopulation)
		}
		x.Rows = append(x.Rows, disclose.Exact{Period: periodOf(g), Stratum: g.Stratum, Value: g.Value,
			Initial: g.InitialPopulation, Excluded: g.DenominatorExclusion, Excepted: g.DenominatorException, Denominator: g.Denominator, Numerator: g.Numerator,
			Rate: g.Rate, Low: g.CILow, High: g.CIHigh, Method: g.Method, Complete: g.Complete})
	}
	x.GapsIn = d.GapsIn()
	for _, g := range in.careGaps {
		if g.Measure == d.ID && g.Period == headline.ID {
			x.Gaps = append(x.Gaps, disclose.ExactGap{ID: g.Gap, Title: g.Title, Subjects: g.Subjects})
		}
	}
	released, err := releaseOverPeriods(ctx, b, x)
	return page.Measure{Definition: d, Released: released, Headline: headline}, ok, err
}

func periodOf(g measures.Aggregate) disclose.Period {
	return disclose.Period{ID: g.Period, Family: g.Family, Low: g.Low, High: g.High}
}

// headlinePeriod is the period of a measure's first number: the newest complete
// one by its end; of those that end together the longest, and a rolling window
// before a disjoint period. Nothing in the choice depends on a count.
func headlinePeriod(all []measures.Aggregate, measure string) (disclose.Period, bool) {
	var best measures.Aggregate
	found := false
	rank := func(g measures.Aggregate) [4]int64 {
		var r [4]int64
		if g.Complete {
			r[0] = 1
		}
		r[1] = g.High.Unix()
		r[2] = int64((g.High.Year()-g.Low.Year())*12 + int(g.High.Month()) - int(g.Low.Month()))
		if g.Family != measures.FamilyDisjoint {
			r[3] = 1
		}
		return r
	}
	for _, g := range all {
		if g.Measure != measure || g.Stratum != "all" {
			continue
		}
		if a, b := rank(g), rank(best); !found || later(a, b) {
			best, found = g, true
		}
	}
	return periodOf(best), found
}

func later(a, b [4]int64) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] > b[i]
		}
	}
	return false
}
