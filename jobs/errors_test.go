package jobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing"

	"farr/datasets"
	"farr/datasets/bulk"
	"farr/internal/source"
)

type gate struct{}

func (gate) Error() string     { return "held back" }
func (gate) PrivacyGate() bool { return true }

func TestExitCodes(t *testing.T) {
	wrong := source.Diagnostics{{Pos: source.Pos{File: "a"}, Code: "c", Message: "m"}, {Pos: source.Pos{File: "b"}, Code: "c", Message: "m"}}.Err()
	damaged := &datasets.Error{Code: datasets.CodeDamagedObject, Subject: "object"}
	for _, c := range []struct {
		err   error
		class Class
		code  int
	}{
		{nil, "", ExitOK},
		{errors.New("disk full"), ClassFailed, ExitFailed},
		{fmt.Errorf("job: %w", wrong), ClassUsage, ExitUsage},
		{&LockedError{What: "x"}, ClassLocked, ExitLocked},
		{&datasets.Error{Code: datasets.CodeLocked}, ClassLocked, ExitLocked},
		{&datasets.Error{Code: datasets.CodeLocked, Err: context.Canceled}, ClassLocked, ExitLocked},
		{fmt.Errorf("extract: %w", damaged), ClassIntegrity, ExitIntegrity},
		{&datasets.Error{Code: datasets.CodeWrongKey}, ClassKey, ExitFailed},
		{fmt.Errorf("extract: %w", &datasets.KeySourceError{Err: fs.ErrNotExist}), ClassKey, ExitFailed},
		{gate{}, ClassPrivacy, ExitPrivacy},
		{fmt.Errorf("x: %w", context.Canceled), ClassInterrupted, ExitFailed},
		{errors.Join(errors.New("a"), wrong, fmt.Errorf("b: %w", damaged)), ClassIntegrity, ExitIntegrity},
		{fmt.Errorf("tick: %w", errors.Join(errors.New("a"), wrong)), ClassUsage, ExitUsage},
		{errors.Join(errors.New("a"), errors.New("b")), ClassFailed, ExitFailed},
		{fmt.Errorf("extract: %w", &bulk.Error{Code: bulk.NotReached}), ClassServer, ExitFailed},
		{fmt.Errorf("extract: %w", errors.Join(&bulk.Error{Code: bulk.WrongCount})), ClassServer, ExitFailed},
		{&bulk.Error{Code: bulk.Unauthorised}, ClassFailed, ExitFailed}, // a mistake of what was asked for
		{&bulk.Error{Code: bulk.NotFHIR}, ClassFailed, ExitFailed},
	} {
		if got := ClassOf(c.err); got != c.class {
			t.Errorf("%v is %q, want %q", c.err, got, c.class)
		}
		if got := ExitCode(c.err); got != c.code {
			t.Errorf("%v exits %d, want %d", c.err, got, c.code)
		}
	}
	if text := (&MemoryLimitError{Step: noStep, Limit: 256 << 20}).Error(); strings.Contains(text, noStep) || !strings.Contains(text, "before its first step") {
		t.Error(text)
	}
	for _, class := range order {
		if advice[class] == "" {
			t.Errorf("no advice for %s", class)
		}
	}
}

func TestLoggerDropsOtherKeys(t *testing.T) {
	for _, json := range []bool{false, true} {
		var out bytes.Buffer
		log := NewLogger(&out, json, slog.LevelInfo)
		log.With("job", "nightly", "name", "Jane").WithGroup("row").Info("step ends", "mrn", "12345", "step", "in a group")
		log.Info("step ends", "step", "extract", "rows", 7, "birth_date", "1950-01-01")
		log.Debug("quiet", "job", "x")
		got := out.String()
		for _, wanted := range []string{"nightly", "extract", "7"} {
			if !strings.Contains(got, wanted) {
				t.Errorf("%q is not in %s", wanted, got)
			}
		}
		for _, leak := range []string{"Jane", "12345", "1950", "mrn", "quiet", "in a group"} {
			if strings.Contains(got, leak) {
				t.Errorf("%q is in %s", leak, got)
			}
		}
	}
}
