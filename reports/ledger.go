package reports

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"farr/datasets"
	"farr/reports/internal/disclose"
	"farr/reports/internal/disclose/attack"
)

// Released is what a report for outsiders published, as the store's ledger of releases keeps it: every count with
// its state, hidden ones too, and what holds between them. It is as private as the results.
type Released struct {
	Format      int                  `json:"format"`
	Bundle      string               `json:"bundle"` // hex SHA-256 of the bundle's manifest
	Results     string               `json:"results"`
	Extract     string               `json:"extract"`
	Certificate disclose.Certificate `json:"certificate"`
	Systems     []disclose.Released  `json:"systems"`
}

// ReadReleased reads what was kept of a release.
func ReadReleased(s *datasets.Store, id string) (*Released, error) {
	data, err := s.ReadRelease(id)
	if err != nil {
		return nil, err
	}
	var r Released
	if err := json.Unmarshal(data, &r); err != nil || r.Format != 1 {
		return nil, fmt.Errorf("release %.12s: it is not in the form that this farr reads", id)
	}
	return &r, nil
}

// earlierReleases are those that count, how many of the same extract do not, and how many there are in all.
func earlierReleases(s *datasets.Store, extract string) (all []disclose.Earlier, notCounted, seen int, err error) {
	known, err := s.Releases()
	if err != nil {
		return nil, 0, 0, fmt.Errorf("ledger of releases: %w", err)
	}
	for _, k := range known {
		of, _ := k.Facts["extract"].(string)
		if !k.Counts() {
			if of == extract {
				notCounted++
			}
			continue
		}
		r, err := ReadReleased(s, k.ID)
		if err != nil {
			return nil, 0, 0, fmt.Errorf("ledger of releases: %w", err)
		}
		all = append(all, disclose.Earlier{ID: k.ID, Systems: r.Systems, Same: r.Extract == extract})
	}
	return all, notCounted, len(known), nil
}

// Attacked is what an attack on one measure, cohort or table of records of some releases together found.
type Attacked struct {
	Name        string   `json:"name"`
	Shown       int      `json:"shown"`
	Hidden      int      `json:"hidden"`
	Narrowest   int64    `json:"narrowest"` // of hidden numbers: how far apart least and greatest are, at least
	Widest      int64    `json:"widest"`
	Recoverable []string `json:"recoverable"` // by their keys, never a number
}

// AttackError says how many hidden numbers an attack recovered.
type AttackError struct{ Recoverable int }

func (e *AttackError) Error() string {
	return fmt.Sprintf("%d hidden numbers can be worked out from these releases together", e.Recoverable)
}

// PrivacyGate makes it exit code 5.
func (e *AttackError) PrivacyGate() bool { return true }

// AttackReleases attacks releases of one extract snapshot with everything that they show together. The error is
// an [AttackError] where hidden numbers can be recovered, beside what was found.
func AttackReleases(ctx context.Context, s *datasets.Store, ids ...string) ([]Attacked, error) {
	var names []string
	systems := map[string][]disclose.Released{}
	extract := ""
	for _, id := range ids {
		r, err := ReadReleased(s, id)
		if err != nil {
			return nil, err
		}
		if extract != "" && r.Extract != extract {
			return nil, errors.New("these releases are of different extract snapshots: their numbers differ by late records, so they are not attacked together")
		}
		extract = r.Extract
		for _, one := range r.Systems {
			name := cmp.Or(one.Family, one.Name)
			if systems[name] == nil {
				names = append(names, name)
			}
			systems[name] = append(systems[name], one)
		}
	}
	var out []Attacked
	recovered := 0
	for _, name := range names {
		for i, group := range disclose.Alike(systems[name]) {
			a, err := attackTogether(ctx, name, group)
			if err != nil {
				return nil, err
			}
			if i > 0 {
				a.Name += fmt.Sprintf(" (count %d)", i+1) // by another definition or engine
			}
			recovered += len(a.Recoverable)
			out = append(out, a)
		}
	}
	if recovered > 0 {
		return out, &AttackError{recovered}
	}
	return out, nil
}

// attackTogether attacks releases of one name and one count.
func attackTogether(ctx context.Context, name string, all []disclose.Released) (a Attacked, err error) {
	joined, err := disclose.Together(all)
	if err != nil {
		return a, fmt.Errorf("attack %s: %w", name, err)
	}
	findings, err := joined.Attack(ctx)
	if err != nil {
		return a, fmt.Errorf("attack %s: %w", name, err)
	}
	a = Attacked{Name: name, Recoverable: []string{}}
	for _, c := range joined.Cells {
		switch c.State {
		case attack.Shown:
			a.Shown++
		case attack.Hidden:
			a.Hidden++
		}
	}
	for i, f := range findings {
		apart := f.Greatest - f.Least
		if i == 0 || apart < a.Narrowest {
			a.Narrowest = apart
		}
		a.Widest = max(a.Widest, apart)
	}
	for _, f := range attack.Recoverable(findings) {
		a.Recoverable = append(a.Recoverable, f.Key)
	}
	return a, nil
}
