package scale

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"farr/datasets"
)

// movesHash stands for the moves in the recipe.
func movesHash(moves map[string]int64) string {
	sum := sha256.New()
	for _, pid := range slices.Sorted(maps.Keys(moves)) {
		fmt.Fprintln(sum, pid, moves[pid])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// moveFacts makes the facts of an extract those of its replicas: how far the data reach, and how many
// resources are stored. What was read and rejected, and how it came from several sources, was so for the old snapshot and is left out.
func moveFacts(facts map[string]any, days int, rows map[string]int64, tables []datasets.Table) error {
	if text, _ := facts["as_of"].(string); text != "" {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return fmt.Errorf("as-of day of the old snapshot: %w", err)
		}
		facts["as_of"] = day.AddDate(0, 0, days).Format(time.DateOnly)
	}
	var stored int64
	for _, t := range tables {
		if t.Has("source") {
			stored += rows[t.Name]
		}
	}
	facts["stored"] = stored
	for _, name := range []string{"read", "superseded", "not_in_policy", "dropped_by_policy", "rejected", "by_type",
		"drop_reasons", "reject_reasons", "values_dropped", "elements_not_in_policy", "loaded"} {
		delete(facts, name)
	}
	return nil
}
