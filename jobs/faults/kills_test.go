package faults

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// killsVariable lets the test binary be a farr that is killed: it logs to its output, and finishes.
const killsVariable = "FARR_TEST_KILLS"

// soak is what many kills add up to.
type soak struct {
	kills, finished int
	reads           int             // of the whole store and report, by the reader process
	told            int             // rows that the ledger had acknowledged
	recovery        []time.Duration // from the start of a process behind a killed one until its first step begins
	whole           []time.Duration // of runs that were not killed
	violations      []string
}

// TestKills ends a running job by SIGKILL at random times, again and again, until it is done, while another process reads; then holds
// the ledger and every byte against an undisturbed run, and begins anew. FARR_KILLS is how many kills, FARR_KILLS_SHARD=2/4
// takes a quarter of them, FARR_KILLS_DONE is a file in which a run that was ended finds how far it came.
func TestKills(t *testing.T) {
	kills := number(t, "FARR_KILLS", 10)
	shard, shards := 1, 1
	if text := os.Getenv("FARR_KILLS_SHARD"); text != "" {
		if _, err := fmt.Sscanf(text, "%d/%d", &shard, &shards); err != nil || shard < 1 || shard > shards {
			t.Fatalf("FARR_KILLS_SHARD is %q: write 2/8", text)
		}
	}
	world := sharedWorld(t)
	undisturbed := copied(t, world)
	began := time.Now()
	if out, err := child(undisturbed, killsVariable+"=yes").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	span := time.Since(began)
	want, err := result(undisturbed)
	if err != nil {
		t.Fatal(err)
	}
	s := &soak{}
	rounds := s.resume(t)
	for ; s.kills < kills/shards; rounds++ {
		before := s.kills
		s.round(t, world, want, span, kills/shards, rand.New(rand.NewPCG(uint64(shard), uint64(rounds))))
		s.keep(t, s.kills-before)
	}
	for _, v := range s.violations {
		t.Error(v)
	}
	if s.reads == 0 || len(s.recovery) == 0 {
		t.Errorf("%d reads, %d recoveries", s.reads, len(s.recovery))
	}
	fmt.Printf("kills: %d, %d runs finished behind them, %d rows told, %d reads of the whole store; %d violations; recovery p50 %v p99 %v, whole run p50 %v\n",
		s.kills, s.finished, s.told, s.reads, len(s.violations), quantile(s.recovery, 0.5), quantile(s.recovery, 0.99), quantile(s.whole, 0.5))
	if p99 := quantile(s.recovery, 0.99); p99 > 2*time.Second && kills > 100 {
		t.Errorf("recovery took %v at the 99th percentile", p99)
	}
}

// round kills the job until it is done, or has been killed often enough.
func (s *soak) round(t *testing.T, world string, want map[string]string, span time.Duration, most int, random *rand.Rand) {
	t.Helper()
	dir := copied(t, world)
	defer os.RemoveAll(filepath.Dir(dir))
	stop := s.watch(t, dir)
	told := map[int64]string{} // attempt to the state that was told, "" while it runs
	killedBefore := false
	for done := false; !done; {
		u := random.Float64()
		after := time.Duration(float64(span) * 1.2 * u * u)
		process := child(dir, killsVariable+"=yes")
		out, err := process.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		process.Stderr = &said
		began := time.Now()
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		if s.kills >= most {
			after = time.Hour
		}
		timer := time.AfterFunc(after, func() { _ = process.Process.Kill() })
		ready := listen(out, told)
		err = process.Wait()
		killed := !timer.Stop()
		var exit *exec.ExitError
		switch {
		case killed && errors.As(err, &exit) && !exit.Exited():
			s.kills++
		case err != nil:
			s.violate("a run that was not killed ends with %v: %s", err, said.String())
			done = true
		default:
			s.whole = append(s.whole, time.Since(began))
			done = true
		}
		if killedBefore && !ready.IsZero() {
			s.recovery = append(s.recovery, ready.Sub(began))
		}
		killedBefore = true
	}
	s.finished++
	stop()
	if err := kept(dir, told); err != nil {
		s.violate("I4: %v", err)
	}
	s.told += len(told)
	if err := sound(t.Context(), dir); err != nil {
		s.violate("I1: %v", err)
	}
	got, err := result(dir)
	if err == nil {
		err = equal(got, want)
	}
	if err != nil {
		s.violate("I2: %v", err)
	}
	if err := leftovers(dir); err != nil {
		s.violate("I5: %v", err)
	}
}

func (s *soak) violate(format string, args ...any) {
	s.violations = append(s.violations, fmt.Sprintf(format, args...))
}

// listen reads a victim's log until it ends: what the ledger had written when it was told, and when the first step began.
func listen(out io.Reader, told map[int64]string) (ready time.Time) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var line struct {
			Msg, State string
			Run        int64
		}
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			continue // cut off by the kill
		}
		switch line.Msg {
		case "run begins":
			told[line.Run] = ""
		case "step begins":
			if ready.IsZero() {
				ready = time.Now()
			}
		case "run ends":
			told[line.Run] = line.State
		}
	}
	return ready
}

// kept wants every attempt that was told in the ledger, as told.
func kept(dir string, told map[int64]string) error {
	db, err := sql.Open("sqlite", filepath.Join(dir, ".farr", "ledger.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	for id, state := range told {
		var now string
		if err := db.QueryRow("SELECT state FROM attempt WHERE id = ?", id).Scan(&now); err != nil {
			return fmt.Errorf("attempt %d, which was told: %w", id, err)
		}
		if now == "running" || state != "" && now != state {
			return fmt.Errorf("attempt %d was told as %q and is %q", id, state, now)
		}
	}
	return nil
}

// watch starts a process that reads all the time. stop ends it and counts what it read.
func (s *soak) watch(t *testing.T, dir string) (stop func()) {
	t.Helper()
	reader := exec.Command(os.Args[0])
	reader.Env = append(os.Environ(), folderVariable+"="+dir, readerVariable+"=yes")
	in, err := reader.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	reader.Stdout, reader.Stderr = &said, &said
	if err := reader.Start(); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		in.Close()
		if err := reader.Wait(); err != nil {
			s.violate("I1: the reader saw what is incomplete: %v: %s", err, said.String())
			return
		}
		n, err := strconv.Atoi(strings.TrimSpace(said.String()))
		if err != nil {
			t.Fatalf("the reader said %q", said.String())
		}
		s.reads += n
	})
}

// resume reads how far an earlier run of the same shard came.
func (s *soak) resume(t *testing.T) (rounds int) {
	t.Helper()
	file := os.Getenv("FARR_KILLS_DONE")
	if file == "" {
		return 0
	}
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kills, told, reads int
		if _, err := fmt.Sscanf(line, "kills %d told %d reads %d", &kills, &told, &reads); err != nil {
			t.Fatalf("%s: %q", file, line)
		}
		s.kills, s.told, s.reads, s.finished, rounds = s.kills+kills, told, reads, s.finished+1, rounds+1
		if _, times, ok := strings.Cut(line, " recovery "); ok {
			s.recovery = nil // each line has all of them
			for text := range strings.FieldsSeq(times) {
				d, err := time.ParseDuration(text)
				if err != nil {
					t.Fatal(err)
				}
				s.recovery = append(s.recovery, d)
			}
		}
	}
	return rounds
}

// keep adds a round to the file; one with a violation is not done.
func (s *soak) keep(t *testing.T, kills int) {
	t.Helper()
	file := os.Getenv("FARR_KILLS_DONE")
	if file == "" || len(s.violations) > 0 {
		return
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	line := fmt.Sprintf("kills %d told %d reads %d recovery", kills, s.told, s.reads)
	for _, d := range s.recovery {
		line += " " + d.Round(time.Millisecond).String()
	}
	if _, err := f.WriteString(line + "\n"); err != nil {
		t.Fatal(err)
	}
}

func quantile(all []time.Duration, p float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))].Round(time.Millisecond)
}

func number(t *testing.T, variable string, without int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return without
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q: write a number", variable, text)
	}
	return n
}
