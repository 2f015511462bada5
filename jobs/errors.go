package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"farr/datasets"
	"farr/datasets/bulk"
	"farr/internal/duck"
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
	ExitNotReady  = 6 // what it needs of others is not there yet, such as a shard
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
	ClassClock       Class = "clock"       // it shows a time before what the ledger has
	ClassTime        Class = "time-limit"  // it took longer than its limit
	ClassMemory      Class = "memory"      // it took more memory than its limit
	ClassDisk        Class = "disk"        // no room on the disk, or it took more than its limit
	ClassServer      Class = "server"      // the FHIR server, or the way to it, failed, and may not the next time
	ClassCancelled   Class = "cancelled"   // a person ended it
	ClassInterrupted Class = "interrupted" // asked to stop
	ClassCrashed     Class = "crashed"     // the process ended without a word
	ClassFailed      Class = "failed"
	ClassLedger      Class = "ledger" // the ledger itself is damaged
)

var order = []Class{ClassIntegrity, ClassLedger, ClassPrivacy, ClassUsage, ClassKey, ClassRejects, ClassLocked, ClassClock, ClassTime, ClassMemory, ClassDisk, ClassServer, ClassCancelled, ClassInterrupted, ClassCrashed, ClassFailed}

// LockedError means that another process has the job or the folder.
type LockedError struct {
	What   string
	Holder *holder // nil where it does not say who it is
}

func (e *LockedError) Error() string {
	if e.Holder == nil {
		return fmt.Sprintf("%s is being run by another process", e.What)
	}
	return fmt.Sprintf("%s is being run by another process: %d on %s, since %s", e.What, e.Holder.PID, e.Holder.Host, e.Holder.Since.Format(time.RFC3339))
}

// errTakenOver means that another process has taken an attempt for lost, and writes its row.
var errTakenOver = errors.New("another process has taken this run for lost and goes on with it: look whether the ledger's folder is on a file system without locks")

// errCancelled means that a person asked for the end of a run.
var errCancelled = errors.New("a person ended the run with farr cancel")

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
	var elsewhere *childError
	if errors.As(err, &elsewhere) {
		return elsewhere.class
	}
	var locked *LockedError
	var memory *MemoryLimitError
	var engine *duck.Error
	var clock *ClockError
	var late *TimeLimitError
	var rejects *datasets.TooManyRejectsError
	var privacy interface{ PrivacyGate() bool }
	var key *datasets.KeySourceError
	switch code := datasets.CodeOf(err); {
	case datasets.IsIntegrity(err):
		return ClassIntegrity
	case ledgerDamaged(err):
		return ClassLedger
	case errors.As(err, &privacy) && privacy.PrivacyGate():
		return ClassPrivacy
	case isDiagnostics(err):
		return ClassUsage
	case code == datasets.CodeKeyRequired, code == datasets.CodeWrongKey, errors.As(err, &key):
		return ClassKey
	case errors.As(err, &rejects):
		return ClassRejects
	case code == datasets.CodeLocked, errors.As(err, &locked):
		return ClassLocked
	case errors.As(err, &clock):
		return ClassClock
	case errors.As(err, &late):
		return ClassTime
	case noRoom(err):
		return ClassDisk
	case errors.As(err, &memory), errors.As(err, &engine) && engine.Class == "Out of Memory":
		return ClassMemory
	case bulk.CodeOf(err).Passing():
		return ClassServer
	case errors.Is(err, errCancelled):
		return ClassCancelled
	case errors.Is(err, context.Canceled): // a deadline is a limit of something else, and no wish
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
	case ClassIntegrity, ClassLedger:
		return ExitIntegrity
	case ClassPrivacy:
		return ExitPrivacy
	}
	var waiting interface{ NotReady() bool }
	if errors.As(err, &waiting) && waiting.NotReady() {
		return ExitNotReady
	}
	return ExitFailed
}

// adviceOn is what to do about a run that failed, and whether it is run again by itself.
func adviceOn(class Class, again bool) string {
	text := advice[class]
	switch {
	case class != ClassInterrupted && class != ClassCrashed:
		return text
	case again:
		return text + "; the next tick runs it again, as often as `retries` says"
	}
	return text + "; it is not run again by itself: `farr retry` has the next tick run a planned time again, `farr run` runs the job now"
}

// Todo is what to do about a failure that no job's row tells of; empty where the error says it.
func Todo(err error) string {
	if class := ClassOf(err); class == ClassLedger {
		return advice[class]
	}
	return ""
}

// advice is what to do about a failure of a class, for a person who was asleep.
var advice = map[Class]string{
	ClassIntegrity:   "stored bytes are not what was written: run `farr verify --store STORE`, restore the objects it names from a backup, or extract again into a new store",
	ClassPrivacy:     "a privacy gate held the report back: read the error, and do not work around it",
	ClassUsage:       "correct the file at the place given, then run the job again",
	ClassKey:         "read the error: `key` and `client_key` name files that the job's user alone can read (chmod 600), and `key` is the one this store was made with",
	ClassRejects:     "look at .farr/JOB.rejects.csv beside the job file for file, line and reason; ask the sender for a new export, or raise max_reject if the loss is understood",
	ClassLocked:      "another run is at work: the next tick tries again",
	ClassClock:       "look at the machine's clock and time service (`timedatectl`); nothing runs until it is right",
	ClassTime:        "look at the steps with `farr runs` for the one that took long; make the export or the job smaller, or raise limits.time if the work has grown; the steps that were done are kept",
	ClassMemory:      "give the job more by limits.memory, if the machine has it, or let it do less: fewer measures and cohorts, or shards (`farr measure run --shard`); the steps that were done are kept",
	ClassDisk:        "make room on the file system that the error names (`farr prune --dry-run JOB.yaml` tells what retention would give back), or, where limits.disk is not what the job needs, set it to that; the report before stays in force, the steps that were done are kept",
	ClassServer:      "the FHIR server, or the way to it, failed: if it still does at the next tries (see `retries`), show its keeper the error's code; what was begun at the server is gone on with for a day",
	ClassCancelled:   "a person ended it: `farr retry` runs it again, or `farr run` where it was run by hand",
	ClassInterrupted: "the run was asked to stop",
	ClassCrashed:     "the process ended without a word (memory, power or kill): look at `journalctl -u farr-tick` and `dmesg`",
	ClassLedger:      "end what ticks, move `.farr/ledger.db` and what begins with its name away, and put a copy that `farr ledger backup` made in its place, or make it again of the stores' logs with `farr ledger rebuild`; to begin anew, and owe nothing for the past, remove the folder `.farr`",
	ClassFailed:      "read the error; the steps that were done are kept, so `farr run` goes on from there",
}
