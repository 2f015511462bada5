package main

import (
	"strings"
	"testing"

	"farr/jobs"
)

// A site's last day is part of the question, so other results come of it, and mistakes in it are told before anything runs.
func TestMeasureRunClosed(t *testing.T) {
	p := synthetic(t, 40, 5)
	p.extract()
	args := append([]string{"measure", "run", "--store", p.store, "--key", p.key, "--periods", "2024"}, oneMeasure...)
	ask := func(closed ...string) string {
		all := args
		for _, one := range closed {
			all = append(all[:len(all):len(all)], "--closed", one)
		}
		return answer[struct {
			Snapshot string `json:"snapshot"`
		}](t, all...).Snapshot
	}
	plain, closed := ask(), ask("Clinic 01=2024-05-31", "Clinic a=b=2024-06-30")
	if plain == closed || ask("Clinic a=b=2024-06-30", "Clinic 01=2024-05-31") != closed {
		t.Error("the last days are not part of the question, or their order is")
	}
	for _, bad := range [][]string{{"2024-05-31"}, {"=2024-05-31"}, {"Clinic 01=May"}, {"Clinic 01=2024-05-31", "Clinic 01=2024-06-30"}} {
		all := args
		for _, one := range bad {
			all = append(all[:len(all):len(all)], "--closed", one)
		}
		if e := farr(t, all...); e.code != jobs.ExitUsage || !strings.Contains(e.stderr, "--closed") {
			t.Errorf("%v: %d %s", bad, e.code, e.stderr)
		}
	}
}
