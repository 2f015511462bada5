package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"farr/jobs"
)

func (a *app) run() *cobra.Command {
	return &cobra.Command{
		Use:   "run JOB.yaml",
		Short: "extract, measure and report from one job file, now",
		Long: `Does all that a job file says, whatever its schedule, and records the run in the ledger
beside the file. What was made before from the same input is not made again.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			job, err := jobs.LoadJob(args[0])
			if err != nil {
				return a.failed(failedRun{File: args[0]}, err)
			}
			result, err := jobs.Run(cmd.Context(), job, a.jobOptions())
			if err != nil {
				return a.failed(failedRun{File: args[0], Job: job.Name}, err)
			}
			return a.print(result, result.WriteText)
		},
	}
}

// errNoJob is a folder in which there is nothing to do: a wrong one, or one whose disk is away.
func errNoJob(dir string) error { return fmt.Errorf("there is no job file in %s", dir) }

// failedRun is a run of a job that came to nothing, for a script.
type failedRun struct {
	File  string     `json:"file"`
	Job   string     `json:"job,omitempty"` // empty: the file cannot be read
	Class jobs.Class `json:"class"`
	Error string     `json:"error"` // a mistake a line, where there are some in the file
}

// failed says by JSON, where it is asked for, how a run failed, and passes the failure on.
func (a *app) failed(f failedRun, err error) error {
	f.Class, f.Error = jobs.ClassOf(err), err.Error()
	if !a.json {
		return err
	}
	return errors.Join(err, writeJSON(a.stdout, f))
}

func (a *app) tick() *cobra.Command {
	var textfile string
	cmd := &cobra.Command{
		Use:   "tick DIR",
		Short: "run what is due of the jobs in a folder, then end",
		Long: `Looks at every job file in DIR, runs what its schedule made due since the last tick,
leaves one row of the ledger for each planned time, and ends. Meant for cron or a systemd
timer, every minute or every hour.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, failure := jobs.Tick(cmd.Context(), args[0], a.jobOptions())
			failure = errors.Join(failure, a.textfile(cmd, args[0], textfile))
			if report == nil {
				return failure
			}
			if err := a.print(report, report.WriteText); err != nil {
				return err
			}
			if len(report.Jobs)+len(report.Wrong) == 0 {
				failure = errors.Join(failure, errNoJob(args[0]))
			}
			return failure
		},
	}
	addTextfile(cmd, &textfile)
	return cmd
}

// addTextfile lets a command leave the status where node_exporter finds it.
func addTextfile(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "textfile", "", "write metrics for Prometheus to this file after each tick (node_exporter's textfile collector: a name in .prom, which all can read)")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if *file != "" && filepath.Ext(*file) != ".prom" {
			return usageError{errors.New("--textfile: the collector reads names that end with .prom alone")}
		}
		return nil
	}
}

func (a *app) textfile(cmd *cobra.Command, folder, file string) error {
	if file == "" {
		return nil
	}
	return jobs.WriteTextfile(context.WithoutCancel(cmd.Context()), folder, file, jobs.Options{})
}

func (a *app) schedule() *cobra.Command {
	var textfile, metrics string
	cmd := &cobra.Command{
		Use:   "schedule DIR",
		Short: "run what is due of the jobs in a folder, until asked to stop",
		Long: `Does what farr tick does whenever something is due, and looks at the files again every minute. One scheduler or
tick works on a folder: another ends with exit code 3 and says which process it is. SIGTERM and SIGINT end it; a run that
is at work then is run again by the next one. A failed run does not end it: see farr status DIR.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var last string
			if metrics != "" {
				stop, _, err := jobs.ServeMetrics(cmd.Context(), metrics, args[0], jobs.Options{})
				if err != nil {
					return err
				}
				defer stop()
			}
			return jobs.Loop(cmd.Context(), args[0], a.jobOptions(), func(report *jobs.TickReport, failure error) {
				a.meter.close()
				if err := a.textfile(cmd, args[0], textfile); err != nil {
					fmt.Fprintf(a.stderr, "farr: %v\n", err)
				}
				if report == nil {
					fmt.Fprintf(a.stderr, "farr: %v\n", failure)
					return
				}
				wrong := strings.Join(report.Wrong, "\n")
				if wrong != last && wrong != "" { // the same mistakes are told once
					fmt.Fprintf(a.stderr, "farr: %s\n", wrong)
				}
				last = wrong
				if !report.Quiet() {
					_ = a.print(report, report.WriteText) // a closed terminal does not end a scheduler
				}
			})
		},
	}
	addTextfile(cmd, &textfile)
	cmd.Flags().StringVar(&metrics, "metrics", "", "answer GET /metrics for Prometheus at this address of the loopback, such as 127.0.0.1:9101")
	return cmd
}

func (a *app) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status DIR",
		Short: "what ran, what is due, what failed, why and what to do",
		Long: `Reads the job files of DIR and the ledger beside them, and changes nothing. Exit code 1 when
something needs a person.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			status, err := jobs.Status(cmd.Context(), args[0], jobs.Options{})
			if err != nil {
				return err
			}
			if err := a.print(status, status.WriteText); err != nil {
				return err
			}
			if len(status.Jobs)+len(status.Wrong) == 0 {
				return errNoJob(args[0])
			}
			if !status.Healthy() {
				return errUnhealthy
			}
			return nil
		},
	}
}

// steps is for the process that a run with a memory limit starts; it is in no help.
func (a *app) steps() *cobra.Command {
	var started, planned string
	cmd := &cobra.Command{
		Use: "steps JOB.yaml --started TIME", Short: "do the steps of a job that another farr runs", Hidden: true,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := time.Parse(time.RFC3339Nano, started)
			if err != nil {
				return usageError{err}
			}
			var due *time.Time
			if planned != "" {
				t, err := time.Parse(time.RFC3339, planned)
				if err != nil {
					return usageError{err}
				}
				due = &t
			}
			return jobs.RunSteps(cmd.Context(), args[0], at, due, a.stdin, a.stdout, jobs.Options{Browser: a.getenv("CHROMIUM")})
		},
	}
	cmd.Flags().StringVar(&started, "started", "", "when the run began")
	cmd.Flags().StringVar(&planned, "planned", "", "for which planned time it is")
	return cmd
}

// child is this program as the process of a job's steps.
func child(ctx context.Context, jobFile string, started time.Time, planned *time.Time) *exec.Cmd {
	program, err := os.Executable()
	if err != nil {
		program = os.Args[0]
	}
	args := []string{"steps", "--started", started.Format(time.RFC3339Nano)}
	if planned != nil {
		args = append(args, "--planned", planned.UTC().Format(time.RFC3339))
	}
	return exec.CommandContext(ctx, program, append(args, "--", jobFile)...)
}

func (a *app) jobOptions() jobs.Options {
	o := jobs.Options{Progress: a.progress(), Browser: a.getenv("CHROMIUM"), Child: child}
	if !a.meter.shown() { // a person watches the bar; a log file gets lines
		o.Logger = jobs.NewLogger(a.stderr, strings.EqualFold(a.getenv("FARR_LOG"), "json"), slog.LevelInfo)
	}
	return o
}

// print writes v as JSON when asked for, else lets human write it.
func (a *app) print(v any, human func(io.Writer) error) error {
	a.meter.close()
	if a.json {
		return writeJSON(a.stdout, v)
	}
	return human(a.stdout)
}

var errUnhealthy = errors.New("something needs a person: see above")
