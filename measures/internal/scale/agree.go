package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// populations runs the measure on the persons as they are and gives the counts of each group's populations, by pid.
func (p *peer) populations(ctx context.Context, store string) (map[string][]map[string]int64, error) {
	if _, _, err := runChild(ctx, p.farr, "measure", "run", "--store", store, "--key", p.key, "--periods", p.year,
		"--measure", p.measure, "--allow-missing-valuesets", "--profiles", "declared"); err != nil {
		return nil, err
	}
	out, _, err := runChild(ctx, p.farr, "measure", "results", "--store", store, "--format", "measure-report", "--type", "individual")
	if err != nil {
		return nil, err
	}
	found := map[string][]map[string]int64{}
	for line := range strings.Lines(out) {
		var report struct {
			Subject struct{ Display string }
			Group   []struct {
				Population []struct {
					Code  struct{ Coding []struct{ Code string } }
					Count int64
				}
			}
		}
		if err := json.Unmarshal([]byte(line), &report); err != nil {
			return nil, err
		}
		for _, g := range report.Group {
			counts := map[string]int64{}
			for _, one := range g.Population {
				counts[one.Code.Coding[0].Code] = one.Count
			}
			found[report.Subject.Display] = append(found[report.Subject.Display], counts)
		}
	}
	return found, nil
}

// differ says in what two engines differ about a person; nothing is in no population of a group or of all.
func differ(theirs, ours []map[string]int64) string {
	var list []string
	for i, group := range theirs {
		var mine map[string]int64
		if i < len(ours) {
			mine = ours[i]
		}
		for _, code := range slices.Sorted(maps.Keys(group)) {
			if group[code] != mine[code] {
				list = append(list, fmt.Sprintf("group %d %s: fqm %d, farr %d", i+1, code, group[code], mine[code]))
			}
		}
	}
	return strings.Join(list, "; ")
}
