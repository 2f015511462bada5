package jobs

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os/exec"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"

	"farr/datasets"
	"farr/internal/source"
)

// Bytes is an amount of memory or of disk, written 512MB or 4GiB.
type Bytes int64

func (b Bytes) String() string { return humanize.Bytes(uint64(b)) }

// UnmarshalSource reads the written form.
func (b *Bytes) UnmarshalSource(v source.Value) error {
	n, err := humanize.ParseBytes(v.Text())
	if err != nil || n > math.MaxInt64 {
		return source.Diagnostic{Code: "bad-amount", Message: "expected an amount of bytes, below 9 EB", Hint: "a number with MB or GB: 4GB"}
	}
	*b = Bytes(n)
	return nil
}

// leastMemory is what the steps of the smallest job need.
const leastMemory = 256_000_000

// memory checks that the limit can be kept.
func (c checker) memory(job *Job) {
	if !c.doc.Has("limits", "memory") {
		return
	}
	if job.Limits.Memory < leastMemory {
		c.doc.Report("small-limit", "with a limit of "+job.Limits.Memory.String()+" every run would fail", "256MB at least, or remove it", "limits", "memory")
	}
	if !canWatchMemory {
		c.doc.Report("no-memory-limits", "memory limits are kept on Linux alone", "remove it", "limits", "memory")
	}
	if job.Key != "" && !datasets.IsKeyFile(job.Key) {
		c.doc.Report("key-not-a-file", "a job with a memory limit runs in a process of its own, which reads the key again", "keep the key in a file, or remove the limit", "limits", "memory")
	}
}

// noStep is where a run is before its first step.
const noStep = "none"

// MemoryLimitError is a run that was ended because it took more memory than its limit.
type MemoryLimitError struct {
	Step  string // that it was at
	Limit Bytes
}

func (e *MemoryLimitError) Error() string {
	if e.Step == noStep {
		return fmt.Sprintf("the run took more memory than the limit of %s before its first step and was ended", e.Limit)
	}
	return fmt.Sprintf("step %s took more memory than the limit of %s and was ended", e.Step, e.Limit)
}

// Child gives the command that does RunSteps for a job file in a process of its own, not started.
// Planned is nil for a run by hand.
type Child func(ctx context.Context, jobFile string, started time.Time, planned *time.Time) *exec.Cmd

// childEnd is what a child says in the end, as JSON on its output.
type childEnd struct {
	Result *RunResult `json:"result"`
	Class  Class      `json:"class,omitempty"`
	Error  string     `json:"error,omitempty"`
	Kept   string     `json:"kept,omitempty"` // the error as the ledger may have it
}

// childError is how the steps ended in another process.
type childError struct {
	class      Class
	text, kept string
}

func (e *childError) Error() string { return e.text }

// errAlone means that the process that started the steps is gone, which held the job's lock and watched the memory.
var errAlone = errors.New("the process that started the steps has ended")

// RunSteps does the steps of a job and nothing else: no ledger and no lock. It is for the process that a run with a memory limit
// starts, and tells the outcome on w. parent is read until its end, which comes with that of the process that started this one: the
// steps end then, too.
func RunSteps(ctx context.Context, jobFile string, started time.Time, planned *time.Time, parent io.Reader, w io.Writer, o Options) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		_, _ = io.Copy(io.Discard, parent) // its end, or that it cannot be seen
		stop(errAlone)
	}()
	o.Logger = NewLogger(w, true, slog.LevelInfo)
	o = o.withDefaults()
	job, err := LoadJob(jobFile)
	if err != nil {
		return err
	}
	if limit := int64(job.Limits.Memory); limit > 0 { // the collector's share, which it is not to fill; the engine has its own
		debug.SetMemoryLimit(limit / 2)
		debug.SetGCPercent(100)
	}
	result := &RunResult{Job: job.Name, Planned: planned, Started: started.UTC(), Steps: []StepResult{}}
	o.Child = nil
	failure := safely(ctx, job, result, o)
	end := childEnd{Result: result}
	if failure != nil {
		end.Class, end.Error, end.Kept = ClassOf(failure), failure.Error(), kept(failure)
	}
	if err := json.NewEncoder(w).Encode(end); err != nil {
		return err
	}
	return failure
}

// watchEvery is how often the memory of a child is looked at.
const watchEvery = 20 * time.Millisecond

// inChild does the steps in a process of its own, and ends it beyond the job's memory limit.
func inChild(ctx context.Context, job *Job, result *RunResult, o Options) error {
	cmd := o.Child(ctx, job.File, result.Started, result.Planned)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start the steps: %w", err)
	}
	if _, err := cmd.StdinPipe(); err != nil { // RunSteps' parent
		return fmt.Errorf("start the steps: %w", err)
	}
	killsBefore := outOfMemoryKills()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the steps: %w", err)
	}
	ended, beyond := make(chan struct{}), make(chan bool, 1)
	go func() { beyond <- watchMemory(cmd.Process, job.Limits.Memory, ended) }()
	step, end := listen(out, o.Logger)
	failure := cmd.Wait()
	close(ended)
	tooMuch := <-beyond
	if end != nil {
		end.Result.Planned = result.Planned
		*result = *end.Result
	}
	switch {
	case end != nil && end.Class == "" && failure == nil:
		return nil
	case tooMuch, end == nil && outOfMemoryKills() > killsBefore, end != nil && end.Class == ClassMemory:
		return &MemoryLimitError{step, job.Limits.Memory}
	case ctx.Err() != nil:
		return ctx.Err()
	case end != nil && end.Class != "":
		return &childError{end.Class, end.Error, end.Kept}
	default:
		return &childError{class: ClassCrashed, text: fmt.Sprintf("the process of the steps ended without a word in step %s: %v", step, failure)}
	}
}

// listen passes a child's log on, and gives the step that it was at and what it said in the end, if it came so far.
func listen(out io.Reader, log *slog.Logger) (step string, end *childEnd) {
	step = noStep
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 64<<20) // the end has the whole result
	for lines.Scan() {
		var line struct {
			Msg, Step, Snapshot, Why, Until string
			Class                           Class
			Skipped                         bool
			Rows                            int64
			Dur                             time.Duration
			childEnd
		}
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue // cut off
		}
		switch {
		case line.Result != nil:
			end = &line.childEnd
		case line.Msg == msgStepBegins:
			step = line.Step
			log.Info(line.Msg, "step", line.Step)
		case line.Msg == msgServerWaits:
			log.Info(line.Msg, "why", line.Why, "until", line.Until)
		case line.Msg == msgNotCompacted:
			log.Warn(line.Msg, "class", string(line.Class))
		case line.Msg == msgUnanswered:
			log.Warn(line.Msg)
		case line.Msg == msgStepEnds:
			log.Info(line.Msg, "step", line.Step, "snapshot", line.Snapshot, "skipped", line.Skipped, "rows", line.Rows, "dur", line.Dur)
		}
	}
	return step, end
}
