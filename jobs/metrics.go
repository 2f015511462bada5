package jobs

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"farr/datasets/bulk"
	"farr/internal/disk"
)

// WriteMetrics writes the status in the text format of Prometheus. It has nothing of a job but its name.
func (s *FolderStatus) WriteMetrics(w io.Writer) error {
	p := &printer{w: w}
	seconds := func(t *time.Time) (float64, bool) {
		if t == nil {
			return 0, false
		}
		return float64(t.UnixMilli()) / 1000, true
	}
	for _, m := range []struct {
		name, help string
		of         func(j JobStatus) (float64, bool)
	}{
		{"farr_job_healthy", "1 where nothing needs a person, else 0.", func(j JobStatus) (float64, bool) { return one(!j.Health.sick()), true }},
		{"farr_job_running", "1 while a run is at work.", func(j JobStatus) (float64, bool) { return one(j.Health == HealthRunning), true }},
		{"farr_job_last_success_timestamp_seconds", "When the newest run that ended well ended.", func(j JobStatus) (float64, bool) {
			if j.LastSuccess == nil {
				return 0, false
			}
			return seconds(j.LastSuccess.Ended)
		}},
		{"farr_job_last_run_timestamp_seconds", "When the newest run began.", func(j JobStatus) (float64, bool) {
			if j.Last == nil {
				return 0, false
			}
			return seconds(&j.Last.Started)
		}},
		{"farr_job_last_run_seconds", "How long the newest run took.", func(j JobStatus) (float64, bool) {
			if j.Last == nil || j.Last.Ended == nil {
				return 0, false
			}
			return j.Last.Ended.Sub(j.Last.Started).Seconds(), true
		}},
		{"farr_job_last_run_failed", "1 where the newest run failed.", func(j JobStatus) (float64, bool) { return one(j.Last != nil && j.Last.Class != ""), j.Last != nil }},
		{"farr_job_missed_planned_times", "Planned times that were missed since the newest success.", func(j JobStatus) (float64, bool) { return float64(j.Missed), true }},
		{"farr_job_due_timestamp_seconds", "The planned time that waits to be run.", func(j JobStatus) (float64, bool) { return seconds(j.Due) }},
		{"farr_job_next_timestamp_seconds", "The next planned time.", func(j JobStatus) (float64, bool) { return seconds(j.Next) }},
	} {
		p.linef("# HELP %s %s\n# TYPE %s gauge", m.name, m.help, m.name)
		for _, j := range s.Jobs {
			if v, ok := m.of(j); ok {
				p.linef("%s{job=%q} %g", m.name, j.Job, v) // a job's name needs no escapes
			}
		}
	}
	p.linef("# HELP farr_wrong_job_files Mistakes in job files; their jobs do not run.\n# TYPE farr_wrong_job_files gauge\nfarr_wrong_job_files %d", len(s.Wrong))
	p.linef("# HELP farr_status_timestamp_seconds When this was looked at.\n# TYPE farr_status_timestamp_seconds gauge\nfarr_status_timestamp_seconds %.3f", float64(s.At.UnixMilli())/1000)
	return p.err
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// WriteTextfile puts the metrics of a folder into a file for node_exporter's textfile collector, whole or not at all. All can
// read it, since the collector is another user: it has names of jobs and times, and no text of an error.
func WriteTextfile(ctx context.Context, folder, file string, o Options) error {
	s, err := Status(ctx, folder, o)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := s.WriteMetrics(&text); err != nil {
		return err
	}
	return disk.ReplaceFileMode(file, text.Bytes(), 0o644)
}

// ServeMetrics answers GET /metrics on an address of this machine's loopback until ctx ends. Who can read it learns the names of
// jobs and when they ran.
func ServeMetrics(ctx context.Context, address, folder string, o Options) (stop func(), at net.Addr, err error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !bulk.IsLoopback(host) {
		return nil, nil, fmt.Errorf("%q is no address of the loopback such as 127.0.0.1:9101", address)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{
		ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, MaxHeaderBytes: 1 << 14,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet || r.URL.Path != "/metrics" {
				http.NotFound(w, r)
				return
			}
			s, err := Status(r.Context(), folder, o)
			if err != nil {
				http.Error(w, "the status cannot be read: see farr status", http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
			_ = s.WriteMetrics(w) // who asked has gone
		}),
	}
	go func() { _ = server.Serve(l) }() // until it is closed
	return func() { server.Close() }, l.Addr(), nil
}
