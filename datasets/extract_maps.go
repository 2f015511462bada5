package datasets

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"farr/datasets/internal/deid"
	"farr/internal/source"
)

// Equivalences are those of a concept map's targets that may be used, and UsedEquivalences those that are where
// nothing else is said.
var (
	Equivalences     = deid.Equivalences
	UsedEquivalences = deid.UsedEquivalences
)

// readMaps reads concept maps into one, and gives each file as an input. The error has every mistake in all of
// them.
func readMaps(policy *deid.Policy, paths, equivalences []string) (*deid.ConceptMap, []Input, error) {
	for _, name := range equivalences {
		if !slices.Contains(deid.Equivalences, name) {
			return nil, nil, fmt.Errorf("equivalence %q: %v may be used", name, deid.Equivalences)
		}
	}
	if len(paths) == 0 {
		return nil, nil, nil
	}
	all := deid.NewConceptMap()
	var inputs []Input
	var mistakes source.Diagnostics
	for _, path := range paths {
		text, err := source.ReadFile(path)
		if err != nil {
			return nil, nil, fmt.Errorf("read concept map: %w", err)
		}
		var found source.Diagnostics
		if err := policy.ReadConceptMap(all, filepath.Base(path), text, equivalences); errors.As(err, &found) {
			mistakes = append(mistakes, found...)
		} else if err != nil {
			return nil, nil, err
		}
		inputs = append(inputs, Input{Kind: "concept_map", ID: hexSHA256(text), Bytes: int64(len(text))})
	}
	return all, inputs, mistakes.Err()
}
