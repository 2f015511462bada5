//go:build unix

package datasets

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
)

// TestKilledWhileLogging kills a process at each point of a signed append. What was acknowledged is there,
// what was not is gone or whole, the audit with the key finds no fault before and after, and the next append heals.
func TestKilledWhileLogging(t *testing.T) {
	if dir := os.Getenv("FARR_TEST_LOG_DIR"); dir != "" {
		at, _ := strconv.Atoi(os.Getenv("FARR_TEST_LOG_AT"))
		s := openTestStore(t, dir)
		key, err := ReadKey(os.Getenv("FARR_TEST_LOG_KEY"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SignLog(key); err != nil {
			t.Fatal(err)
		}
		s.KeepWitness(os.Getenv("FARR_TEST_LOG_KEY"))
		s.fault = func(string) error {
			if at--; at < 0 {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			return nil
		}
		say(t, s, "second")
		return
	}
	s, _, _, _ := signedStore(t)
	var points []string
	s.fault = func(point string) error {
		points = append(points, point)
		return nil
	}
	say(t, s, "second")
	if !slices.Contains(points, "log signature") || len(points) < 5 {
		t.Fatalf("points %v", points)
	}
	for i, point := range points {
		t.Run(point, func(t *testing.T) {
			s, dir, key, keyFile := signedStore(t)
			acknowledged := len(kinds(t, s))
			child := exec.Command(os.Args[0], "-test.run=^TestKilledWhileLogging$")
			child.Env = append(os.Environ(), "FARR_TEST_LOG_DIR="+dir, "FARR_TEST_LOG_KEY="+keyFile, "FARR_TEST_LOG_AT="+strconv.Itoa(i))
			err := child.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the child was not killed: %v", err)
			}
			cutOff := audit(t, s, trusting(t, s, key, keyFile))
			if cutOff.Err() != nil || int(cutOff.Entries) < acknowledged {
				t.Errorf("after the kill: %+v", cutOff)
			}
			if info, err := os.Stat(filepath.Join(dir, logDir)); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("folder of the log: %v, %v", info, err)
			}
			say(t, s, "third")
			got := kinds(t, s)
			if got[acknowledged-1] != "crosswalk" || got[len(got)-1] != "third" {
				t.Errorf("entries %v", got)
			}
			if whole := audit(t, s, trusting(t, s, key, keyFile)); whole.Err() != nil || whole.Unfinished || whole.Signed != whole.Entries {
				t.Errorf("healed: %+v", whole)
			}
		})
	}
}

// Two appends that fail one after the other, each at any point, leave a log that reads and verifies.
func TestLoggingFailsTwice(t *testing.T) {
	failed := errors.New("disk full")
	for _, first := range []string{"log hashes", "log signature", "log head"} {
		for _, second := range []string{"log line", "log hashes", "log head"} {
			s, _, key, keyFile := signedStore(t)
			acknowledged := len(kinds(t, s))
			for _, at := range []string{first, second} {
				s.fault = func(point string) error {
					if point == at {
						return failed
					}
					return nil
				}
				if err := s.Log(t.Context(), Event{Kind: "second"}); !errors.Is(err, failed) {
					t.Fatalf("%s: %v", at, err)
				}
			}
			s.fault = nil
			if _, err := s.LogEntries(); err != nil {
				t.Errorf("%s, then %s: %v", first, second, err)
			}
			if report := audit(t, s, trusting(t, s, key, keyFile)); report.Err() != nil || int(report.Entries) != acknowledged {
				t.Errorf("%s, then %s: %+v", first, second, report)
			}
		}
	}
}
