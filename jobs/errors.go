package jobs

import (
	"context"
	"errors"
	"fmt"

	"farr/datasets"
	"farr/internal/source"
)

// Exit codes of the command, by what a script would do about them.
const (
	ExitOK        = 0
	ExitFailed    = 1
	ExitUsage     = 2 // a file or flag has to be corrected
	ExitLocked    = 3 // another run is at work; try later
	ExitIntegrity = 4 // a stored object is damaged or missing
	ExitPrivacy   = 5 // a privacy gate held something back
)

// Class is what kind of failure an error is, as the ledger records it.
type Class string

// The classes, the one to act on first being first.
const (
	ClassIntegrity   Class = "integrity"
	ClassPrivacy     Class = "privacy"
	ClassUsage       Class = "usage"
	ClassKey         Class = "key"
	ClassRejects     Class = "rejects" // too many lines of the export are bad
	ClassLocked      Class = "locked"
	ClassInterrupted Class = "interrupted" // asked to stop
	ClassCrashed     Class = "crashed"     // the process ended without a word
	ClassFailed      Class = "failed"
)

var order = []Class{ClassIntegrity, ClassPrivacy, ClassUsage, ClassKey, ClassRejects, ClassLocked, ClassInterrupted, ClassCrashed, ClassFailed}

// LockedError means that another process has the job or the folder.
type LockedError struct{ What string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s is being run by another process", e.What)
}

// ClassOf classifies err; of several joined errors, the one to act on first. It is
// empty for nil.
func ClassOf(err error) Class {
	if err == nil {
		return ""
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok && !isDiagnostics(err) {
		found := len(order) - 1
		for _, e := range joined.Unwrap() {
			for i, c := range order[:found] {
				if ClassOf(e) == c {
					found = i
				}
			}
		}
		return order[found]
	}
	var locked *LockedError
	var rejects *datasets.TooManyRejectsError
	var privacy interface{ PrivacyGate() bool }
	switch code := datasets.CodeOf(err); {
	case datasets.IsIntegrity(err):
		return ClassIntegrity
	case errors.As(err, &privacy) && privacy.PrivacyGate():
		return ClassPrivacy
	case isDiagnostics(err):
		return ClassUsage
	case code == datasets.CodeKeyRequired, code == datasets.CodeWrongKey:
		return ClassKey
	case errors.As(err, &rejects):
		return ClassRejects
	case code == datasets.CodeLocked, errors.As(err, &locked):
		return ClassLocked
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return ClassInterrupted
	default:
		return ClassFailed
	}
}

func isDiagnostics(err error) bool {
	var one source.Diagnostic
	var all source.Diagnostics
	return errors.As(err, &all) || errors.As(err, &one)
}

// ExitCode is the exit code for err.
func ExitCode(err error) int {
	switch ClassOf(err) {
	case "":
		return ExitOK
	case ClassUsage:
		return ExitUsage
	case ClassLocked:
		return ExitLocked
	case ClassIntegrity:
		return ExitIntegrity
	case ClassPrivacy:
		return ExitPrivacy
	default:
		return ExitFailed
	}
}

// advice is what to do about a failure of a class, for a person who was asleep.
var advice = map[Class]string{
	ClassIntegrity:   "stored bytes are not what was written: run `farr verify --store STORE`, restore the objects it names from a backup, or extract again into a new store",
	ClassPrivacy:     "a privacy gate held the report back: read the error, and do not work around it",
	ClassUsage:       "correct the file at the place given, then run the job again",
	ClassKey:         "the key is not the one this store was made with: point `key` to the right file",
	ClassRejects:     "look at .farr/JOB.rejects.csv beside the job file for file, line and reason; ask the sender for a new export, or raise max_reject if the loss is understood",
	ClassLocked:      "another run is at work: the next tick tries again",
	ClassInterrupted: "the run was asked to stop: the next tick runs it again",
	ClassCrashed:     "the process ended without a word (memory, power or kill): look at `journalctl -u farr-tick` and `dmesg`; the next tick runs it again, at most three times in all",
	ClassFailed:      "read the error; the steps that were done are kept, so `farr run` goes on from there",
}
