package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"farr/jobs"
)

func main() {
	if err := keepPrivate(); err != nil {
		fmt.Fprintf(os.Stderr, "farr: %v\n", err)
		os.Exit(jobs.ExitFailed)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	stop()
	os.Exit(code)
}
