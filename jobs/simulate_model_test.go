package jobs

import (
	"fmt"
	"slices"
	"time"
)

// The reference: what must happen, written from the words of doc.go, in maps and without the ledger, the cron package or the
// code of the rules.

// refJob is a job of the reference.
type refJob struct {
	name    string
	planned []time.Time // all of the span, by the minute walk
	rule    string
	grace   time.Duration
	cap     int
	tries   map[string]int // attempts in all, by how a run ends; 1 where nothing is said
	wait    time.Duration  // before the second attempt after a failure
	after   []string

	known bool
	seen  time.Time
	rows  map[time.Time]*refRow
	open  map[time.Time]*refRow // those that wait or run
	good  time.Time             // the newest that ended well
}

// refRow is a planned time of the reference.
type refRow struct {
	state    string // planned, running, succeeded, failed, missed, again
	attempts int
	due      time.Time
	good     int // successes
}

func (r *refRow) waits() bool { return r.state == "planned" || r.state == "again" }

// reference is a folder of jobs as it must be.
type reference struct {
	jobs   []*refJob
	byName map[string]*refJob
	script *script
	now    time.Time
	shown  time.Time // the latest that the clock has shown
	ran    []string
	// began and ended are instants that are in the ledger for certain.
	certain time.Time
}

// tick goes through the jobs; ok is false where the clock must be refused. It ends early where the process dies.
func (r *reference) tick(busy map[string]bool, due func(job string, planned time.Time) time.Time) (problem string) {
	r.shown = later(r.shown, r.now)
	for _, job := range r.jobs {
		list := job.look(r.now, busy[job.name])
		if busy[job.name] {
			continue
		}
		for _, planned := range list {
			if r.held(job, planned) {
				break
			}
			row := job.rows[planned]
			row.attempts++
			row.state = "running"
			act := r.script.act(job.name, planned, row.attempts)
			r.ran = append(r.ran, fmt.Sprintf("%s %s #%d at %s", job.name, stamp(planned), row.attempts, stamp(r.now)))
			r.certain = later(r.certain, r.now)
			if act.ends == "dies at once" {
				return ""
			}
			r.now = r.now.Add(act.takes)
			r.shown = later(r.shown, r.now)
			if act.ends == "dies" {
				return ""
			}
			r.certain = later(r.certain, r.now)
			switch {
			case act.ends == "well", act.ends == "well, then dies":
				row.state = "succeeded"
				row.good++
				job.good = later(job.good, planned)
				if act.ends == "well, then dies" {
					return ""
				}
			case row.attempts >= max(1, job.tries[act.ends]):
				row.state = "failed"
			default:
				row.state = "again"
				row.due = time.Time{}
				if act.ends == "fails" {
					wait := job.wait << (row.attempts - 1)
					row.due = due(job.name, planned)
					if early, late := r.now.Add(wait*3/4-time.Second), r.now.Add(wait+time.Second); row.due.Before(early) || row.due.After(late) {
						return fmt.Sprintf("%s %s #%d may be tried again at %s, want %s to %s", job.name, stamp(planned), row.attempts, stamp(row.due), stamp(early), stamp(late))
					}
				}
			}
		}
	}
	return ""
}

// look settles dead runs, takes note of what has come, and lists what is to be run, the oldest first.
func (j *refJob) look(now time.Time, busy bool) []time.Time {
	if !busy {
		for _, row := range j.open {
			if row.state == "running" { // its process is dead
				row.state, row.due = "again", time.Time{}
				if row.attempts >= j.tries["dies"] {
					row.state = "failed"
				}
			}
		}
	}
	switch {
	case !j.known:
		j.known = true
	case now.Before(j.seen):
		for planned, row := range j.rows {
			if planned.After(now) && row.attempts == 0 {
				delete(j.rows, planned)
				delete(j.open, planned)
			}
		}
	default:
		from, _ := slices.BinarySearchFunc(j.planned, j.seen, func(a, b time.Time) int { return a.Compare(b.Add(1)) })
		for _, planned := range j.planned[from:] {
			if planned.After(now) {
				break
			}
			if j.rows[planned] == nil {
				j.rows[planned] = &refRow{state: "planned"}
				j.open[planned] = j.rows[planned]
			}
		}
	}
	j.seen = now
	var waiting []time.Time
	for planned, row := range j.open {
		switch {
		case row.waits():
			waiting = append(waiting, planned)
		case row.state != "running":
			delete(j.open, planned)
		}
	}
	slices.SortFunc(waiting, func(a, b time.Time) int { return b.Compare(a) })
	keep := 1
	if j.rule == "all" {
		keep = j.cap
	}
	var list []time.Time
	for i, planned := range waiting {
		row := j.rows[planned]
		switch began := row.state == "again"; {
		case i >= keep && began:
			row.state = "failed"
		case i >= keep, !began && j.grace > 0 && now.Sub(planned) > j.grace:
			row.state = "missed"
		case !row.due.After(now):
			list = append(list, planned)
		}
	}
	slices.Reverse(list)
	return list
}

// held is whether a job that comes first has not ended well for its newest planned time up to that one, or a later.
func (r *reference) held(job *refJob, planned time.Time) bool {
	for _, name := range job.after {
		first := r.byName[name]
		at, found := slices.BinarySearchFunc(first.planned, planned, time.Time.Compare)
		if !found {
			at--
		}
		for ; at >= 0 && first.rows[first.planned[at]] == nil; at-- { // before the job was there
		}
		if at >= 0 && first.good.Before(first.planned[at]) {
			return true
		}
	}
	return false
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func stamp(t time.Time) string { return t.UTC().Format(plannedForm) }
