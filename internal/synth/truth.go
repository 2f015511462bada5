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
	ID        string      `json:"id"`
	StudyLow  string      `json:"study_low"`
	StudyHigh string      `json:"study_high"`
	Attrition []Remaining `json:"attrition"`
	Members   []string    `json:"members"` // FHIR ids of Patients, sorted
	Incidence []Incidence `json:"incidence"`
}

// Remaining is how many persons a rule leaves.
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
		Measures: total.tally.counts(), Cohorts: []CohortCount{total.tally.cohort.result()}, Dirty: out.dirty,
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
			for _, s := range t.strata {
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

func (c *cohortTally) result() CohortCount {
	r := CohortCount{ID: cohortID, StudyLow: c.study.low.String(), StudyHigh: c.study.high.String(), Members: []string{}, Incidence: []Incidence{}}
	for i, rule := range cohortRules {
		r.Attrition = append(r.Attrition, Remaining{rule, c.remaining[i]})
	}
	for _, m := range c.members {
		r.Members = append(r.Members, m.String())
	}
	for i, year := range c.years {
		y, _, _ := year.low.date()
		r.Incidence = append(r.Incidence, Incidence{y, c.cases[i], c.atRisk[i]})
	}
	return r
}

// writeTruth writes one member of the object a line, and one count a line, so that two
// truths can be compared by eye.
func (e *export) writeTruth(w *world, o Options, s *Summary, total *totals) error {
	truth := w.truth(o, s, e, total)
	return e.write(truthFile, func(b *bufio.Writer) error {
		measures := truth.Measures
		truth.Measures = []Count{}
		head, err := json.MarshalIndent(truth, "", " ")
		if err != nil {
			return err
		}
		const empty = `"measures": []`
		at := bytes.Index(head, []byte(empty))
		b.Write(head[:at])
		b.WriteString(`"measures": [`)
		for i, c := range measures {
			line, err := json.Marshal(c)
			if err != nil {
				return err
			}
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString("\n  ")
			b.Write(line)
		}
		b.WriteString("\n ]")
		b.Write(head[at+len(empty):])
		return b.WriteByte('\n')
	})
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
