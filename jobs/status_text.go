package jobs

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
)

// WriteText writes the status for a person: what needs one comes first, each job
// with what happened, why, and what to do.
func (s *FolderStatus) WriteText(w io.Writer) error {
	p := &printer{w: w}
	for _, d := range s.Wrong {
		p.linef("WRONG    %s", d)
	}
	if s.Clock != "" {
		p.linef("WRONG    %s\n         to do: %s", s.Clock, advice[ClassClock])
	}
	for _, h := range []Health{HealthCrashed, HealthFailing, HealthLate, HealthHeld, HealthRetry, HealthRunning, HealthDue, HealthNew, HealthOK, HealthRemoved} {
		for _, j := range s.Jobs {
			if j.Health == h {
				j.writeText(p, s.At)
			}
		}
	}
	if len(s.Jobs) == 0 && len(s.Wrong) == 0 {
		p.linef("no job in %s", s.Folder)
	}
	return p.err
}

func (j JobStatus) writeText(p *printer, now time.Time) {
	word := string(j.Health)
	switch j.Health {
	case HealthCrashed, HealthFailing, HealthLate:
		word = strings.ToUpper(word)
	default: // nothing to shout about
	}
	p.linef("%-8s %s", word, j.Job)
	if j.Due != nil && (j.Health == HealthLate || j.Health == HealthDue || j.Health == HealthRetry) {
		p.linef("         due %s", j.when(*j.Due, now))
	}
	if j.Health == HealthHeld {
		p.linef("         due %s, waits for %s", j.when(*j.Due, now), j.Waits)
	}
	if j.Again != nil {
		p.linef("         tried again %s", j.when(*j.Again, now))
	}
	if a := j.Last; a != nil {
		p.linef("         %s", j.describe(a, now))
		for line := range strings.Lines(a.Error) {
			p.linef("           %s", strings.TrimRight(line, "\n"))
		}
	}
	if j.Last != nil && j.Last.Class != "" {
		if j.LastSuccess != nil && (j.LastSuccess.Result == nil || j.LastSuccess.Result.Latest == "") { // none: a ledger that was rebuilt
			p.linef("         last ended well %s", j.when(j.LastSuccess.Started, now))
		} else if j.LastSuccess != nil {
			p.linef("         last good report %s, still at %s", j.when(j.LastSuccess.Started, now), j.LastSuccess.Result.Latest)
		} else {
			p.linef("         no run has ever ended well")
		}
	} else if j.LastSuccess != nil && j.LastSuccess.Result != nil && j.LastSuccess.Result.Latest != "" {
		p.linef("         report at %s", j.LastSuccess.Result.Latest)
	}
	if a := j.LastSuccess; a != nil && a.Result != nil && a.Result.Pruned != nil && a.Result.Pruned.Error != "" {
		p.linef("         %s", a.Result.Pruned.summary())
	}
	if j.LastSuccess != nil && j.LastSuccess.Result != nil {
		for _, s := range j.LastSuccess.Result.Steps {
			for _, text := range j.LastSuccess.Result.notes(s) {
				p.linef("         %s: %s", s.Name, text)
			}
		}
		for _, u := range j.LastSuccess.Result.Unjudged {
			p.linef("         the target of %s cannot be judged: %s", u.Measure, u.Why)
		}
	}
	if j.Untold > 0 {
		p.linef("         %d alert(s) that a sink has not taken yet", j.Untold)
	}
	if j.Missed > 0 {
		p.linef("         %d planned time(s) missed since, not made up for", j.Missed)
	}
	if j.Advice != "" {
		p.linef("         to do: %s", j.Advice)
	}
	if j.Next != nil {
		p.linef("         next %s", j.when(*j.Next, now))
	}
}

// describe tells an attempt in one line.
func (j JobStatus) describe(a *Attempt, now time.Time) string {
	text := map[string]string{
		"running": "began", "succeeded": "ended well", "skipped": "found all made already", "failed": "failed", "lost": "broke off", "cancelled": "was ended by a person",
	}[a.State]
	at := a.Started
	if a.Ended != nil {
		at = *a.Ended
	}
	text += " " + j.when(at, now)
	if a.State == "running" {
		text += fmt.Sprintf(", process %d", a.Process)
	}
	if a.Planned == nil {
		text += ", by hand"
	} else if a.Number > 1 {
		text += fmt.Sprintf(", attempt %d of %d", a.Number, max(a.Number, j.retries.attempts(cmp.Or(a.Class, ClassCrashed))))
	}
	if a.Class != "" {
		text += fmt.Sprintf(" (%s)", a.Class)
	}
	return text
}

// when tells a time on the wall clock of the job's zone, and how far away it is.
func (j JobStatus) when(t, now time.Time) string {
	zone := time.UTC
	if j.Schedule != nil {
		zone = j.Schedule.zone
	}
	distance, form := now.Sub(t), "%s, %s ago"
	if distance < 0 {
		distance, form = -distance, "%s, in %s"
	}
	return fmt.Sprintf(form, t.In(zone).Format("Mon 2 Jan 2006 15:04 MST"), roughly(distance))
}

// roughly is a duration in its largest unit: 3 d, 5 h, 40 min.
func roughly(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d d", d.Round(24*time.Hour)/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d h", d.Round(time.Hour)/time.Hour)
	default:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
}
