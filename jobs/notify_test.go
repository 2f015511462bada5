package jobs

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"farr/reports"
)

// hook is a webhook's other end.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	signed []string
	status int
}

func newHook(t *testing.T) *hook {
	h := &hook{status: http.StatusNoContent}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.bodies, h.signed = append(h.bodies, string(body)), append(h.signed, r.Header.Get(SignatureHeader))
		w.WriteHeader(h.status)
	}))
	t.Cleanup(h.Close)
	return h
}

// hanging takes connections and says nothing.
func hanging(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
		}
	}()
	return l.Addr().String()
}

func (w *world) secretFile() {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, "hook.secret"), []byte("s3cret\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) failingTick() *TickReport {
	w.t.Helper()
	r, err := Tick(context.Background(), w.dir, w.options())
	if err == nil || r == nil {
		w.t.Fatalf("%+v, %v", r, err)
	}
	return r
}

// One alert for each failed run, signed, whatever the sink says in between; none for an attempt that is followed by another.
func TestOneAlertForEachFailedRun(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	h := newHook(t)
	w.secretFile()
	w.job("j", daily+"notify: {webhook: {url: '"+h.URL+"', secret: hook.secret}}\nretries: {failed: {attempts: 2}}\n")
	w.tick()
	w.fail = errors.New("export/Jane-Doe.ndjson is away")
	w.now = at(t, "2026-01-10T05:00:00Z")
	if r := w.failingTick(); r.Jobs[0].Did != "retry" || len(h.bodies) != 0 {
		t.Errorf("%+v, told %v", r.Jobs[0], h.bodies)
	}
	h.status = http.StatusInternalServerError
	w.now = at(t, "2026-01-10T05:01:00Z")
	if r := w.failingTick(); r.Jobs[0].Did != "failed" || len(r.Untold) != 1 || r.Untold[0] != "webhook: the answer is 500" {
		t.Errorf("%+v", r)
	}
	h.status = http.StatusNoContent
	w.tick() // too early
	w.now = at(t, "2026-01-10T05:03:00Z")
	w.tick()
	w.now = at(t, "2026-01-10T06:00:00Z")
	w.tick()
	if len(h.bodies) != 2 || h.bodies[0] != h.bodies[1] {
		t.Fatalf("told %v", h.bodies)
	}
	if want := Sign("s3cret", []byte(h.bodies[1]), at(t, "2026-01-10T05:03:00Z")); h.signed[1] != want {
		t.Errorf("signed %s, want %s", h.signed[1], want)
	}
	var a Alert
	if err := json.Unmarshal([]byte(h.bodies[1]), &a); err != nil || a.Job != "j" || a.Kind != "failed" || a.Class != ClassFailed || !a.Planned.Equal(at(t, "2026-01-10T05:00:00Z")) || a.Run != 2 {
		t.Errorf("%s, %v", h.bodies[1], err)
	}
	if strings.Contains(h.bodies[1], "Jane") {
		t.Error("the alert quotes the error")
	}
}

// A run that ends well and cannot judge a target is told of once, again when that changes, and again when it comes back; status
// says it for as long as it is so.
func TestAlertOfTargetsThatCannotBeJudged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-01-10T04:00:00Z")
	h := newHook(t)
	w.secretFile()
	w.job("j", daily+"notify: {webhook: {url: '"+h.URL+"', secret: hook.secret}}\n")
	w.tick()
	stopped := []reports.Unjudged{{Measure: "blood-pressure-control", Why: "a feed that it rests on had stopped"}}
	for i, one := range []struct {
		unjudged []reports.Unjudged
		told     int
	}{{nil, 0}, {stopped, 1}, {stopped, 1}, {append(stopped, reports.Unjudged{Measure: "a", Why: "b"}), 2}, {nil, 2}, {stopped, 3}} {
		w.now = at(t, "2026-01-10T05:00:00Z").AddDate(0, 0, i)
		o := w.options()
		o.build = func(_ context.Context, _ *Job, result *RunResult, _ Options) error {
			result.Unjudged = one.unjudged
			return nil
		}
		if _, err := Tick(context.Background(), w.dir, o); err != nil {
			t.Fatal(err)
		}
		if len(h.bodies) != one.told {
			t.Errorf("after run %d: told %v", i, h.bodies)
		}
		s, err := Status(context.Background(), w.dir, w.options())
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		if err := s.WriteText(&text); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(text.String(), "the target of blood-pressure-control cannot be judged: a feed that it rests on had stopped"); got != (one.unjudged != nil) {
			t.Errorf("after run %d: status says\n%s", i, text.String())
		}
	}
	var a Alert
	if err := json.Unmarshal([]byte(h.bodies[0]), &a); err != nil || a.Kind != "unjudged" || a.Class != "" || !strings.Contains(a.Advice, "farr status") || strings.Contains(h.bodies[0], "blood") {
		t.Errorf("%s, %v", h.bodies[0], err)
	}
}

// A known signature, so that a receiver can be written against it.
func TestSign(t *testing.T) {
	// printf '1768021380.{}' | openssl dgst -sha256 -hmac key
	if got, want := Sign("key", []byte("{}"), time.Unix(1768021380, 0)), "t=1768021380,v1=2ce23ad955db9b3dd47981bd2e4ca2ca08b127a0f4451f77e698b781cfe6e515"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A run whose process died for the last time, and one that the next planned time overtook, are failed runs, too.
func TestAlertOfLostRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-01-10T04:00:00Z")
	h := newHook(t)
	w.secretFile()
	w.job("j", daily+"notify: {webhook: {url: '"+h.URL+"', secret: hook.secret}}\n")
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	w.killedTick()
	w.now = at(t, "2026-01-11T05:00:00Z")
	w.tick()
	if len(h.bodies) != 1 || !strings.Contains(h.bodies[0], `"planned":"2026-01-10T05:00:00Z","class":"crashed"`) {
		t.Errorf("told %v", h.bodies)
	}
}

// No success for too long is told once for each silence.
func TestAlertOfSilence(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	h := newHook(t)
	w.secretFile()
	w.job("j", "schedule: {cron: 0 5 * * mon, zone: UTC}\nalert_after: 26h\nnotify: {webhook: {url: '"+h.URL+"', secret: hook.secret}}\n")
	for _, now := range []string{"2026-01-10T04:00:00Z", "2026-01-11T06:00:00Z", "2026-01-11T06:00:01Z", "2026-01-12T04:00:00Z", "2026-01-12T05:00:00Z", "2026-01-13T07:00:00Z", "2026-01-13T08:00:00Z", "2026-01-13T09:00:00Z"} {
		w.now = at(t, now)
		w.tick()
	}
	if len(h.bodies) != 2 || !strings.Contains(h.bodies[0], `"since":"2026-01-10T04:00:00Z"`) || !strings.Contains(h.bodies[1], `"since":"2026-01-12T05:00:00Z"`) {
		t.Errorf("told %v", h.bodies)
	}
}

// A tick that did nothing and told nobody is not quiet: it says which sink did not take what.
func TestTickSaysWhoIsNotTold(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	h := newHook(t)
	h.status = http.StatusInternalServerError
	w.secretFile()
	w.job("j", "schedule: {cron: 0 5 * * mon, zone: UTC}\nalert_after: 26h\nnotify: {webhook: {url: '"+h.URL+"', secret: hook.secret}}\n")
	w.tick()
	w.now = at(t, "2026-01-11T07:00:00Z")
	if r := w.tick(); r.Quiet() || len(r.Untold) != 1 || r.Jobs[0].Did != "nothing" {
		t.Errorf("quiet %t: %+v", r.Quiet(), r)
	}
}

// A clock that was a year ahead mutes nothing once it is set right and accepted.
func TestAlertsAfterTheClockWasAhead(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	h := newHook(t)
	w.secretFile()
	w.job("j", daily+"alert_after: 26h\nnotify: {webhook: {url: '"+h.URL+"', secret: hook.secret}}\n")
	w.tick()
	w.now = at(t, "2027-01-10T05:00:00Z")
	w.tick()
	h.status, w.fail = http.StatusInternalServerError, errors.New("the share is away")
	w.now = at(t, "2027-01-11T05:00:00Z")
	w.failingTick()
	h.status = http.StatusNoContent
	w.now = at(t, "2026-01-11T06:30:00Z")
	if err := AcceptClock(context.Background(), w.dir, w.options()); err != nil {
		t.Fatal(err)
	}
	w.tick()
	var kinds []string
	for _, body := range h.bodies {
		var a Alert
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, a.Kind)
	}
	if got := strings.Join(kinds, " "); !strings.Contains(got, "silent") || strings.Count(got, "failed") < 2 {
		t.Errorf("told %s", got)
	}
}

// Sinks that hang delay what comes after by at most their limit, both together.
func TestHangingSinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.secretFile()
	w.job("a", daily+"notify:\n  webhook: {url: 'http://"+hanging(t)+"', secret: hook.secret, limit: 1s}\n"+
		"  smtp: {server: '"+hanging(t)+"', from: farr@example.org, to: [ops@example.org], tls: none, limit: 1s}\n")
	w.job("b", daily)
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	o := w.options()
	inner := o.build
	var failed, next time.Time
	o.build = func(ctx context.Context, job *Job, r *RunResult, o Options) error {
		if err := inner(ctx, job, r, o); err != nil || job.Name == "b" {
			next = time.Now()
			return err
		}
		failed = time.Now()
		return errors.New("no export")
	}
	r, err := Tick(context.Background(), w.dir, o)
	if err == nil || len(r.Untold) != 2 || r.Jobs[1].Did != "succeeded" {
		t.Fatalf("%+v, %v", r, err)
	}
	delay := next.Sub(failed)
	if delay < time.Second || delay > 5*time.Second { // beyond a second is the machine's
		t.Errorf("the next job began %s after the failure", delay)
	}
	fmt.Printf("sinks: two that hang, each with a limit of 1 s, delayed the next run by %.2f s\n", delay.Seconds())
}

func TestMail(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		in := bufio.NewReader(c)
		var said strings.Builder
		fmt.Fprint(c, "220 ready\r\n")
		for data := false; ; {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			said.WriteString(line)
			switch {
			case data && line == ".\r\n":
				fmt.Fprint(c, "250 taken\r\n")
				got <- said.String()
				return
			case data:
			case line == "DATA\r\n":
				data = true
				fmt.Fprint(c, "354 go on\r\n")
			default:
				fmt.Fprint(c, "250 ok\r\n")
			}
		}
	}()
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("j", daily+"notify: {smtp: {server: '"+l.Addr().String()+"', from: Farr <farr@example.org>, to: [ops@example.org, head@example.org], tls: none}}\n")
	w.tick()
	w.fail = errors.New("export/Jane-Doe.ndjson is away")
	w.now = at(t, "2026-01-10T05:00:00Z")
	if r := w.failingTick(); len(r.Untold) != 0 {
		t.Fatalf("%v", r.Untold)
	}
	text := <-got
	for _, want := range []string{"MAIL FROM:<farr@example.org>", "RCPT TO:<head@example.org>", "Subject: farr: job j failed (failed)\r\n", "Planned for 2026-01-10T05:00:00Z.", "To do: read the error"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "Jane") {
		t.Error("the mail quotes the error")
	}
}

func TestMetrics(t *testing.T) {
	w := newWorld(t, "2026-01-10T04:00:00Z")
	w.job("good", daily)
	w.tick()
	w.now = at(t, "2026-01-10T05:00:00Z")
	w.tick()
	file := filepath.Join(t.TempDir(), "farr.prom")
	if err := WriteTextfile(context.Background(), w.dir, file, w.options()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the collector, another user, cannot read the file: %v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"farr_job_healthy{job=\"good\"} 1\n", "farr_job_last_success_timestamp_seconds{job=\"good\"} 1.7680212e+09\n", "# TYPE farr_job_missed_planned_times gauge\n", "farr_wrong_job_files 0\n"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	stop, address, err := ServeMetrics(context.Background(), "127.0.0.1:0", w.dir, w.options())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	answer, err := http.Get("http://" + address.String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	served, err := io.ReadAll(answer.Body)
	if err != nil || !bytes.Equal(served, text) {
		t.Errorf("served %v\n%s", err, served)
	}
	if other, err := http.Get("http://" + address.String() + "/"); err != nil || other.StatusCode != http.StatusNotFound {
		t.Errorf("%v, %v", other, err)
	} else {
		other.Body.Close()
	}
	if _, _, err := ServeMetrics(context.Background(), "0.0.0.0:0", w.dir, w.options()); err == nil {
		t.Error("metrics are served to other machines")
	}
}

// A secret that others can read is not used.
func TestReadSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	writeFile(t, path, "s3cret\n")
	if _, err := readSecret(path); err == nil || !strings.Contains(err.Error(), "others can read it") {
		t.Errorf("%v", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := readSecret(path); err != nil || text != "s3cret" {
		t.Errorf("%q, %v", text, err)
	}
	writeFile(t, path, strings.Repeat("x", maxSecret)+"\n")
	if _, err := readSecret(path); err == nil || !strings.Contains(err.Error(), "more than 4096 bytes") {
		t.Errorf("a long one: %v", err)
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readSecret(pipe); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a pipe: %v", err)
	}
	t.Setenv("FARR_TEST_SECRET", "other")
	if text, err := readSecret("env:FARR_TEST_SECRET"); err != nil || text != "other" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := readSecret("env:FARR_TEST_NOT_SET"); err == nil {
		t.Error("an empty variable is a secret")
	}
}
