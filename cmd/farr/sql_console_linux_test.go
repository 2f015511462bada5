package main

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"farr/jobs"
)

// screen is a terminal with somebody before it.
type screen struct {
	t     *testing.T
	hand  *os.File // the end that types and looks
	tty   *os.File
	mu    sync.Mutex
	shown bytes.Buffer
}

func newScreen(t *testing.T) *screen {
	hand, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("skipped: there are no terminals here: %v", err)
	}
	n, err := unix.IoctlGetInt(int(hand.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(hand.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 200}); err != nil {
		t.Fatal(err)
	}
	s := &screen{t: t, hand: hand, tty: tty}
	t.Cleanup(func() { tty.Close(); hand.Close() })
	go func() {
		part := make([]byte, 4096)
		for {
			n, err := hand.Read(part)
			if err != nil {
				return
			}
			s.mu.Lock()
			s.shown.Write(part[:n])
			s.mu.Unlock()
		}
	}()
	return s
}

// sees waits until the screen shows something new.
func (s *screen) sees(want string) {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		text := s.shown.String()
		at := strings.Index(text, want)
		if at >= 0 {
			s.shown.Next(at + len(want))
		}
		s.mu.Unlock()
		if at >= 0 {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("the screen does not show %q but %q", want, text)
		}
	}
}

func (s *screen) types(text string) {
	s.t.Helper()
	if _, err := s.hand.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// TestSQLConsole: on a terminal rows need no --phi; an interrupt ends a statement or a line, and
// the session lives on.
func TestSQLConsole(t *testing.T) {
	p := extractedStays(t, "shifted")
	s := newScreen(t)
	caught := make(chan os.Signal, 8) // so that this process lives, as main's does
	signal.Notify(caught, os.Interrupt)
	defer signal.Stop(caught)
	code := make(chan int, 1)
	go func() {
		code <- run(t.Context(), []string{"sql", "--store", p.store, "--key", p.key}, s.tty, s.tty, s.tty, func(string) string { return "" })
	}()
	s.sees("farr> ")
	s.types("SELECT birth_date\r")
	s.sees("  ... ")
	s.types("FROM patient; SELECT 1 AS two;\r")
	s.sees("1960-05-01")
	s.sees("two")
	s.sees("farr> ")
	s.types("\\d visit\r")
	s.sees("service_provider_rid")
	s.types("\\d\r")
	s.sees("list_colonoscopy")
	s.types("SELECT garbage\x03SELECT 7 AS clean;\r")
	s.sees("clean")
	s.sees("7\r\n(1 row)")
	s.types("SELECT nothing;\r")
	s.sees("statement:1:8: sql-binding")
	s.types("SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = 7;\r")
	s.sees("= 7;")
	for running := true; running; {
		time.Sleep(50 * time.Millisecond)
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		select {
		case <-caught:
		case <-time.After(10 * time.Second):
			t.Fatal("no interrupt came")
		}
		time.Sleep(100 * time.Millisecond)
		s.mu.Lock()
		running = !strings.Contains(s.shown.String(), "the statement was ended")
		s.mu.Unlock()
	}
	s.types("SELECT 40 + 2 AS alive;\r")
	s.sees("42")
	s.types("\\q\r")
	if c := <-code; c != jobs.ExitOK {
		t.Errorf("exit %d", c)
	}
	if log := must(t, "audit", "show", "--store", p.store, "--kind", "disclosure"); strings.Count(log, `"to":"terminal"`) != 5 {
		t.Errorf("the log says\n%s", log)
	}
}
