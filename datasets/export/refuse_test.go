package export_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"farr/datasets"
	"farr/datasets/export"
	"farr/internal/duck"
)

// TestRefusals: what a profile needs and the file does not have is a refusal with exit code 5, nothing is written,
// and the log says so.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct{ profile, config, code string }{
		"no expert":              {"shifted", "thresholds: {below_k: 1, highest: 1, average: 1, uniques: 1}\n", "missing-reference"},
		"an agreement alone":     {"shifted", "limited: {agreement: DUA 17}\n", "missing-reference"},
		"a determination of old": {"shifted", "shifted: {expert: file 12, expires: 2026-02-28}\n", "expired-reference"},
		"risk beyond, shifted":   {"shifted", "shifted: {expert: file 12, expires: 2026-03-01}\n", "risk"},
		"no agreement":           {"limited", "shifted: {expert: file 12, expires: 2026-03-01}\n", "missing-reference"},
		"an agreement of old":    {"limited", "limited: {agreement: DUA 17, expires: 2026-02-28}\n", "expired-reference"},
		"risk beyond, years":     {"safe-harbor", "thresholds: {k: 12}\n", "risk"},
	} {
		t.Run(name, func(t *testing.T) {
			h := admit(t, c.profile, 4)
			parent := filepath.Join(h.dir, "exports")
			_, err := export.Run(t.Context(), h.store, export.Request{Extract: h.extract, Key: h.key, Name: "registry", Profile: c.profile, Format: export.CSV,
				Out: filepath.Join(parent, "out"), Config: h.config(c.config), Today: today})
			var refusal *export.RefusalError
			if !errors.As(err, &refusal) || refusal.Code != c.code || !refusal.PrivacyGate() {
				t.Fatalf("error %v, want %s", err, c.code)
			}
			if _, err := os.Stat(parent); err == nil && len(listing(t, parent)) > 0 {
				t.Errorf("it left %v", listing(t, parent))
			}
			entries, err := h.store.LogEntries()
			if err != nil {
				t.Fatal(err)
			}
			if last := entries[len(entries)-1]; last.Kind != "export-refused" || last.Facts["reason"] != c.code {
				t.Errorf("log: %+v", last)
			}
		})
	}
}

// TestLeaveOut: a quasi-identifier that is left out is in no file, and the risk is that of the rest.
func TestLeaveOut(t *testing.T) {
	h := admit(t, "shifted", 12)
	dir, m := h.out("registry", "shifted", export.Parquet, func(r *export.Request) {
		r.Config = h.config("shifted: {expert: file 12, expires: 2026-03-01}\nthresholds: {average: 1/12}\nleave_out: [birth_year, race, sex, observation.status]\n")
	})
	if slices.Contains(m.Quasi, "race") || slices.Contains(m.Quasi, "birth_year") || m.Risk.Smallest != 12 || m.Risk.Classes != 1 {
		t.Errorf("%v: %+v", m.Quasi, m.Risk)
	}
	for _, f := range m.Files {
		for _, column := range []string{"birth_date", "gender"} {
			if slices.Contains(f.Columns, column) || f.Table == "observation" && slices.Contains(f.Columns, "status") {
				t.Errorf("%s leaves with %s", column, f.Table)
			}
		}
	}
	if left := rows(t, "SELECT count(*) FROM "+parquet(dir, "patient_extension"), dir)[0][0]; left != "0" {
		t.Errorf("%s rows with a race leave", left)
	}
}

// TestLeaveOutColumn: a column of an extension that is left out takes race from the gate only when no other column
// of its rows has it.
func TestLeaveOutColumn(t *testing.T) {
	h := admit(t, "shifted", 12)
	table, _ := h.extract.Table("patient_extension")
	var every []string
	for _, c := range table.Columns {
		if !slices.Contains([]string{"rid", "pid", "ordinal", "url"}, c.Name) {
			every = append(every, "patient_extension."+c.Name)
		}
	}
	for name, c := range map[string]struct {
		out  []string
		gate bool
	}{
		"nothing": {nil, true}, "the code": {[]string{"patient_extension.value_code"}, true}, "the url": {[]string{"patient_extension.url"}, true},
		"every column": {every, false}, "by name": {[]string{"race"}, false},
	} {
		dir, m := h.out("registry", "shifted", export.Parquet, func(r *export.Request) {
			r.Out = filepath.Join(t.TempDir(), "out")
			r.Config = h.config(allowed + "leave_out: [" + strings.Join(c.out, ", ") + "]\n")
		})
		if slices.Contains(m.Quasi, "race") != c.gate {
			t.Errorf("%s left out: the gate sees %v", name, m.Quasi)
		}
		if name == "the code" {
			if n := rows(t, "SELECT count(DISTINCT value_concept) FROM "+parquet(dir, "patient_extension"), dir)[0][0]; n != "2" {
				t.Errorf("%s races leave as concepts, want 2", n)
			}
		}
	}
}

// TestLeakScan: a text that got into a safe-harbor extract past its policy does not leave, and is not told. The scan
// tests itself: the same extract without it leaves.
func TestLeakScan(t *testing.T) {
	h := admit(t, "safe-harbor", 22)
	observations := 0
	for _, days := range h.truth {
		observations += len(days)
	}
	// Of the quasi-identifiers only the one that is planted, the same for all, leaves.
	request := func(where string) export.Request {
		var out []string
		for name, column := range map[string]string{"birth_year": "", "over_89": "", "sex": "patient.gender", "zip3": "patient.zip3", "state": "patient.state", "race": "", "ethnicity": "", "language": "patient.language"} {
			if column == "" || column != where {
				out = append(out, name)
			}
		}
		req := h.request("safe-harbor")
		req.Config = h.config("leave_out: [" + strings.Join(out, ", ") + "]\n")
		return req
	}
	clean := h.extract
	if _, err := export.Run(t.Context(), h.store, request("")); err != nil {
		t.Fatal(err)
	}
	for text, where := range map[string]string{
		"Jane Doe": "patient.language", "1970-03-04": "patient.state", "021": "patient.gender", "617-555-0199": "encounter.status", "jane@example.org": "patient.zip3",
		"http://example.org/jane": "observation.value_unit", "DOE": "concept.code", "urn:jane": "concept.system", "123-45-6789": "observation.status",
	} {
		t.Run(where, func(t *testing.T) {
			h.extract = clean
			h.plant(where, duck.Quote(text))
			_, err := export.Run(t.Context(), h.store, request(where))
			var refusal *export.RefusalError
			if !errors.As(err, &refusal) || refusal.Code != "leak" || !strings.Contains(err.Error(), where) {
				t.Fatalf("error %v", err)
			}
			if strings.Contains(err.Error(), text) {
				t.Error("the text is told")
			}
		})
	}
	h.extract = clean
	h.plant("observation.effective_start", "effective_start + INTERVAL 40 DAY")
	if _, err := export.Run(t.Context(), h.store, request("")); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("observation.effective_start: %d a date that is more than a year", observations)) {
		t.Errorf("a day in safe-harbor: %v", err)
	}
}

func (h *hospital) request(profile string) export.Request {
	return export.Request{Extract: h.extract, Key: h.key, Name: "registry", Profile: profile, Format: export.Parquet, Out: filepath.Join(h.t.TempDir(), "out"), Config: h.config(allowed), Today: today}
}

// plant publishes the extract again with another value in a column, as an error in extraction would have made it.
func (h *hospital) plant(where, value string) {
	h.t.Helper()
	table, column, _ := strings.Cut(where, ".")
	staging, err := h.store.Begin(h.t.Context(), "extract")
	if err != nil {
		h.t.Fatal(err)
	}
	defer staging.Close()
	db, err := duck.Open(h.t.Context(), duck.Config{AllowedDirs: []string{h.store.ObjectsDir(), staging.Dir()}})
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	m := h.extract.Manifest()
	for i, t := range m.Tables {
		if t.Name != table {
			continue
		}
		var paths []string
		for _, p := range h.extract.Paths(table) {
			paths = append(paths, duck.Quote(p))
		}
		file := filepath.Join(staging.Dir(), "planted.parquet")
		if err := db.Exec(h.t.Context(), "plant", fmt.Sprintf("COPY (SELECT * REPLACE (%s AS %s) FROM read_parquet([%s])) TO %s (FORMAT parquet)", value, column, strings.Join(paths, ", "), duck.Quote(file))); err != nil {
			h.t.Fatal(err)
		}
		in, err := os.Open(file)
		if err != nil {
			h.t.Fatal(err)
		}
		defer in.Close()
		out, err := staging.Create(table, 0, 63)
		if err != nil {
			h.t.Fatal(err)
		}
		if _, err := io.Copy(out, in); err != nil {
			h.t.Fatal(err)
		}
		if err := out.Close(t.Rows()); err != nil {
			h.t.Fatal(err)
		}
		m.Tables = slices.Clone(m.Tables)
		m.Tables[i].Objects = []datasets.Object{}
	}
	if m.Key, err = datasets.KeyOf("extract", map[string]any{"planted": where}, m.Inputs); err != nil {
		h.t.Fatal(err)
	}
	if h.extract, err = staging.Publish(h.t.Context(), m); err != nil {
		h.t.Fatal(err)
	}
}

// TestLooseThresholds: for safe-harbor thresholds are as strict as the defaults or stricter, each mistake at its place.
func TestLooseThresholds(t *testing.T) {
	h := admit(t, "safe-harbor", 2)
	req := h.request("safe-harbor")
	req.Config = h.config("shifted: {expert: file 12, expires: 2026-03-01}\nthresholds: {k: 10, below_k: 1%, highest: 1/10, average: 6%, uniques: 1%}\n")
	_, err := export.Run(t.Context(), h.store, req)
	for _, at := range []string{"2:17", "2:30", "2:43", "2:58", "2:71"} {
		if err == nil || !strings.Contains(err.Error(), "export.yaml:"+at+": loose-threshold") {
			t.Errorf("want a mistake at %s in\n%v", at, err)
		}
	}
	req.Config = h.config("thresholds: {k: 11, below_k: 0, highest: 1/11, average: 5%, uniques: 0}\nleave_out: [birth_year, over_89, sex, zip3, state, race, ethnicity, language]\n")
	if _, err := export.Run(t.Context(), h.store, req); err != nil {
		t.Errorf("the defaults: %v", err)
	}
}

// TestPlace: a folder that is taken is left alone, and what a dead run left is taken away.
func TestPlace(t *testing.T) {
	h := admit(t, "limited", 2)
	full, link, file := filepath.Join(h.dir, "full"), filepath.Join(h.dir, "link"), filepath.Join(h.dir, "file")
	empty := filepath.Join(h.dir, "empty")
	for _, dir := range []string{full, empty, filepath.Join(h.dir, ".empty.farr-export-1")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.WriteFile(filepath.Join(full, "mine"), nil, 0o600), os.Symlink(empty, link), os.WriteFile(file, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{full, link, file} {
		req := h.request("limited")
		req.Out = out
		if _, err := export.Run(t.Context(), h.store, req); err == nil {
			t.Errorf("wrote to %s", out)
		}
	}
	if got := listing(t, full); len(got) != 1 {
		t.Errorf("the full folder has %v", got)
	}
	req := h.request("limited")
	req.Out = empty
	if _, err := export.Run(t.Context(), h.store, req); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(empty); err != nil || info.Mode().Perm() != 0o700 || !slices.Contains(listing(t, empty), "manifest.json") {
		t.Error("the empty folder was not filled, or others can read it")
	}
	for _, name := range listing(t, h.dir) {
		if strings.Contains(name, "farr-export") {
			t.Errorf("%s is left", name)
		}
	}
}

// TestMistakes: all mistakes of a request and of its file are told, each at its place.
func TestMistakes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "export.yaml")
	text := "shifted: {expert: ' ', expires: someday}\nlimited: {agrement: x}\nthresholds: {k: 1, highest: 7}\nleave_out: [sex, sex]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := export.LoadConfig(path)
	for _, want := range []string{":1:19: empty-reference", ":1:33: bad-date", `:2:11: unknown-key`, ":3:17: bad-value", ":3:29: bad-share", ":4:18: duplicate-name"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s in\n%v", want, err)
		}
	}
	h := admit(t, "limited", 2)
	req := h.request("limited")
	req.Tables, req.Config = []string{"patient", "observatoin", "patient"}, h.config(allowed+"leave_out: [rase, observation.pid]\n")
	_, err = export.Run(t.Context(), h.store, req)
	for _, want := range []string{`no table "observatoin" (did you mean "observation"?)`, "duplicate-name", `export.yaml:4:13: unknown-column: no quasi-identifier and no table.column "rase" (did you mean "race"?)`, `"observation.pid"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s in\n%v", want, err)
		}
	}
	req = h.request("shifted")
	req.Name, req.Format = "Jane Doe!", "xlsx"
	_, err = export.Run(t.Context(), h.store, req)
	for _, want := range []string{"the name of an export", `unknown format "xlsx"`, "is of profile limited"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s in\n%v", want, err)
		}
	}
}
