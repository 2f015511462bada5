package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"farr/jobs"
)

func main() {
	// farr logs by slog, to where it is told. What libraries print by the standard logger is theirs to word, and net/http quotes
	// bytes of a server there, which may be of records.
	log.SetOutput(io.Discard)
	if err := keepPrivate(); err != nil {
		fmt.Fprintf(os.Stderr, "farr: %v\n", err)
		os.Exit(jobs.ExitFailed)
	}
	// Planning 71 measures holds some 300 MB for a minute, beside what the engine holds: fewer collections are a seventh less time. An extract,
	// and a job with a memory limit, say themselves how they collect.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	stop()
	os.Exit(code)
}
