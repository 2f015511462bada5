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
//	Loop                  a folder: Tick whenever something is due
//	Status                a folder: what ran, what is late, what to do
//	Runs                  a folder: the newest runs
//	Again, Cancel         a person's wishes about a job
//	Prune                 a file or a folder: let go what retention does not keep
//	Doctor                a folder: all that its runs need
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
//   - After a pause (a machine that was off) the job's misfire rule says which of the passed
//     times run: the newest (once, the default: a build computes everything from its input, so
//     running each would only repeat the newest), each of the newest so many (all), or the newest
//     within its grace (skip). The others are rows in state missed; of a pause of more than a
//     thousand planned times the oldest are one row of gap.
//   - A change of the cron line or zone holds from the tick that sees it; times up to
//     then are those of the old line.
//   - Daylight saving: a wall time that is skipped occurs at the first moment after
//     the gap, a repeated one occurs the first time.
//   - When the clock went back a little, times noted ahead of it that nobody ran are forgotten
//     and noted again when they come; times that were run stay and are not run twice. A clock
//     of more than ten minutes before the ledger's last instant is refused before anything is noted.
//   - A planned time of a job that comes after others waits until each of them has run well for its
//     own newest planned time up to it.
//
// States of an occurrence: planned, running, succeeded, skipped (all was made
// already), failed, missed, cancelled, lost (the process ended without a word, or was asked
// to stop) and retry (it failed, and is to be run again). One that is lost or retry is run again by
// the first tick after its wait, as often as the job's retries say for the class of its failure.
// A run costs nothing twice: each step whose key is in the store is skipped. The one exception is an extract of a server: which
// files it would give is known only by reading them, so that a run after a failure in a later step exports again. What it reads
// unchanged gives the same snapshot, and the later steps are skipped as far as they were done.
//
// With full_load_every it asks for what changed since the newest extract of the same request, whichever run made it, and adds that. Where
// nothing changed the extract stays; of 16 increments one is made. Everything is loaded at first, where an exact sum cannot be had, and when
// the full load below is older than that: its transaction time, which is the server's, is held against this machine's clock. The reason is
// in the run's result and log.
//
// A ledger that is gone, empty or damaged where jobs have run (their locks lie beside it) is refused: taken for that of a new folder it
// would owe nothing for the past. A copy (Backup) is put back, or it is made again of the stores' logs (Rebuild), whole or not at all.
//
// # Processes
//
// A run holds an advisory lock on <folder>/.farr/<job>.lock, and a tick on
// tick.lock. The kernel drops a lock with its process, whatever ended it, so a row
// in state running whose lock is free is a process that died; no clock or timeout decides that.
// A lock file says who has it. Each attempt has a token that is higher than all before: a process whose
// run was taken for lost, because its lock file was removed, writes no more under its own. While
// it runs, it writes a sign of life every five seconds.
//
// With limits.memory the steps are a process of their own, which ends with the one that started it: that has the lock.
//
// # Retention
//
// Behind its last step a run that ended well lets go what the job's retention does not keep: extracts of its source, what was
// made of them, and bundles. Rules are by kind, the newest so many and those used within a time, and what one of the two keeps stays. What stays keeps what it was made of, so a rule may keep
// reports no longer than results, and results no longer than extracts; what would is a mistake in the file, because it would keep
// records of persons against what the file says. Whatever the rules say these stay: what is in force, latest/, what the newest success of
// any job in the ledger made, what was used since a run began that is to go on, all that other jobs of the folder made of the same source
// without retention (with one, the looser rule holds, and each job's own newest so many stay, too), releases that count, and what bundles that stay rest on. The store's log
// says what goes before it goes; bundles go after that. A prune that fails is told and is no failure of the run.
//
// A prune knows the jobs of its own folder and ledger. What a job of another folder, or somebody by hand, made of the same source in the same
// store is judged by the rules of this one, as is what rests on it. So two folders share no source of a store where one of them has retention.
//
// Rows of the ledger stay for ever: a row is about a kilobyte, the newest ones decide what is owed, held back and tried
// again, and the old ones are the only record of what ran and failed that a person can read.
//
// # The disk
//
// With limits.disk a step begins only where so much is free, and is ended when what is on its way (staging with all spill, and the report)
// takes more; the engine spills no more than that. Memory that may not be spilled, true dates, is not counted there. A full disk, or a full
// quota, is of class disk too, also where it is the ledger's.
//
// # Alerts and metrics
//
// An alert is a row of the ledger, written in the transaction in which a run becomes a failure, and one for each sink of the
// job. It is sent after the job's turn, to all sinks at once and within the limit of each; what a sink does not take is sent
// again by later ticks. An alert goes to other machines, and so quotes no error. Metrics are the status as text.
//
// A run that ends well, and whose report cannot judge a target since records lack that the measure rests on, is told of once,
// as kind unjudged; again when other measures, or other reasons, are concerned. Status says it for as long as it is so.
//
// # What a run leaves
//
// <out>/runs/<as-of>-<hash>/ is a bundle, named by the hash of its manifest. <out>/latest/ is a copy of the newest one: a real folder, because it
// is what people copy, sync and share, and a link copied without its target is
// nothing. It is exchanged in one step when the new copy is complete, and not
// touched by a run that fails.
//
// The folder .farr and what is in it is its owner's alone. A ledger that others can read or write is refused, as is a store: both
// are made private, so somebody changed that, and a person should look who did.
//
// <folder>/.farr/<job>.rejects.csv says where the lines are that the last extract
// rejected: file, line, byte offset and reason, never text. It is the operator's, to
// find the lines with, and only its owner may read it: like the terminal it names
// files of the source, and such a name may be a person's. The ledger is kept and
// copied, so it names no file: "input 3" is the third by name of those that are read.
package jobs
