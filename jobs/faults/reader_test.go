package faults

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"farr/datasets"
)

// readerVariable lets the test binary be a process that reads a folder all the time.
const readerVariable = "FARR_TEST_READER"

// watcher reads until its input ends, and then says how often. What is incomplete ends it with an error.
func watcher(ctx context.Context, dir string, in io.Reader, out io.Writer) error {
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, in)
		close(ended)
	}()
	store, err := datasets.OpenStore(ctx, filepath.Join(dir, "store"))
	if err != nil {
		return err
	}
	defer store.Close()
	for n := 0; ; n++ {
		select {
		case <-ended:
			_, err := fmt.Fprintln(out, n)
			return err
		case <-time.After(10 * time.Millisecond):
		}
		if err := readStore(ctx, store); err != nil {
			return fmt.Errorf("store, read %d: %w", n, err)
		}
		if err := readReport(filepath.Join(dir, "reports", "latest")); err != nil {
			return fmt.Errorf("report, read %d: %w", n, err)
		}
	}
}

// readStore wants whole what the pointers name, and every snapshot that is listed.
func readStore(ctx context.Context, store *datasets.Store) error {
	for _, name := range []string{"extract", "results"} {
		if err := readCurrent(ctx, store, name); err != nil {
			return err
		}
	}
	report, err := store.Verify(ctx)
	if err != nil {
		return err
	}
	return report.Err()
}

// readCurrent reads what a pointer names. When it names another behind that, what was read may have been pruned meanwhile.
func readCurrent(ctx context.Context, store *datasets.Store, name string) error {
	for {
		sn, err := store.Current(name)
		if err != nil {
			return err
		}
		if err = sn.Check(ctx); err == nil {
			return nil
		}
		if now, currentErr := store.Current(name); currentErr != nil || now.ID() == sn.ID() {
			return errors.Join(err, currentErr)
		}
	}
}

// readReport reads a bundle through its open folder. One that another takes the place of meanwhile is taken away under the
// reader, who then reads the other: only a bundle that stands and is not whole is a fault.
func readReport(dir string) error {
	for {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return err
		}
		err = wholeReport(root)
		before, statErr := root.Stat(".")
		err = errors.Join(err, statErr, root.Close())
		now, statErr := os.Stat(dir)
		if err == nil || statErr != nil {
			return statErr
		}
		if os.SameFile(before, now) {
			return err
		}
	}
}

func wholeReport(root *os.Root) error {
	text, err := root.ReadFile("manifest.json")
	if err != nil {
		return err
	}
	var m struct {
		Files []struct{ Path, SHA256 string }
	}
	if err := json.Unmarshal(text, &m); err != nil || len(m.Files) == 0 {
		return fmt.Errorf("manifest of a report: %d files, %w", len(m.Files), err)
	}
	for _, f := range m.Files {
		data, err := fs.ReadFile(root.FS(), f.Path)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != f.SHA256 {
			return fmt.Errorf("%s is not what the manifest says", f.Path)
		}
	}
	return nil
}
