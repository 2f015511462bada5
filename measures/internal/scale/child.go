package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// cost is what a process took.
type cost struct {
	cpu  time.Duration // user and system time of the whole process
	wall time.Duration
	peak int64 // resident bytes
}

// runChild runs a command to its end and says what it printed and took. What is measured is always a process of its
// own, and this one stays small: the kernel counts the peak of a parent as that of its child.
func runChild(ctx context.Context, bin string, args ...string) (string, cost, error) {
	cmd := exec.CommandContext(ctx, bin, args...)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return "", cost{}, fmt.Errorf("%s %s: %w\n%s", bin, strings.Join(args, " "), err, talk.String())
	}
	s := cmd.ProcessState
	return out.String(), cost{s.UserTime() + s.SystemTime(), time.Since(start), s.SysUsage().(*syscall.Rusage).Maxrss * 1024}, nil
}

// fresh makes a copy of a store in which nothing was computed yet, by links: every file of a
// store is written once and replaced by renaming.
func fresh(store, copy string) error {
	if err := os.RemoveAll(copy); err != nil {
		return err
	}
	return filepath.WalkDir(store, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(store, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Mkdir(filepath.Join(copy, rel), 0o700)
		}
		return os.Link(path, filepath.Join(copy, rel))
	})
}

// forget removes the heads of logs that were kept beside a key: a fresh copy of a store is an
// older one, which farr would refuse.
func forget(key string) error { return os.RemoveAll(key + ".checkpoints") }

// machine describes where figures were taken, a line each.
func machine(ctx context.Context) []string {
	model, memory := "unknown", "unknown"
	for file, field := range map[string]*string{"/proc/cpuinfo": &model, "/proc/meminfo": &memory} {
		text, _ := os.ReadFile(file)
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(line, ":")
			if name := strings.TrimSpace(name); name == "model name" || name == "MemTotal" {
				*field = strings.TrimSpace(value)
			}
		}
	}
	cores, _, _ := runChild(ctx, "nproc")
	commit, _, _ := runChild(ctx, "git", "rev-parse", "--short=12", "HEAD")
	if changed, _, err := runChild(ctx, "git", "status", "--porcelain"); err == nil && strings.TrimSpace(changed) != "" {
		commit = strings.TrimSpace(commit) + ", with changes"
	}
	return []string{
		fmt.Sprintf("machine: %s, %s cores, %s of memory", model, strings.TrimSpace(cores), memory),
		"commit: " + strings.TrimSpace(commit),
	}
}
