// Package jobs runs farr unattended: it reads a job file, runs what is due once,
// keeps a ledger of it, and says at three in the morning what happened.
//
// Before a run reads anything it computes the assurance cases of the job's cohorts; where one
// fails it ends there, as with a mistake in a file.
//
// A job is extract, measure and report in one YAML file, or on profile safe-harbor an extract alone (see examples/ for one with
// every key). A folder of job files is a schedule:
//
//	LoadJob, LoadFolder   files to jobs, every mistake at its place
//	Run                   one job now, by hand
//	Tick                  a folder: note what is due, run it, end
//	Status                a folder: what ran, what is late, what to do
//
// # Occurrences
//
// The ledger, <folder>/.farr/ledger.db, has one row for each planned time of each
// job, and remembers up to which moment a job's planned times are rows already.
// Both are written in one transaction, so a time becomes a row exactly once, however
// often ticks are started, killed or repeated.
//
//   - The first tick that sees a job remembers the moment and runs nothing: a new
//     job owes nothing for the past.
//   - After a pause (a machine that was off) only the newest time is run; the older
//     ones are rows in state missed. A build computes everything from its input, so
//     running each would only repeat the newest.
//   - A change of the cron line or zone holds from the tick that sees it; times up to
//     then are those of the old line.
//   - Daylight saving: a wall time that is skipped occurs at the first moment after
//     the gap, a repeated one occurs the first time.
//   - When the clock went back, times noted ahead of it that nobody ran are forgotten
//     and noted again when they come; times that were run stay and are not run twice.
//
// States of an occurrence: planned, running, succeeded, skipped (all was made
// already), failed, missed, and lost (the process ended without a word, or was asked
// to stop). A lost occurrence is run again by the next tick, at most three times in
// all. A run costs nothing twice: each step whose key is in the store is skipped.
//
// # Processes
//
// A run holds an advisory lock on <folder>/.farr/<job>.lock, and a tick on
// tick.lock. The kernel drops a lock with its process, whatever ended it, so a row
// in state running whose lock is free is a process that died; no clock, process
// number or timeout decides that.
//
// # What a run leaves
//
// <out>/runs/<as-of>-<hash>/ is a bundle, named by the hash of its manifest. <out>/latest/ is a copy of the newest one: a real folder, because it
// is what people copy, sync and share, and a link copied without its target is
// nothing. It is exchanged in one step when the new copy is complete, and not
// touched by a run that fails.
//
// <folder>/.farr/<job>.rejects.csv says where the lines are that the last extract
// rejected: file, line, byte offset and reason, never text. It is the operator's, to
// find the lines with, and only its owner may read it: like the terminal it names
// files of the source, and such a name may be a person's. The ledger is kept and
// copied, so it names no file: "input 3" is the third by name of those that are read.
package jobs
