package jobs

import (
	"fmt"
	"slices"
	"strings"

	"farr/internal/source"
)

// after checks the jobs that come first, as far as one file tells.
func (c checker) after(job *Job) {
	if c.doc.Has("after") && job.Schedule == nil && !c.doc.Has("schedule") {
		c.doc.Report("no-schedule", "a job without a schedule runs by hand, after nothing", "add schedule, or remove after", "after")
	}
	for i, name := range job.After {
		switch {
		case name == job.Name:
			c.doc.Report("depends-on-itself", "the job is named as one that comes before it", "", "after", i)
		case slices.Contains(job.After[:i], name):
			c.doc.Report("duplicate-job", fmt.Sprintf("the job %q is named twice", name), "", "after", i)
		}
		job.at.after = append(job.at.after, c.doc.Pos("after", i))
	}
}

// inOrder puts jobs after those that they name, and else leaves the order. Jobs that name one that is not there, has no
// schedule, or comes after themselves are left out, and so are those that come after them: they could never run. All
// are the jobs that were read, of which jobs are those that will do so far.
func inOrder(jobs, all []*Job, wrong source.Diagnostics) ([]*Job, source.Diagnostics, error) {
	readable := len(wrong) == 0
	byName := map[string]*Job{}
	for _, job := range jobs {
		byName[job.Name] = job
	}
	names := make([]string, 0, len(all))
	for _, job := range all {
		names = append(names, job.Name)
	}
	say := func(job *Job, i int, code, message, hint string) {
		wrong = append(wrong, source.Diagnostic{Pos: job.at.after[i], Code: code, Message: message, Hint: hint})
	}
	out := map[*Job]bool{}
	for _, job := range jobs {
		for i, name := range job.After {
			first := byName[name]
			switch {
			case first == nil && slices.Contains(names, name):
				out[job] = true
				say(job, i, "unknown-job", fmt.Sprintf("the job %q has mistakes of its own", name), "correct that one first")
			case first == nil:
				out[job] = true
				hint := source.DidYouMean(name, names)
				if !readable { // its name may stand in a file that cannot be read
					if hint != "" {
						hint += ", or "
					}
					hint += "perhaps its file has mistakes: see the others"
				}
				say(job, i, "unknown-job", fmt.Sprintf("no job %q in this folder", name), hint)
			case first.Schedule == nil:
				out[job] = true
				say(job, i, "no-schedule", fmt.Sprintf("the job %q has no schedule, so nothing comes after it", name), "add schedule to "+first.File)
			}
		}
	}
	var sorted []*Job
	placed := map[*Job]bool{}
	for progress := true; progress; {
		progress = false
		for _, job := range jobs {
			ready := !placed[job] && !out[job] && !slices.ContainsFunc(job.After, func(name string) bool { return !placed[byName[name]] })
			if ready {
				placed[job], progress = true, true
				sorted = append(sorted, job)
			}
		}
	}
	for _, job := range jobs {
		if placed[job] || out[job] {
			continue
		}
		for i, name := range job.After {
			if way := path(byName, name, job.Name); way != nil {
				say(job, i, "cycle", "the job comes after itself: "+strings.Join(append([]string{job.Name}, way...), " after "), "")
			} else if !placed[byName[name]] {
				say(job, i, "unknown-job", fmt.Sprintf("the job %q has mistakes of its own", name), "correct that one first")
			}
		}
	}
	return sorted, wrong, nil
}

// path is the shortest way by after from one job to another, both among it; nil where there is none.
func path(byName map[string]*Job, from, to string) []string {
	ways := [][]string{{from}}
	seen := map[string]bool{from: true}
	for len(ways) > 0 {
		way := ways[0]
		ways = ways[1:]
		last := way[len(way)-1]
		if last == to {
			return way
		}
		job := byName[last]
		if job == nil {
			continue
		}
		for _, next := range job.After {
			if !seen[next] {
				seen[next] = true
				ways = append(ways, append(slices.Clone(way), next))
			}
		}
	}
	return nil
}
