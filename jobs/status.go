package jobs

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Health is how a job is, in one word.
type Health string

// The healths, the one to look at first being first.
const (
	HealthCrashed Health = "crashed" // its process died, and nothing has found that yet
	HealthFailing Health = "failing" // the last run failed
	HealthLate    Health = "late"    // due for more than graceTime and not begun, or never run and missed: nothing ticks, or too seldom
	HealthRemoved Health = "removed" // in the ledger, and no job file has the name
	HealthRunning Health = "running"
	HealthHeld    Health = "waits"    // for a job that comes first
	HealthRetry   Health = "retrying" // the last run failed, and will be tried again by itself
	HealthDue     Health = "due"      // the next tick runs it
	HealthNew     Health = "new"      // no run yet, and none was due
	HealthOK      Health = "ok"       // the last run ended well
)

// graceTime is how long a job may be due before nobody seems to be ticking.
const graceTime = 20 * time.Minute

// FolderStatus is the state of a folder of jobs.
type FolderStatus struct {
	Folder string      `json:"folder"`
	At     time.Time   `json:"at"`
	Ticked bool        `json:"ticked"` // a run or tick has left a ledger
	Jobs   []JobStatus `json:"jobs"`
	Wrong  []string    `json:"wrong"`           // mistakes in job files, one a line
	Clock  string      `json:"clock,omitempty"` // why no tick works: the clock shows a time before the ledger's
}

// JobStatus is the state of one job.
type JobStatus struct {
	Job         string     `json:"job"`
	File        string     `json:"file,omitempty"`
	Schedule    *Schedule  `json:"schedule,omitempty"`
	Health      Health     `json:"health"`
	Advice      string     `json:"advice,omitempty"` // what to do
	Due         *time.Time `json:"due,omitempty"`    // the planned time that waits
	Again       *time.Time `json:"again,omitempty"`  // when the run that failed may be tried again
	Waits       string     `json:"waits,omitempty"`  // for what the planned time waits
	Next        *time.Time `json:"next,omitempty"`
	Missed      int        `json:"missed"`                 // planned times never run since the last success
	Untold      int        `json:"untold,omitempty"`       // alerts that a sink was sent and has not taken
	Last        *Attempt   `json:"last,omitempty"`         // the newest attempt
	LastSuccess *Attempt   `json:"last_success,omitempty"` // the newest that ended well

	retries Retries
}

// Attempt is one time that a process ran a job.
type Attempt struct {
	Run     int64      `json:"run"`
	Planned *time.Time `json:"planned,omitempty"` // absent for a run by hand
	Number  int        `json:"number"`            // of the attempts at this planned time
	State   string     `json:"state"`
	Process int        `json:"process"`
	Host    string     `json:"host,omitempty"`
	Started time.Time  `json:"started"`
	Beat    *time.Time `json:"beat,omitempty"` // the last sign of life
	Ended   *time.Time `json:"ended,omitempty"`
	Class   Class      `json:"class,omitempty"`
	Error   string     `json:"error,omitempty"`
	Result  *RunResult `json:"result,omitempty"`
}

// Healthy tells whether nothing needs a person.
func (s *FolderStatus) Healthy() bool {
	for _, j := range s.Jobs {
		if j.Health.sick() {
			return false
		}
	}
	return len(s.Wrong) == 0 && s.Clock == ""
}

// endedWell is the condition of attempts that did.
const endedWell = "a.state IN ('succeeded', 'skipped')"

// sick tells whether a person is needed.
func (h Health) sick() bool { return h == HealthCrashed || h == HealthFailing || h == HealthLate }

// Status reads how the jobs of a folder are. It changes nothing.
func Status(ctx context.Context, folder string, o Options) (*FolderStatus, error) {
	o = o.withDefaults()
	jobs, wrong, err := LoadFolder(folder)
	if err != nil {
		return nil, err
	}
	s := &FolderStatus{Folder: folder, At: o.Clock().UTC(), Jobs: []JobStatus{}, Wrong: []string{}}
	for _, d := range wrong {
		s.Wrong = append(s.Wrong, d.Error())
	}
	if _, err := os.Stat(filepath.Join(folder, ledgerDir, ledgerFile)); errors.Is(err, fs.ErrNotExist) {
		if err := jobsRan(filepath.Join(folder, ledgerDir)); err != nil {
			return nil, err
		}
		for _, job := range jobs {
			s.Jobs = append(s.Jobs, newStatus(job, s.At))
		}
		return s, nil
	}
	s.Ticked = true
	l, err := openLedger(ctx, folder)
	if err != nil {
		return nil, err
	}
	defer l.close()
	var clock *ClockError
	if err := l.checkClock(ctx, s.At); errors.As(err, &clock) {
		s.Clock = clock.Error()
	} else if err != nil {
		return nil, err
	}
	busy, err := l.busy(ctx)
	if err != nil {
		return nil, err
	}
	for _, job := range jobs {
		j := newStatus(job, s.At)
		if err := l.fill(ctx, job, &j, busy, s.At); err != nil {
			return nil, err
		}
		s.Jobs = append(s.Jobs, j)
	}
	known, err := l.jobs(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range known {
		if len(wrong) == 0 && !slices.ContainsFunc(jobs, func(j *Job) bool { return j.Name == name }) {
			j := JobStatus{Job: name, Health: HealthRemoved}
			if j.Last, err = l.last(ctx, name, "1"); err != nil {
				return nil, err
			}
			if j.LastSuccess, err = l.last(ctx, name, endedWell); err != nil {
				return nil, err
			}
			s.Jobs = append(s.Jobs, j)
		}
	}
	return s, nil
}

func newStatus(job *Job, now time.Time) JobStatus {
	j := JobStatus{Job: job.Name, File: job.File, Schedule: job.Schedule, Health: HealthNew, retries: job.Retries}
	if job.Schedule != nil {
		next := job.Schedule.Next(now).UTC()
		j.Next = &next
		j.Advice = "its first tick remembers the moment and runs nothing; to run it now: farr run " + job.File
	} else {
		j.Advice = "it has no schedule; to run it: farr run " + job.File
	}
	return j
}

// fill adds what the ledger knows and decides the health.
func (l *ledger) fill(ctx context.Context, job *Job, j *JobStatus, busy bool, now time.Time) error {
	var err error
	if j.Last, err = l.last(ctx, j.Job, "1"); err != nil {
		return err
	}
	if j.Last != nil && j.Last.State == "running" && !isLocked(l.jobLock(j.Job)) { // it may have ended between the two
		if j.Last, err = l.last(ctx, j.Job, "1"); err != nil {
			return err
		}
	}
	if j.LastSuccess, err = l.last(ctx, j.Job, endedWell); err != nil {
		return err
	}
	if j.Missed, err = l.missed(ctx, j.Job); err != nil {
		return err
	}
	if err := l.db.QueryRowContext(ctx, "SELECT count(*) FROM alert WHERE job = ? AND sent IS NULL AND tries > 0", j.Job).Scan(&j.Untold); err != nil {
		return err
	}
	if j.Due, err = l.waiting(ctx, j.Job, now); err != nil {
		return err
	}
	if _, j.Again, err = l.due(ctx, j.Job, now); err != nil {
		return err
	}
	if j.Due != nil {
		if j.Waits, err = l.heldBack(ctx, job, *j.Due); err != nil {
			return err
		}
	}
	l.judge(j, busy, now)
	return nil
}

// busy tells whether a tick or scheduler is at work on some job: it comes to the others after that. A scheduler that waits holds the
// folder's lock, too, and has no run.
func (l *ledger) busy(ctx context.Context) (bool, error) {
	if !isLocked(filepath.Join(l.dir, tickLock)) {
		return false, nil
	}
	known, err := l.jobs(ctx)
	if err != nil {
		return false, err
	}
	for _, job := range known {
		if at, err := l.stillRunning(ctx, job); err != nil || len(at) > 0 && isLocked(l.jobLock(job)) {
			return err == nil, err
		}
	}
	return false, nil
}

// judge picks the health that a person should see first, and what to do about it.
func (l *ledger) judge(j *JobStatus, busy bool, now time.Time) {
	running := j.Last != nil && j.Last.State == "running"
	switch {
	case running && !isLocked(l.jobLock(j.Job)):
		_, again := j.retries.again(ClassCrashed, j.Job, now, j.Last.Number)
		j.Health, j.Advice = HealthCrashed, adviceOn(ClassCrashed, again && j.Last.Planned != nil)
	case running:
		j.Health, j.Advice = HealthRunning, ""
	case j.Waits != "":
		j.Health, j.Advice = HealthHeld, "it runs by itself once that job has ended well"
	case j.Due != nil && now.Sub(*j.Due) > graceTime && !busy:
		j.Health = HealthLate
		j.Advice = "nothing has ticked since: `systemctl list-timers farr-tick.timer`, or run `farr tick` now"
	case j.Again != nil, j.Last != nil && j.Last.Class != "" && j.Last.Planned != nil && j.Due != nil && j.Due.Equal(*j.Last.Planned):
		j.Health, j.Advice = HealthRetry, ""
	case j.Last != nil && j.Last.Class != "":
		j.Health, j.Advice = HealthFailing, adviceOn(j.Last.Class, false)
	case j.Due != nil:
		j.Health, j.Advice = HealthDue, ""
	case j.Last != nil:
		j.Health, j.Advice = HealthOK, ""
	case j.Missed > 0:
		j.Health = HealthLate
		j.Advice = "its planned times passed while nothing ticked, or longer ago than `misfire` allows: tick more often, or give it more grace; to run it now: farr run " + j.File
	}
}
