package deid

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// FuzzPolicy reads policy files with one of them replaced: it is read and compiles in all profiles, or it is refused
// with its file's name; nothing crashes or hangs. What compiles does not let a name through that the shipped policy drops,
// unless the file is a list of what may pass.
func FuzzPolicy(f *testing.F) {
	sub, err := fs.Sub(policyFiles, "policy")
	if err != nil {
		f.Fatal(err)
	}
	files, err := fs.ReadDir(sub, ".")
	if err != nil {
		f.Fatal(err)
	}
	folder := fstest.MapFS{}
	for _, file := range files {
		text, err := fs.ReadFile(sub, file.Name())
		if err != nil {
			f.Fatal(err)
		}
		folder[file.Name()] = &fstest.MapFile{Data: text}
		if len(text) < 20_000 {
			f.Add(file.Name(), text)
		}
	}
	folder["hl7.txt"] = &fstest.MapFile{Data: []byte("http://terminology.hl7.org/CodeSystem/v3-NullFlavor = NI UNK\n")} // the whole costs most of the time
	f.Add("Patient.policy", []byte("table patient\nowner id\n\nname[].text | string | name | keep | keep | keep | | x\n"))
	f.Add("Nobody.policy", []byte("table nobody\nowner none\nid | id | rid | pseudonym | pseudonym | pseudonym | | x\n"))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		if !fs.ValidPath(name) || strings.Contains(name, "/") || name == "." {
			return
		}
		changed := fstest.MapFS{name: {Data: text}}
		for other, file := range folder {
			if other != name {
				changed[other] = file
			}
		}
		policy, err := Lint(changed, "policy")
		if err != nil {
			if !strings.Contains(err.Error(), "policy") {
				t.Fatalf("an error that does not say where it is: %v", err)
			}
			return
		}
		for _, profile := range Profiles {
			plan, err := Compile(policy, profile)
			if err != nil {
				continue
			}
			for _, table := range plan.Tables() {
				if len(table.Columns) == 0 {
					t.Fatalf("%s: a table without columns", table.Name)
				}
			}
		}
	})
}
