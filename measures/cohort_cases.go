package measures

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"time"

	"farr/internal/source"
	"farr/measures/internal/cases"
)

// caseFolder holds a cohort's assurance cases, which are no part of its definition: its hash and
// its results stay what they are when a case is added.
const caseFolder = "cases"

// cases reads the assurance cases of a cohort.
func (f *folder) cases(d Definition) {
	entries, err := fs.ReadDir(f.fsys, f.path(caseFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		f.loader.report(source.Pos{File: f.display(caseFolder)}, "unreadable-file", "the folder cannot be read", "")
		return
	}
	known := f.knownToCases(d)
	for _, e := range entries {
		name := path.Join(f.path(caseFolder), e.Name())
		if e.IsDir() || path.Ext(name) != ".yaml" {
			if !strings.HasPrefix(e.Name(), ".") {
				f.loader.report(source.Pos{File: path.Join(f.root.dir, name)}, "stray-file", "cases are files that end with .yaml", "")
			}
			continue
		}
		display, data, err := f.file(name)
		if err != nil {
			f.loader.report(source.Pos{File: display}, "unreadable-file", "the file cannot be read", "")
			continue
		}
		c, err := cases.Parse(display, data, known)
		f.loader.collect(err)
		f.loader.cases[d.ID] = append(f.loader.cases[d.ID], c)
	}
}

// knownToCases is what cases of a cohort may name.
func (f *folder) knownToCases(d Definition) cases.Known {
	known := cases.Known{Unsound: f.doc.Err() != nil, Lists: map[string][]cases.Code{}, AtRisk: len(d.Populations) > 1, Window: func(text string) (low, high time.Time, err error) {
		periods, err := ParsePeriods(text)
		if err != nil {
			return low, high, err
		}
		w := studyWindow(periods)
		return w.low, w.high, nil
	}}
	for name, list := range f.lists {
		codes := []cases.Code{}
		for _, c := range list.Codes {
			codes = append(codes, cases.Code{System: c.System, Code: c.Code})
		}
		known.Lists[name] = codes
	}
	for i, r := range d.Rules {
		if i > 0 {
			known.Rules = append(known.Rules, r.ID)
		}
	}
	for _, o := range d.Outcomes {
		known.Outcomes = append(known.Outcomes, o.ID)
	}
	return known
}
