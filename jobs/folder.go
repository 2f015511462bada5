package jobs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"farr/internal/source"
)

// LoadFolder loads every job file of a folder (*.yaml and *.yml, in small letters or capitals, with any of the
// keys that begin a job, however written, or with all of a job below `job`, which is a mistake; a KPI file, which has the key `kpis`, and other YAML may lie
// beside them), in order of file name. The diagnostics are the mistakes of those that
// could not be loaded.
func LoadFolder(dir string) ([]*Job, source.Diagnostics, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	var jobs []*Job
	var wrong source.Diagnostics
	for _, e := range entries {
		ext := strings.ToLower(filepath.Ext(e.Name()))
		path := filepath.Join(dir, e.Name())
		if (ext != ".yaml" && ext != ".yml") || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if e.IsDir() {
			wrong = append(wrong, source.Diagnostic{Pos: source.Pos{File: path}, Code: "not-a-file", Message: "a folder has the name of a job file", Hint: "give it another name"})
			continue
		}
		if !isJob(path) {
			continue
		}
		job, err := LoadJob(path)
		if err != nil {
			wrong = append(wrong, diagnosticsOf(err)...)
			continue
		}
		jobs = append(jobs, job)
	}
	return refuseShared(jobs, wrong)
}

// nameIsItsOwn refuses a job whose name another file of its folder has: they would share rows of the ledger, and a lock.
func (job *Job) nameIsItsOwn() error {
	_, wrong, err := LoadFolder(filepath.Dir(job.File))
	if err != nil {
		return err
	}
	return slices.DeleteFunc(wrong, func(d source.Diagnostic) bool {
		return d.Code != duplicateName || !strings.Contains(d.Message, strconv.Quote(job.Name))
	}).Err()
}

// duplicateName is the code of the mistake.
const duplicateName = "duplicate-name"

// isJob tells a job file from other YAML, such as a KPI file. A file that cannot be
// told is taken for a job: a broken job may not drop out in silence.
func isJob(path string) bool {
	data, err := source.ReadFile(path)
	if err != nil {
		return true
	}
	doc, _ := source.DecodeYAML(path, data, &struct{}{})
	if !doc.Has() {
		return true
	}
	asks := func(key string) bool {
		return doc.Has(key) || doc.Has(strings.ToUpper(key[:1])+key[1:]) || doc.Has(strings.ToUpper(key))
	}
	return !doc.Has("kpis") && slices.ContainsFunc([]string{"name", "schedule", "store", "report", "job"}, asks)
}

// refuseShared leaves out all jobs that would be taken for one another: which of them was meant, the file names do not tell.
func refuseShared(jobs []*Job, wrong source.Diagnostics) ([]*Job, source.Diagnostics, error) {
	names, outs := map[string][]*Job{}, map[string][]*Job{}
	for _, job := range jobs {
		names[job.Name] = append(names[job.Name], job)
		if job.Report.Out != "" {
			out, err := filepath.Abs(job.Report.Out)
			if err != nil {
				return nil, wrong, err
			}
			outs[out] = append(outs[out], job)
		}
	}
	shared := map[*Job]bool{}
	for _, same := range names {
		for i, job := range same[1:] {
			shared[same[0]], shared[job] = true, true
			wrong = append(wrong,
				source.Diagnostic{Pos: job.at.name, Code: duplicateName, Message: fmt.Sprintf("the name %q is also that of %s", job.Name, same[0].at.name), Hint: "neither runs until one has another name"})
			if i == 0 {
				wrong = append(wrong, source.Diagnostic{Pos: same[0].at.name, Code: duplicateName, Message: fmt.Sprintf("the name %q is also that of %s", job.Name, job.at.name)})
			}
		}
	}
	for _, same := range outs {
		for i, job := range same[1:] {
			shared[same[0]], shared[job] = true, true
			const says = "report.out is also that of %s, and latest/ can be one job's only"
			wrong = append(wrong, source.Diagnostic{Pos: job.at.out, Code: "shared-output", Message: fmt.Sprintf(says, same[0].at.out)})
			if i == 0 {
				wrong = append(wrong, source.Diagnostic{Pos: same[0].at.out, Code: "shared-output", Message: fmt.Sprintf(says, job.at.out)})
			}
		}
	}
	return inOrder(slices.DeleteFunc(slices.Clone(jobs), func(job *Job) bool { return shared[job] }), jobs, wrong)
}

func diagnosticsOf(err error) source.Diagnostics {
	switch err := err.(type) { //nolint:errorlint // LoadJob returns these themselves
	case source.Diagnostics:
		return err
	case source.Diagnostic:
		return source.Diagnostics{err}
	default:
		return source.Diagnostics{{Code: "unreadable-file", Message: err.Error()}}
	}
}
