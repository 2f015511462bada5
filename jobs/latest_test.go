package jobs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func bundle(t testing.TB, dir, text string) string {
	writeFile(t, filepath.Join(dir, "index.html"), text)
	writeFile(t, filepath.Join(dir, "data", "a.csv"), text)
	return dir
}

func wantLatest(t testing.TB, out, text string) {
	t.Helper()
	for _, name := range []string{"index.html", "data/a.csv"} {
		if data, err := os.ReadFile(filepath.Join(out, "latest", name)); err != nil || string(data) != text {
			t.Errorf("latest/%s is %q, %v; want %q", name, data, err, text)
		}
	}
	entries, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), ".latest-") }); i >= 0 {
		t.Errorf("%s is left", entries[i].Name())
	}
}

func TestPublishLatest(t *testing.T) {
	out := t.TempDir()
	one, two := bundle(t, filepath.Join(out, "runs", "1"), "one"), bundle(t, filepath.Join(out, "runs", "2"), "two")
	writeFile(t, filepath.Join(one, "old-page.html"), "gone in two")
	for _, c := range []struct{ from, text string }{{one, "one"}, {two, "two"}, {two, "two"}} {
		if _, err := publishLatest(out, c.from); err != nil {
			t.Fatal(err)
		}
		wantLatest(t, out, c.text)
	}
	if _, err := os.Stat(filepath.Join(out, "latest", "old-page.html")); err == nil {
		t.Error("a page of the bundle before is still there")
	}
	if info, err := os.Lstat(filepath.Join(out, "latest")); err != nil || !info.IsDir() {
		t.Errorf("latest is no folder: %v, %v", info, err)
	}
	// A bundle that cannot be copied, and what a killed run left.
	bundle(t, filepath.Join(out, ".latest-killed"), "half")
	three := bundle(t, filepath.Join(out, "runs", "3"), "three")
	if err := os.Symlink("nowhere", filepath.Join(three, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := publishLatest(out, three); err == nil {
		t.Error("a link was copied")
	}
	wantLatest(t, out, "two")
}

// Where folders cannot be exchanged, a kill between the two renames leaves the report before under a hidden name alone: it is
// put back before anything is swept, so that it is there also where the next cannot be copied.
func TestLatestIsPutBack(t *testing.T) {
	for _, whole := range []bool{false, true} { // the next bundle
		out := t.TempDir()
		bundle(t, filepath.Join(out, ".latest-123.old"), "one")
		bundle(t, filepath.Join(out, ".latest-123"), "two")
		next := bundle(t, filepath.Join(out, "runs", "3"), "three")
		if !whole {
			if err := os.Symlink("nowhere", filepath.Join(next, "link")); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := publishLatest(out, next); (err == nil) != whole {
			t.Errorf("whole %t: %v", whole, err)
		}
		wantLatest(t, out, map[bool]string{false: "one", true: "three"}[whole])
	}
	// What is left of the one before goes where latest is there.
	out := t.TempDir()
	bundle(t, filepath.Join(out, "latest"), "two")
	writeFile(t, filepath.Join(out, ".latest-123.old", "index.html"), "half of one")
	if _, err := publishLatest(out, bundle(t, filepath.Join(out, "runs", "3"), "three")); err != nil {
		t.Fatal(err)
	}
	wantLatest(t, out, "three")
}

// A reader that opens latest at any moment finds a whole bundle.
func TestLatestIsNeverHalf(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	one, two := bundle(t, filepath.Join(out, "runs", "1"), "one"), bundle(t, filepath.Join(out, "runs", "2"), "two")
	if _, err := publishLatest(out, one); err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		reads := 0
		for {
			select {
			case <-stop:
				stopped <- reads
				return
			default:
			}
			// Through one handle, so that the folder cannot change between two reads.
			root, err := os.OpenRoot(filepath.Join(out, "latest"))
			if err != nil {
				t.Errorf("latest is not there: %v", err)
				continue
			}
			page, err1 := root.ReadFile("index.html")
			data, err2 := root.ReadFile("data/a.csv")
			root.Close()
			// A reader slower than the next run may find its folder removed, never mixed.
			if err1 == nil && err2 == nil && string(page) != string(data) {
				t.Errorf("page %q with data %q", page, data)
			}
			reads++
		}
	}()
	for i := range 40 {
		if _, err := publishLatest(out, []string{one, two}[i%2]); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	if reads := <-stopped; reads == 0 {
		t.Error("nothing was read")
	}
}
