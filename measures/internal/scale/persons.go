package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// persons writes persons of a synthetic export as cases, a folder with one Bundle each, so that an engine that
// takes bundles and farr read the same. Of several versions of a resource the newest is taken, as farr does. Each resource
// names the QI-Core profile of its type, and a blood pressure that of R4's profile, since the published measures retrieve by
// profile and other engines trust meta.profile. What no patient owns is left out.
func persons(_ context.Context, args []string) error {
	f := flag.NewFlagSet("persons", flag.ContinueOnError)
	export := f.String("export", "", "folder that farr synth wrote")
	to := f.String("to", "", "folder for the cases; made when missing")
	count := f.Int("count", 240, "number of persons")
	least := f.Int("least", 100, "resources that a person has at least")
	if err := f.Parse(args); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(*export, "*.ndjson.gz"))
	if err != nil || len(files) == 0 {
		return errors.Join(err, errors.New("no *.ndjson.gz in "+*export))
	}
	found := people{}
	for _, file := range files {
		if err := found.read(file); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
	}
	var chosen []string
	for id, resources := range found {
		if len(resources) >= *least && resources["Patient/"+id] != nil {
			chosen = append(chosen, id)
		}
	}
	if slices.Sort(chosen); len(chosen) < *count {
		return fmt.Errorf("%d persons have %d resources, %d are wanted", len(chosen), *least, *count)
	}
	resources := 0
	for _, id := range chosen[:*count] {
		if err := found[id].write(filepath.Join(*to, id)); err != nil {
			return err
		}
		resources += len(found[id])
	}
	return show(map[string]int{"persons": *count, "resources": resources})
}

// people are the resources of each patient, by type and id.
type people map[string]record

type record map[string]map[string]any

// owners are the elements that name whose a resource is.
var owners = []string{"subject", "patient", "beneficiary"}

func (p people) read(file string) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var r map[string]any
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return err
		}
		typ, _ := r["resourceType"].(string)
		id, _ := r["id"].(string)
		owner := id
		if typ != "Patient" {
			owner = ""
			for _, name := range owners {
				reference, _ := r[name].(map[string]any)
				text, _ := reference["reference"].(string)
				if patient, ok := strings.CutPrefix(text, "Patient/"); ok {
					owner = patient
				}
			}
		}
		if owner == "" {
			continue
		}
		if p[owner] == nil {
			p[owner] = record{}
		}
		if old := p[owner][typ+"/"+id]; old == nil || updated(r) >= updated(old) {
			p[owner][typ+"/"+id] = r
		}
	}
	return lines.Err()
}

// updated is meta.lastUpdated; the generator writes it in one form, so texts compare as times do.
func updated(r map[string]any) string {
	meta, _ := r["meta"].(map[string]any)
	text, _ := meta["lastUpdated"].(string)
	return text
}

func (r record) write(dir string) error {
	type entry struct {
		Resource map[string]any `json:"resource"`
	}
	bundle := map[string]any{"resourceType": "Bundle", "type": "collection"}
	var entries []entry
	names := make([]string, 0, len(r))
	for name := range r {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		one := r[name]
		profiles := []string{"http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-" + strings.ToLower(one["resourceType"].(string))}
		if isBloodPressure(one) {
			profiles = append(profiles, "http://hl7.org/fhir/StructureDefinition/bp")
		}
		meta, _ := one["meta"].(map[string]any)
		if meta == nil {
			meta = map[string]any{}
		}
		meta["profile"] = profiles
		one["meta"] = meta
		entries = append(entries, entry{one})
	}
	bundle["entry"] = entries
	text, err := json.Marshal(bundle)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "bundle.json"), text, 0o600)
}

// isBloodPressure says whether an observation is of LOINC 85354-9, which R4's profile bp asks for.
func isBloodPressure(r map[string]any) bool {
	code, _ := r["code"].(map[string]any)
	codings, _ := code["coding"].([]any)
	return slices.ContainsFunc(codings, func(c any) bool {
		coding, _ := c.(map[string]any)
		return coding["system"] == "http://loinc.org" && coding["code"] == "85354-9"
	})
}
