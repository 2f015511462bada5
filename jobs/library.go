package jobs

import (
	"fmt"
	"os"
	"slices"
	"sync"

	"farr/internal/source"
	"farr/measures"
)

// shipped is the library within farr, read once a process: it cannot change.
var shipped = sync.OnceValues(func() (*measures.Library, error) { return measures.LoadLibrary() })

// library checks the names of measures and cohorts against the library the job uses.
func (c checker) library(job *Job) {
	for i := range job.Library {
		if _, err := os.Stat(job.Library[i]); err != nil {
			return // reported as a path
		}
	}
	lib, err := job.loadLibrary()
	if err != nil {
		// The mistakes are in the library's own files, with their own places.
		for _, d := range diagnosticsOf(err) {
			if d.File == "" {
				d.Pos = c.doc.Pos("library")
			}
			c.doc.Add(d)
		}
		return
	}
	c.names(lib.IDs(measures.KindMeasure), job.Measures, "measure", "measures")
	c.names(lib.IDs(measures.KindCohort), job.Cohorts, "cohort", "cohorts")
}

func (c checker) names(known, asked []string, kind, key string) {
	if !c.doc.Has(key) {
		return
	}
	for i, name := range asked {
		switch {
		case !slices.Contains(known, name):
			hint := source.DidYouMean(name, known)
			if hint == "" {
				hint = "`farr measure list` names them"
			}
			c.doc.Report("unknown-"+kind, fmt.Sprintf("no %s %q", kind, name), hint, key, i)
		case slices.Contains(asked[:i], name):
			c.doc.Report("duplicate-"+kind, fmt.Sprintf("the %s %q is named twice", kind, name), "", key, i)
		}
	}
}
