package measures

import (
	"maps"
	"os"
	"slices"
	"testing"
)

// InSQL reads the shipped definitions from their folders, without those in CQL: the resources
// of these are made of what it reads.
func InSQL(t *testing.T) []Definition {
	t.Helper()
	r := root{os.DirFS("library"), "library", "library"}
	entries, err := os.ReadDir("library")
	if err != nil {
		t.Fatal(err)
	}
	l := newLoader()
	defer l.checker.close()
	shared := l.lists(r, listFolder)
	for _, e := range entries {
		if kind := definitionIn(r.fsys, e.Name()); kind != "" {
			l.folder(r, e.Name(), kind, shared)
		}
	}
	if err := l.diags.Err(); err != nil {
		t.Fatal(err)
	}
	return l.definitions
}

// Lists reads the value lists of a library.
func Lists(t *testing.T, dir string) []ValueList {
	t.Helper()
	l := newLoader()
	lists := slices.Collect(maps.Values(l.lists(root{os.DirFS(dir), dir, dir}, listFolder)))
	if err := l.diags.Err(); err != nil {
		t.Fatal(err)
	}
	return lists
}
