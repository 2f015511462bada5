package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// peerCases is how many persons the other engine computes at least.
const peerCases = 240

// peers measures farr beside fqm-execution: the same persons, the same measure, one run after the other. The other engine
// gets parsed bundles in memory, and its clock runs from there to raw results. farr's is the whole command, from Parquet to
// Parquet, on the same persons replicated.
func peers(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("peers", flag.ContinueOnError)
	farr := f.String("farr", "bin/farr", "the built command")
	content := f.String("content", "", "folder of the published measures; FARR_CONTENT or the user's cache when empty")
	modules := f.String("modules", "", "folder with fqm-execution installed")
	script := f.String("script", "testdata/peers/fqm.mjs", "what runs it")
	patients := f.Int64("patients", 1_000_000, "number of patients of farr's run on the test cases")
	synthetic := f.Int64("synth-patients", 0, "number of patients of farr's run on farr synth's, whose records are twenty times as large; a tenth of --patients when 0")
	people := f.Int("synth-persons", peerCases, "persons of farr synth that the other engine computes: minutes for each measure")
	only := f.String("measure", strings.Join(four, ","), "measures, by commas")
	kinds := f.String("persons", "cases,synth", "which persons, by commas")
	runs := f.Int("runs", 1, "runs of farr; the best counts")
	if err := f.Parse(args); err != nil {
		return err
	}
	w, err := openWorkshop(*farr, *content, *runs)
	if w == nil {
		return err
	}
	defer w.close()
	for _, line := range machine(ctx) {
		fmt.Println(line)
	}
	fmt.Println("fqm-execution: Calculator.calculateRaw, trustMetaProfile, parsed bundles in memory; warmed up once, the better of two; user and system time of the call")
	if *synthetic <= 0 {
		*synthetic = max(1, *patients/10)
	}
	fmt.Printf("farr: farr measure run --periods %s --profiles declared, whole command from Parquet to Parquet, planning included, user and system time, on the same persons replicated\n\n", w.year)
	fmt.Println("| persons | measure | fqm patients | their resources | fqm CPU-s | fqm patients per CPU-s | farr patients | farr CPU-s | farr patients per CPU-s | farr peak MB | ratio | same populations |")
	fmt.Println("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
	var notes []string
	for _, of := range strings.Split(*kinds, ",") {
		for i, m := range strings.Split(*only, ",") {
			p := peer{workshop: w, measure: m, modules: *modules, script: *script, patients: *patients, persons: of, people: *people}
			if of == "synth" {
				p.patients, p.again = *synthetic, i > 0
			}
			note, err := p.run(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", m, err)
			}
			notes = append(notes, note...)
		}
	}
	fmt.Println()
	for _, note := range notes {
		fmt.Println(note)
	}
	return nil
}

// peer is one measure on persons of one kind.
type peer struct {
	*workshop
	measure, modules, script string
	persons                  string // "cases" or "synth"
	people                   int    // how many of the latter
	patients                 int64
	again                    bool // the same persons as the measure before, which are there already
}

// answer is what the script for the other engine writes.
type answer struct {
	Version   string
	Node      string
	Resources int64
	CPU       []float64
	Counts    map[string][]map[string]int64 // by case: the count of each population, by group
	Failed    map[string]string             // by case: why the engine could not
}

func (p *peer) run(ctx context.Context) (notes []string, err error) {
	store, large, list := filepath.Join(p.dir, "persons"), filepath.Join(p.dir, "large"), filepath.Join(p.dir, "persons.json")
	if !p.again {
		if err := p.gather(ctx, store, large, list); err != nil {
			return nil, err
		}
	}
	var cases []listed
	if err := readJSON(list, &cases); err != nil {
		return nil, err
	}
	theirs, err := p.ask(ctx, cases)
	if err != nil {
		return nil, err
	}
	ours, err := p.populations(ctx, store)
	if err != nil {
		return nil, err
	}
	same := 0
	for _, c := range cases {
		if why, failed := theirs.Failed[c.Case]; failed {
			notes = append(notes, fmt.Sprintf("fqm-execution fails on %s with %s: %s", p.measure, c.Case, why))
			continue
		}
		if difference := differ(theirs.Counts[c.Case], ours[c.PID]); difference == "" {
			same++
		} else if len(notes) < 5 {
			notes = append(notes, fmt.Sprintf("%s differs on %s: %s", p.measure, c.Case, difference))
		}
	}
	run, err := p.workshop.measure(ctx, large, []string{p.measure}, "--profiles", "declared")
	if err != nil {
		return nil, err
	}
	cpu := slices.Min(theirs.CPU)
	fqm, farr := float64(len(theirs.Counts))/cpu, float64(p.patients)/run.cpu.Seconds()
	fmt.Printf("| %s | %s | %d | %d | %.2f | %.1f | %d | %.2f | %.0f | %d | %.0f | %d of %d |\n", p.persons, p.measure, len(theirs.Counts), theirs.Resources, cpu, fqm,
		p.patients, run.cpu.Seconds(), farr, run.peak/1e6, farr/fqm, same, len(theirs.Counts))
	return notes, nil
}

// gather makes the store of the persons as they are, and that of their replicas.
func (p *peer) gather(ctx context.Context, store, large, list string) error {
	for _, dir := range []string{store, large} {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	args := []string{"cases", "--content", p.content, "--store", store, "--key", p.key, "--list", list}
	if p.persons == "synth" {
		folder, err := p.synth(ctx)
		if err != nil {
			return err
		}
		args = append(args, "--persons", folder, "--year", p.year)
	} else {
		args = append(args, "--measure", p.measure, "--at-least", fmt.Sprint(peerCases))
	}
	if _, _, err := runChild(ctx, p.self, args...); err != nil {
		return err
	}
	return p.replicate(ctx, store, large, p.patients)
}

// synth makes the synthetic persons once.
func (p *peer) synth(ctx context.Context) (string, error) {
	export, folder := filepath.Join(p.dir, "export"), filepath.Join(p.dir, "synthetic")
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	if _, _, err := runChild(ctx, p.farr, "synth", "--patients", fmt.Sprint(3*p.people), "--seed", "1", "--out", export); err != nil {
		return "", err
	}
	_, _, err := runChild(ctx, p.self, "persons", "--export", export, "--to", folder, "--count", fmt.Sprint(p.people), "--least", "100")
	return folder, err
}

// ask runs the other engine.
func (p *peer) ask(ctx context.Context, cases []listed) (a answer, err error) {
	request, out := filepath.Join(p.dir, "request.json"), filepath.Join(p.dir, "answer.json")
	text, err := json.Marshal(map[string]any{"content": p.content, "measure": p.measure, "low": p.year + "-01-01", "high": p.year + "-12-31", "cases": cases})
	if err != nil {
		return a, err
	}
	if err := os.WriteFile(request, text, 0o600); err != nil {
		return a, err
	}
	if _, _, err := runChild(ctx, "node", p.script, p.modules, request, out); err != nil {
		return a, err
	}
	return a, readJSON(out, &a)
}

func readJSON(file string, into any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
