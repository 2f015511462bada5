//go:build linux

package jobs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// stepsOf is the process of a job's steps: those of hungry take memory without end, and those of mute die.
func stepsOf(file string) int {
	var held [][]byte
	err := RunSteps(context.Background(), file, time.Unix(0, 0), nil, os.Stdin, os.Stdout, Options{build: func(ctx context.Context, job *Job, result *RunResult, o Options) error {
		b := &building{job: job, result: result, o: o}
		if err := b.step("extract", func(*StepResult) error { return nil }); err != nil {
			return err
		}
		return b.step("measure", func(s *StepResult) error {
			switch job.Name {
			case "hungry":
				for {
					page := make([]byte, 16<<20)
					for i := 0; i < len(page); i += 4096 {
						page[i] = 1
					}
					held = append(held, page)
				}
			case "mute":
				os.Exit(7)
			case "wrong":
				return errors.New("as it must")
			}
			s.Rows = 5
			return nil
		})
	}})
	if err != nil {
		return ExitCode(err)
	}
	return len(held)
}

// A run beyond its memory limit fails as that, at its step; the scheduler lives, and the next jobs run.
func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-01-10T04:00:00Z")
	const limited = "schedule: {cron: 0 5 * * *, zone: UTC}\nlimits: {memory: 300MB}\n"
	for _, name := range []string{"hungry", "modest", "mute", "wrong"} {
		w.job(name, limited)
	}
	w.job("zz-unlimited", "schedule: {cron: 0 5 * * *, zone: UTC}\n")
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	o := w.options()
	o.Child = func(ctx context.Context, jobFile string, _ time.Time, _ *time.Time) *exec.Cmd {
		cmd := exec.CommandContext(ctx, os.Args[0])
		cmd.Env = append(os.Environ(), "FARR_TEST_STEPS="+jobFile)
		return cmd
	}
	report, err := Tick(t.Context(), w.dir, o)
	if err == nil || len(report.Jobs) != 5 {
		t.Fatalf("%+v, %v", report, err)
	}
	for i, want := range []struct {
		job   string
		class Class
		text  string
	}{
		{"hungry", ClassMemory, "step measure took more memory than the limit of 300 MB"},
		{"modest", "", ""},
		{"mute", ClassCrashed, "without a word in step measure"},
		{"wrong", ClassFailed, "as it must"},
		{"zz-unlimited", "", ""},
	} {
		got := report.Jobs[i]
		if got.Job != want.job || got.Class != want.class || !strings.Contains(got.Error, want.text) {
			t.Errorf("%s: class %q, %s", got.Job, got.Class, got.Error)
		}
	}
	if r := report.Jobs[1].Result; r == nil || len(r.Steps) != 2 || r.Steps[1].Rows != 5 || r.Planned == nil {
		t.Errorf("the result that came from the other process is %+v", r)
	}
	w.wantStates("hungry", "2026-01-10T05:00:00Z failed")
}

// One that is asked to end, ends its process.
func TestChildIsAskedToEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	o := Options{Child: func(ctx context.Context, _ string, _ time.Time, _ *time.Time) *exec.Cmd {
		return exec.CommandContext(ctx, "sleep", "60")
	}}.withDefaults()
	began := time.Now()
	err := inChild(ctx, &Job{Limits: Limits{Memory: 1 << 30}}, &RunResult{}, o)
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

// Steps whose starter is gone end, since nobody holds the job's lock for them any more and nobody watches their memory.
func TestStepsEndWithTheirStarter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("patient", "limits: {memory: 300MB}\n")
	parent, starter := io.Pipe()
	started := make(chan struct{})
	go func() { <-started; starter.Close() }()
	var said bytes.Buffer
	err := RunSteps(t.Context(), filepath.Join(w.dir, "patient.yaml"), time.Unix(0, 0), nil, parent, &said, Options{build: func(ctx context.Context, _ *Job, _ *RunResult, _ Options) error {
		close(started)
		<-ctx.Done()
		return context.Cause(ctx)
	}})
	if !errors.Is(err, errAlone) || !strings.Contains(said.String(), errAlone.Error()) {
		t.Errorf("%v\n%s", err, &said)
	}
}
