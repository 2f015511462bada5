package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What a page says of a code or of a site is ours or the operator's: no display, text or name of the input reaches a
// page, a table or a store, also where it stands beside a code that is kept and counted. The descriptions of codes come
// from the value lists, the labels of sites from the operator's file.
func TestDisplaysAreOurOwn(t *testing.T) {
	p := synthetic(t, 60, 11)
	const mark = "Quackenbushdisplay"
	named := regexp.MustCompile(`"(display|text|name)":"[^"]*"`)
	coded := regexp.MustCompile(`"code":"[^"]*"`)
	planted := 0
	for name, text := range p.unpacked() {
		text = named.ReplaceAllString(text, `"$1":"`+mark+`"`)
		if !strings.Contains(text, mark) { // codings without a display get one
			text = coded.ReplaceAllStringFunc(text, func(code string) string { return code + `,"display":"` + mark + `"` })
		}
		planted += strings.Count(text, mark)
		path := filepath.Join(p.export, name)
		if err := errors.Join(os.Remove(path+".gz"), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if planted < 1000 {
		t.Fatalf("only %d displays are planted", planted)
	}
	sites, err := os.ReadFile(filepath.Join(p.export, "sites.csv"))
	if err != nil {
		t.Fatal(err)
	}
	_, label, _ := strings.Cut(strings.Split(string(sites), "\n")[1], ",")
	if r := p.extract("--max-reject", "0"); r.Stored == 0 {
		t.Fatal("nothing is stored")
	}
	p.measure("--periods", "2025")
	var pages strings.Builder
	for _, audience := range []string{"internal", "external"} {
		must(t, "report", "--store", p.store, "--audience", audience, "--out", filepath.Join(p.dir, "report-"+audience))
	}
	err = filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path, p.export) {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(bytes.ToLower(text), []byte(strings.ToLower(mark))) {
			t.Errorf("a display of the input is in %s", path)
		}
		if strings.HasSuffix(path, ".html") {
			pages.Write(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"label of a site": strings.TrimSpace(label), "description of a list": "Type 2 diabetes"} {
		if !strings.Contains(pages.String(), text) {
			t.Errorf("the %s, %q, is on no page", what, text)
		}
	}
}
