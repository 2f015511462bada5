package main

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/internal/synth"
)

// A job over two sources that have many persons in common: the report says who was linked, and of the words that linked them, as they are
// or as tokens, nothing is written or printed.
func TestLinkedJob(t *testing.T) {
	p := synthetic(t, 120, 9)
	first, second := filepath.Join(p.export, "first"), filepath.Join(p.export, "second")
	if _, err := synth.Divide(p.export, first, second, 1); err != nil {
		t.Fatal(err)
	}
	plant(t, first)
	plant(t, second)
	job := filepath.Join(p.dir, "job.yaml")
	sources := `source:
  - {name: first, dir: export/first, zone: America/New_York, sites: export/sites.csv}
  - {name: second, dir: export/second, zone: America/Chicago}
linkage: tokens
`
	for name, text := range map[string]string{job: "name: nightly\n" + sources + `store: store
key: project.key
max_reject: 5%
periods: [2025-01..2025-12, P12M/2025-12]
measures: [blood-pressure-control]
cohorts: [incident-type-2-diabetes]
report: {out: reports, audience: internal, organisation: Test Health}
`, filepath.Join(p.dir, "sources.yaml"): sources} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	e := farr(t, "run", job)
	if e.code != 0 {
		t.Fatalf("exit %d\n%s", e.code, e.stderr)
	}
	other := filepath.Join(p.dir, "other")
	said := must(t, "extract", "--sources", filepath.Join(p.dir, "sources.yaml"), "--store", other, "--key", p.key, "--max-reject", "0.05")
	for _, line := range []string{"source first (America/New_York): ", "source second (America/Chicago): ", "linkage: ", "by rule, names, birth date, place: ", "by sources, first+second: ", "  second: Patient"} {
		if !strings.Contains(said, line) {
			t.Errorf("no %q in\n%s", line, said)
		}
	}
	page, err := os.ReadFile(filepath.Join(p.dir, "reports", "latest", "run.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"The same person in several sources", "names, birth date, place", "first America/New_York, second America/Chicago", "Source second"} {
		if !strings.Contains(string(page), text) {
			t.Errorf("no %q on the page about the run", text)
		}
	}
	said += e.stdout + e.stderr + must(t, "verify", "--store", p.store) + must(t, "extract", "--sources", filepath.Join(p.dir, "sources.yaml"), "--store", filepath.Join(p.dir, "third"), "--key", p.key, "--max-reject", "0.05", "--json")
	needles := encodings("shifted")
	for name, token := range tokensOf(t, p.key) {
		needles[name+rawBytes] = string(token)
		needles[name+" turned"+rawBytes] = string(turned(token))
		needles[name+" hex"] = hex.EncodeToString(token)
		needles[name+" base64"] = strings.ToLower(base64.RawStdEncoding.EncodeToString(token)[:8])
		needles[name+" number"] = fmt.Sprint(binary.BigEndian.Uint64(token))
	}
	find(t, "output", unnamed([]byte(said)), needles)
	if files := searchTree(t, p, needles); files < 40 {
		t.Errorf("only %d files were searched", files)
	}
}

// tokensOf are the tokens of the planted persons, made here as the package's doc says they are made.
func tokensOf(t *testing.T, file string) map[string][]byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, encoded, _ := strings.Cut(strings.TrimSpace(string(text)), "farr-key-v1:")
	master, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(encoded))
	if err != nil {
		t.Fatal(err)
	}
	key, err := hkdf.Key(sha256.New, master, nil, "farr v1 link", 32)
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string][]byte{}
	for i, person := range planted {
		for kind, value := range map[string]string{
			"family": strings.ToLower(person["family name"]), "given": strings.ToLower(person["given name"]), "phone": strings.ReplaceAll(person["phone"], "-", "")[1:],
		} {
			mac := hmac.New(sha256.New, key)
			for _, field := range []string{"farr-link-1", kind, value} {
				binary.Write(mac, binary.BigEndian, uint32(len(field)))
				mac.Write([]byte(field))
			}
			tokens[fmt.Sprint("token of the ", kind, " of person ", i+1)] = mac.Sum(nil)[:8]
		}
	}
	return tokens
}

func turned(b []byte) []byte {
	out := make([]byte, len(b))
	for i := range b {
		out[len(b)-1-i] = b[i]
	}
	return out
}
