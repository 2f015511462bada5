package synth

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
)

const (
	truthFile   = "truth.json"
	sitesFile   = "sites.csv"
	markersFile = "markers.json"
)

// Truth is the shape of truth.json.
type Truth struct {
	Seed       uint64           `json:"seed"`
	Patients   int              `json:"patients"`
	Start      string           `json:"start"`
	End        string           `json:"end"`
	Zone       string           `json:"zone"`
	AsOf       string           `json:"as_of"`
	Sites      []Site           `json:"sites"`
	Effects    []Effect         `json:"effects"`
	Periods    []string         `json:"periods"`
	Resources  map[string]int64 `json:"resources"`         // lines of each file, by its resource type
	Superseded map[string]int64 `json:"superseded"`        // of these, lines that another line of the same id replaces
	Dropped    map[string]int64 `json:"dropped_by_policy"` // good lines with an unknown modifierExtension or with implicitRules
	Withheld   int64            `json:"withheld"`          // events of the stopped feed
	Measures   []Count          `json:"measures"`
	Cohorts    []CohortCount    `json:"cohorts"`
	Outcomes   []OutcomeCount   `json:"outcomes"`
	Rates      []RateCount      `json:"rates"`
	Dirty      []BadLine        `json:"dirty"`
}

// Site is an Organization that provides care.
type Site struct {
	ID    string `json:"id"` // FHIR id of the Organization
	Label string `json:"label"`
}

// Count is one measure, period and stratum value. The denominator of emergency-visits is
// person-days and its initial population persons; of the others all are persons or stays.
// Counts with an empty denominator are left out.
type Count struct {
	Measure     string `json:"measure"`
	Period      string `json:"period"`
	Stratum     string `json:"stratum"`
	Value       string `json:"value"`
	Denominator int64  `json:"denominator"`
	Numerator   int64  `json:"numerator"`
	Initial     int64  `json:"initial_population"`
	Excluded    int64  `json:"denominator_exclusion"`
}

// CohortCount is one cohort. Its study window is [study_low, study_high).
type CohortCount struct {
	ID              string      `json:"id"`
	StudyLow        string      `json:"study_low"`
	StudyHigh       string      `json:"study_high"`
	Attrition       []Remaining `json:"attrition"`
	Members         []Member    `json:"members"`         // by Patient and index date
	Characteristics []Holding   `json:"characteristics"` // of members
	Incidence       []Incidence `json:"incidence"`       // empty where the cohort has no time at risk
}

// Member is an entry that passes all rules.
type Member struct {
	Patient   string `json:"patient"` // FHIR id
	IndexDate string `json:"index_date"`
}

// Holding is how many members have a characteristic on their index dates.
type Holding struct {
	Characteristic string `json:"characteristic"`
	Members        int64  `json:"members"`
}

// OutcomeCount is what became of the members of one value of a stratum.
type OutcomeCount struct {
	Cohort     string `json:"cohort"`
	Outcome    string `json:"outcome"`
	Stratum    string `json:"stratum"`
	Value      string `json:"value"`
	AtRisk     int64  `json:"at_risk"`
	WashedOut  int64  `json:"washed_out"`
	NoTime     int64  `json:"no_time"`
	Events     int64  `json:"events"`
	PersonDays int64  `json:"person_days"`
}

// RateCount is new cases in a period over the days at risk of becoming one.
type RateCount struct {
	Cohort     string `json:"cohort"`
	Period     string `json:"period"`
	Stratum    string `json:"stratum"`
	Value      string `json:"value"`
	Cases      int64  `json:"cases"`
	PersonDays int64  `json:"person_days"`
}

// Remaining is how many entries a rule leaves.
type Remaining struct {
	Rule      string `json:"rule"`
	Remaining int64  `json:"remaining"`
}

// Incidence is of one calendar year.
type Incidence struct {
	Year       int   `json:"year"`
	Cases      int64 `json:"cases"`
	PersonDays int64 `json:"person_days"`
}

func (w *world) truth(o Options, s *Summary, out *export, total *totals) *Truth {
	t := &Truth{
		Seed: w.seed, Patients: o.Patients, Start: w.start.String(), End: w.end.String(), Zone: zoneName, AsOf: w.end.String(),
		Effects: w.effects(), Resources: s.Resources, Superseded: map[string]int64{}, Dropped: map[string]int64{}, Withheld: total.withheld,
		Measures: total.tally.counts(), Cohorts: []CohortCount{}, Outcomes: []OutcomeCount{}, Rates: []RateCount{}, Dirty: out.dirty,
	}
	for i := range total.tally.studies {
		cohort, outcomes, rates := total.tally.studies[i].results()
		t.Cohorts, t.Outcomes, t.Rates = append(t.Cohorts, cohort), append(t.Outcomes, outcomes...), append(t.Rates, rates...)
	}
	for _, site := range w.sites {
		t.Sites = append(t.Sites, Site{site.id.String(), site.label})
	}
	for _, p := range w.periods {
		t.Periods = append(t.Periods, p.id)
	}
	for f, n := range total.superseded {
		if n > 0 {
			t.Superseded[resourceTypes[f]] = n
		}
		if n := total.dropped[f]; n > 0 {
			t.Dropped[resourceTypes[f]] = n
		}
	}
	if t.Dirty == nil {
		t.Dirty = []BadLine{}
	}
	return t
}

func (t *tally) counts() []Count {
	var list []Count
	for m, id := range measureIDs {
		for n, in := range t.w.periods {
			row := t.row(m, n)
			for _, s := range t.strata[:byState] {
				for v, value := range s.values {
					if c := row[s.from+v]; c.denominator > 0 {
						list = append(list, Count{id, in.id, s.name, value, c.denominator, c.numerator, c.initial, c.excluded})
					}
				}
			}
		}
	}
	return list
}

// writeTruth writes one member of the object a line, and one count a line, so that two
// truths can be compared by eye.
func (e *export) writeTruth(w *world, o Options, s *Summary, total *totals) error {
	truth := w.truth(o, s, e, total)
	long := []struct {
		name string
		rows [][]byte
	}{{"measures", lines(truth.Measures)}, {"outcomes", lines(truth.Outcomes)}, {"rates", lines(truth.Rates)}}
	truth.Measures, truth.Outcomes, truth.Rates = []Count{}, []OutcomeCount{}, []RateCount{}
	head, err := json.MarshalIndent(truth, "", " ")
	if err != nil {
		return err
	}
	return e.write(truthFile, func(b *bufio.Writer) error {
		for _, list := range long {
			before, after, _ := bytes.Cut(head, []byte(`"`+list.name+`": []`))
			b.Write(before)
			b.WriteString(`"` + list.name + `": [`)
			for i, row := range list.rows {
				if i > 0 {
					b.WriteByte(',')
				}
				b.WriteString("\n  ")
				b.Write(row)
			}
			b.WriteString("\n ]")
			head = after
		}
		b.Write(head)
		return b.WriteByte('\n')
	})
}

// lines are the list's elements as JSON. They are structs of text and numbers, which always have one.
func lines[T any](list []T) (rows [][]byte) {
	for _, v := range list {
		row, _ := json.Marshal(v)
		rows = append(rows, row)
	}
	return rows
}

// writeSites writes the operator's file of site labels, which FHIR names are too free for.
func (e *export) writeSites(w *world) error {
	return e.write(sitesFile, func(b *bufio.Writer) error {
		c := csv.NewWriter(b)
		_ = c.Write([]string{"id", "label"})
		for _, s := range w.sites {
			_ = c.Write([]string{s.id.String(), s.label})
			_ = c.Write([]string{s.location.String(), s.label})
		}
		c.Flush()
		return c.Error()
	})
}

// markedPatients is how many patients markers.json lists.
const markedPatients = 25

// marker is what a leak test looks for of one patient.
type marker struct {
	ID        string `json:"id"`
	Given     string `json:"given"`
	Family    string `json:"family"`
	Street    string `json:"street"`
	Phone     string `json:"phone"`
	Email     string `json:"email"`
	MRN       string `json:"mrn"`
	SSN       string `json:"ssn"`
	BirthDate string `json:"birth_date,omitempty"`
}

func (p *person) marker() marker {
	m := marker{p.id.String(), p.given, p.family, p.street, p.phone, p.email, p.mrn, p.ssn, ""}
	if p.birth.prec == toDay {
		m.BirthDate = p.birth.day().String()
	}
	return m
}

// writeMarkers lists planted identifiers; bad_line is the prefix of the names in bad lines.
func (e *export) writeMarkers(markers []marker) error {
	return e.write(markersFile, func(b *bufio.Writer) error {
		all, err := json.MarshalIndent(struct {
			BadLine  string   `json:"bad_line"`
			Patients []marker `json:"patients"`
		}{dirtMarker, markers}, "", " ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(b, "%s\n", all)
		return err
	})
}
