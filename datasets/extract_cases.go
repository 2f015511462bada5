package datasets

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"farr/datasets/fhir"
	"farr/datasets/internal/deid"
	"farr/internal/progress"
)

// Case is one person's whole record as a source of its own: what a test case of
// a measure is. Ids may repeat between cases, since the source is in every pseudonym.
//
// Everything in a case is its patient's, whatever its subject says or if it says
// none: editors of test cases give the patient a new id and leave the references.
type Case struct {
	Source string // name: letters, digits, . _ - and / between parts
	Dir    string // folder of *.json, each a resource or a Bundle of them; one is a Patient. The same resource twice is once
}

var casePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}(/[A-Za-z0-9][A-Za-z0-9_.-]{0,127}){0,3}$`)

func checkCases(req ExtractRequest) error {
	if req.Source != "" || req.Bulk != nil {
		return errors.New("a source and cases: give one of them")
	}
	seen := map[string]bool{}
	for _, c := range req.Cases {
		switch {
		case !casePattern.MatchString(c.Source):
			return c.misnamed()
		case seen[c.Source]:
			return fmt.Errorf("case %s is there twice", c.Source)
		}
		seen[c.Source] = true
	}
	return nil
}

// caseInput reads cases. A case is small, so it is held in memory whole.
type caseInput struct {
	cases []Case
	sum   Input // all cases as one
}

func (in *caseInput) hash(ctx context.Context, progress progress.Func) error {
	sum := sha256.New()
	var size int64
	for i, c := range in.cases {
		if err := ctx.Err(); err != nil {
			return err
		}
		texts, err := c.texts()
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%d %s\n", len(texts), c.Source)
		for _, t := range texts {
			fmt.Fprintf(sum, "%x\n", sha256.Sum256(t.bytes))
			size += int64(len(t.bytes))
		}
		progress.Report("check cases", int64(i+1), int64(len(in.cases)))
	}
	in.sum = Input{Kind: "cases", ID: hex.EncodeToString(sum.Sum(nil)), Bytes: size}
	return nil
}

func (in *caseInput) files() ([]Input, string) { return []Input{in.sum}, in.sum.ID }

func (in *caseInput) read(ctx context.Context, w *worker, progress progress.Func) error {
	for i, c := range in.cases {
		if err := ctx.Err(); err != nil {
			return err
		}
		lines, patient, err := c.resources(&w.doc)
		if err != nil {
			return err
		}
		w.extractor.Turn(c.Source, patient)
		for n, l := range lines {
			if err := w.line(fhir.Input{Name: c.Source + "/" + l.name}, i, fhir.Line{Number: int64(n + 1), Bytes: l.bytes}); err != nil {
				return err
			}
		}
		progress.Report("extract", int64(i+1), int64(len(in.cases)))
	}
	return nil
}

// caseText is a file of a case, or one resource of it on one line.
type caseText struct {
	name  string
	bytes []byte
}

// texts are the files of a case, sorted by name.
func (c Case) texts() ([]caseText, error) {
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		return nil, caseError(c, "", err)
	}
	var texts []caseText
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".json") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(c.Dir, e.Name()))
		if err != nil {
			return nil, caseError(c, e.Name(), err)
		}
		texts = append(texts, caseText{e.Name(), b})
	}
	return texts, nil
}

// resources are the resources of a case, each on one line, and its patient's id.
func (c Case) resources(doc *fhir.Doc) (lines []caseText, patient []byte, err error) {
	texts, err := c.texts()
	if err != nil {
		return nil, nil, err
	}
	patients, seen := 0, map[string]bool{}
	for _, t := range texts {
		for _, line := range unbundle(t) {
			if seen[string(line.bytes)] { // editors write resources beside a Bundle of them
				continue
			}
			seen[string(line.bytes)] = true
			lines = append(lines, line)
			if doc.Parse(line.bytes) == "" && doc.Type() == "Patient" {
				patient = slices.Clone(doc.ID())
				patients++
			}
		}
	}
	if patients != 1 {
		return nil, nil, caseError(c, "", fmt.Errorf("a case has one Patient, here are %d", patients))
	}
	return lines, patient, nil
}

func (c Case) misnamed() error {
	return fmt.Errorf("case %q: a name is of letters, digits, . _ - and / between parts", c.Source)
}

// Check is an error where the case cannot be extracted.
func (c Case) Check() error {
	if !casePattern.MatchString(c.Source) {
		return c.misnamed()
	}
	_, _, err := c.resources(&fhir.Doc{})
	return err
}

// unbundle puts a resource on one line, or those of a Bundle on one each. What is
// no JSON goes on as it is, to be rejected with a reason like any line.
func unbundle(t caseText) []caseText {
	var bundle struct {
		ResourceType string `json:"resourceType"`
		Entry        []struct {
			Resource json.RawMessage `json:"resource"`
		} `json:"entry"`
	}
	if json.Unmarshal(t.bytes, &bundle) != nil || bundle.ResourceType != "Bundle" {
		return []caseText{{t.name, oneLine(t.bytes)}}
	}
	var lines []caseText
	for _, e := range bundle.Entry {
		if len(e.Resource) > 0 {
			lines = append(lines, caseText{t.name, oneLine(e.Resource)})
		}
	}
	return lines
}

func oneLine(text []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return bytes.ReplaceAll(text, []byte("\n"), []byte(" "))
	}
	return b.Bytes()
}

// caseError names the case and the file, never what stands in it.
func caseError(c Case, file string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("case %s: %w", strings.TrimSuffix(c.Source+"/"+file, "/"), err)
}

// PIDs are the pseudonyms of the cases' patients as the text of a UUID, in the
// cases' order.
func PIDs(key *Key, cases []Case) ([]string, error) {
	var doc fhir.Doc
	var pids []string
	for _, c := range cases {
		_, patient, err := c.resources(&doc)
		if err != nil {
			return nil, err
		}
		pids = append(pids, uuid.UUID(deid.NewPseudonyms(key, c.Source).Of("Patient", patient)).String())
	}
	return pids, nil
}
