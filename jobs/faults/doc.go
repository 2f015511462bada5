// Package faults holds the test that ends a running job at its fault points (package disk), runs it again, and holds what is
// there against what an undisturbed run leaves: make faults takes every case, make test a few. An increment and its compaction, which
// a job makes of what a server says has changed, are ended so without a job.
//
// Two more tests are here for the same small world: TestKills, which kills the job at random times while a process reads (make kills),
// and TestCorruptJob, which changes what the job left (make corrupt).
package faults
