package reports

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"farr/internal/disk"
)

// printName is the bundle on paper: one document, since a committee hands round and files one.
const printName = "report.pdf"

// browsers are the programs that can print a bundle, by the names that systems give them.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

// FindBrowser is the Chromium that prints reports: the one that is named, or the first on the path.
func FindBrowser(named string) (string, error) {
	if named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("report: CHROMIUM names no program that can be run: %w", err)
		}
		return path, nil
	}
	for _, name := range browsers {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("report: a PDF needs Chromium, and none of %s is on the path; nothing was written (Debian: apt-get install chromium; or name one in the environment as CHROMIUM)", strings.Join(browsers, ", "))
}

// printed is the book as a tagged PDF. Chromium gets the book as a file, an empty environment, no
// network and a profile of its own, all in a private folder that is gone afterwards; the book has no
// scripts, and its own policy allows none.
func printed(ctx context.Context, browser string, book []byte, asOf time.Time, out string) (_ []byte, err error) {
	out, err = filepath.Abs(out)
	if err != nil {
		return nil, err
	}
	if err := disk.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return nil, err
	}
	room, remove, err := disk.Private(filepath.Dir(out), "."+filepath.Base(out)+".new-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	page, pdf := filepath.Join(room, "book.html"), filepath.Join(room, "book.pdf")
	if err := os.WriteFile(page, book, 0o600); err != nil {
		return nil, err
	}
	args := []string{"--headless", "--disable-gpu", "--user-data-dir=" + filepath.Join(room, "profile"), "--no-first-run", "--no-default-browser-check", "--no-pings",
		"--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-sync", "--disable-extensions", "--disable-breakpad",
		"--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND",
		"--no-pdf-header-footer", "--generate-pdf-document-outline", "--print-to-pdf=" + pdf}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // Chromium's sandbox does not start for root
	}
	cmd := exec.CommandContext(ctx, browser, append(args, (&url.URL{Scheme: "file", Path: page}).String())...)
	cmd.Dir = room
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + room, "TMPDIR=" + room, "TZ=UTC", "LANG=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // its children, too
	cmd.WaitDelay = 5 * time.Second
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("print: %s: %w: %s", browser, err, lastLine(said.String()))
	}
	b, err := os.ReadFile(pdf)
	if err != nil || !bytes.HasPrefix(b, []byte("%PDF-")) {
		return nil, fmt.Errorf("print: %s wrote no PDF: %s", browser, lastLine(said.String()))
	}
	return undated(b, asOf), nil
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

var pdfDate = regexp.MustCompile(`(/(?:CreationDate|ModDate) \(D:)[0-9]{14}([+-][0-9]{2}'[0-9]{2}'\))`)

// undated puts the day of the data in place of the moment of printing (ISO 32000-1, 14.3.3), in as
// many bytes: one Chromium prints one report in the same bytes each time.
func undated(pdf []byte, asOf time.Time) []byte {
	return pdfDate.ReplaceAll(pdf, []byte("${1}"+asOf.Format("20060102150405")+"${2}"))
}
