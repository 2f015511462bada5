package measures

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"farr/datasets"
	"farr/internal/duck"
	"farr/measures/internal/content"
	"farr/measures/internal/evaluate"
)

// ExplainRequest is whom a published measure is to be explained for, and when.
type ExplainRequest struct {
	Extract  *datasets.Snapshot
	Key      *datasets.Key // opens the extract's dates; may be nil for profile limited
	Package  *datasets.Snapshot
	Measure  string // name or URL
	PID      string // pseudonym, as results show it
	Period   *Period
	Profiles Profiles // as the run that is explained had it; inferred when empty
}

// Explanation is a measure's value for one person in one period, define by define. It holds
// true dates of the person: see Store.Disclose.
type Explanation struct {
	Measure string `json:"measure"`
	URL     string `json:"url"`
	Version string `json:"version"`
	PID     string `json:"pid"`
	Period  string `json:"period"`
	Extract string `json:"extract"`
	evaluate.Explained
	// Lacking are the value sets that were taken as empty, since the package lacks them.
	Lacking []string `json:"lacking,omitempty"`
}

// Explainer has compiled a measure and is ready to explain it.
type Explainer struct {
	request ExplainRequest
	pid     uuid.UUID
	period  Period
	program *evaluate.Program
}

// NewExplainer compiles the measure. Every mistake of it, and in the request, comes before
// any record is read.
func NewExplainer(ctx context.Context, r ExplainRequest) (*Explainer, error) {
	if err := r.Extract.NeedDays(); err != nil {
		return nil, fmt.Errorf("measure explain: %w", err)
	}
	e := &Explainer{request: r}
	var err error
	if e.pid, err = uuid.Parse(r.PID); err != nil {
		return nil, errors.New("measure explain: a patient is named by pseudonym, as in the results' column pid")
	}
	if r.Period != nil {
		e.period = *r.Period
	} else if e.period, err = lastWholeYear(r.Extract); err != nil {
		return nil, fmt.Errorf("measure explain: %w", err)
	}
	pkg, err := content.Open(ctx, r.Package)
	if err != nil {
		return nil, fmt.Errorf("measure explain: %w", err)
	}
	m, err := measureNamed(pkg, r.Measure)
	if err != nil {
		return nil, fmt.Errorf("measure explain: %w", err)
	}
	compiler, err := evaluate.NewCompiler(pkg, r.Profiles, takenStrata()...)
	if err != nil {
		return nil, fmt.Errorf("measure explain: %w", err)
	}
	if e.program, err = compiler.Compile(m); err != nil {
		return nil, fmt.Errorf("measure explain: %w", err)
	}
	return e, nil
}

// lastWholeYear is the last calendar year of which the data know every day.
func lastWholeYear(extract *datasets.Snapshot) (Period, error) {
	text, _ := extract.Manifest().Facts[factAsOf].(string)
	asOf, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Period{}, fmt.Errorf("snapshot %.12s says no last day that its data know", extract.ID())
	}
	periods, err := ParsePeriods(fmt.Sprint(asOf.AddDate(0, 0, 1).Year() - 1))
	if err != nil {
		return Period{}, err
	}
	return periods[0], nil
}

// Disclosure is what explaining will show, to be written down before it does.
func (e *Explainer) Disclosure(who, to string) datasets.Disclosure {
	return datasets.Disclosure{
		Who: who, What: "measure explain", To: to,
		Measure: e.program.Measure.URL + "|" + e.program.Measure.Version, PID: e.pid.String(), Extract: e.request.Extract.ID(),
	}
}

// Explain computes the measure for the person alone, by the same statements as a run, and
// tells the value of every define. A value set that the package lacks is taken as empty.
func (e *Explainer) Explain(ctx context.Context, s *datasets.Store) (*Explanation, error) {
	found, err := e.explain(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("measure explain: %w", err)
	}
	m := e.program.Measure
	out := &Explanation{Measure: m.Name, URL: m.URL, Version: m.Version, PID: e.pid.String(), Period: e.period.ID, Extract: e.request.Extract.ID(), Explained: *found}
	for _, lack := range e.program.Lacking {
		out.Lacking = append(out.Lacking, lack.Error())
	}
	return out, nil
}

func (e *Explainer) explain(ctx context.Context, s *datasets.Store) (*evaluate.Explained, error) {
	staging, err := s.Begin(ctx, KindResults)
	if err != nil {
		return nil, err
	}
	defer staging.Close()
	db, err := duck.Open(ctx, duck.Config{TempDir: staging.Dir(), AllowedDirs: []string{s.ObjectsDir()}})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if err := datasets.Attach(ctx, db, e.request.Extract, e.request.Key, e.program.Opens()...); err != nil {
		return nil, err
	}
	var persons int64
	if err := db.QueryRow(ctx, "find the person", "SELECT count(*) FROM fhir.patient WHERE pid = "+duck.Quote(e.pid.String())+"::UUID", &persons); err != nil {
		return nil, err
	}
	if persons == 0 {
		return nil, fmt.Errorf("extract %.12s has no such patient", e.request.Extract.ID())
	}
	if err := datasets.Narrow(ctx, db, "SELECT "+datasets.PersonNumber+" FROM "+datasets.NumberedSchema+".patient WHERE pid = "+duck.Quote(e.pid.String())+"::UUID"); err != nil {
		return nil, err
	}
	session, err := evaluate.Open(ctx, db, []*evaluate.Program{e.program})
	if err != nil {
		return nil, err
	}
	if err := session.Hold(ctx); err != nil {
		return nil, err
	}
	if err := db.Lock(ctx); err != nil {
		return nil, err
	}
	period := evaluate.Period{ID: e.period.ID, First: e.period.Low, Last: e.period.High.AddDate(0, 0, -1)}
	if err := session.Ask(ctx, []evaluate.Period{period}, []evaluate.Subject{{PID: e.pid.String(), Period: e.period.ID}}); err != nil {
		return nil, err
	}
	return session.Explain(ctx, e.program)
}

// WriteText writes the explanation for a reader: how the person counts, then each define
// beside the place of its source.
func (x *Explanation) WriteText(w io.Writer) error {
	var b strings.Builder
	line := func(format string, args ...any) { b.WriteString(oneLine(fmt.Sprintf(format, args...)) + "\n") }
	line("%s, patient %s, period %s", x.Measure, x.PID, x.Period)
	for _, lack := range x.Lacking {
		line("taken as empty: %s", lack)
	}
	for _, i := range x.Issues {
		line("null, since the data make it fail: %s  %s:%d  %s", i.Define, i.Library, i.Line, i.Reason)
	}
	for i, g := range x.Groups {
		line("")
		line("group %d, %s, counts %s", i+1, g.Scoring, counted(g.Basis))
		for _, p := range g.Populations {
			line("  %-30s %4d   %s  %s:%d", p.Code, p.Count, p.Define, p.Library, p.Line)
		}
	}
	line("")
	for _, d := range x.Defines {
		head := fmt.Sprintf("%s  %s:%d  ", d.Name, d.Library, d.Line)
		switch {
		case !d.List:
			line("%s%s", head, d.Value)
		case len(d.Values) == 1:
			line("%s1 element", head)
		default:
			line("%s%d elements", head, len(d.Values))
		}
		for _, v := range d.Values {
			line("    %s", v)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// counted is what a group of a basis counts.
func counted(basis string) string {
	if basis == content.BasisBoolean {
		return "patients"
	}
	return "resources of type " + basis
}

// oneLine keeps names from files within their line, and a terminal from obeying them.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
