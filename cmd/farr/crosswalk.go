package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/internal/source"
	"farr/measures"
)

func (a *app) crosswalk() *cobra.Command {
	var req datasets.CrosswalkRequest
	var store, extract, key, permit, pids, measure, population, period, out string
	var phi bool
	cmd := &cobra.Command{
		Use:   "crosswalk --store DIR --key FILE --source DIR --permit FILE --reason TEXT --phi --out FILE",
		Short: "source ids of persons in the store, for care-gap follow-up",
		Long: `Reads the export again, makes the pseudonym of each patient with the key, and writes the pairs
source_id,pid as CSV: of the persons in --pids (one a line), or of a population of a measure in the
current results (initial-population, denominator, denominator-exclusion, denominator-exception,
numerator, numerator-exclusion, or open: the denominator without exclusions, exceptions and numerator), or
else of all in the extract. Somebody who is not in the extract is not given.

The file says who the pseudonyms are: it is protected data. So the key alone is not enough. The store's
officer signs a permit (farr keys officer, farr keys permit) for one account, until a day, for so many
persons. --phi says that you may hold the file where it goes: never on a terminal, never in the store, 0600.
Each time goes to the log: who, how many, by which permit, and --reason.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store", "key", "source", "reason", "out"); err != nil {
				return err
			}
			switch {
			case !phi:
				return heldBack{errors.New("a crosswalk says who the pseudonyms are: it is written only with --phi")}
			case (measure == "") != (population == "") || measure != "" && (period == "" || pids != ""):
				return usageError{errors.New("--measure, --population and --period go together, and without --pids")}
			}
			s, err := datasets.OpenStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			if err := apartFrom(s, out); err != nil {
				return err
			}
			if permit != "" {
				if req.Permit, err = datasets.ReadPermit(permit); err != nil {
					return err
				}
			}
			if req.Key, err = datasets.ReadKey(key); err != nil {
				return err
			}
			if req.Extract, err = openExtract(s, extract); err != nil {
				return err
			}
			switch {
			case pids != "":
				req.Asked = true
				req.PIDs, err = readPIDs(pids)
			case measure != "":
				req.Asked = true
				var results *measures.Results
				if results, err = openResults(cmd, s, ""); err != nil {
					return err
				}
				req.PIDs, err = results.Persons(cmd.Context(), measure, population, period)
			}
			if err != nil {
				return err
			}
			who, err := user.Current()
			if err != nil {
				return err
			}
			s.KeepWitness(key)
			req.Who, req.Now, req.Progress = who.Username, time.Now(), a.progress()
			pairs, err := datasets.Crosswalk(cmd.Context(), s, req)
			if err != nil {
				return err
			}
			if err := writeFile(out, func(w io.Writer) error { return writePairs(w, pairs) }); err != nil {
				return err
			}
			if len(req.PIDs) > 0 && len(pairs) == 0 {
				return fmt.Errorf("none of the %d persons asked for is in the extract and the export: the file holds no pair", len(req.PIDs))
			}
			return a.print(map[string]any{"asked": len(req.PIDs), "given": len(pairs), "file": out}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%d pairs in %s\n", len(pairs), out)
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringVar(&extract, "extract", "", "ID of the extract; the current one when not given")
	keyFlag(cmd, &key, "key", "project key")
	f.StringVar(&req.Source, "source", "", "folder of the export that the extract was made from")
	f.StringVar(&req.SourceName, "source-name", "", "which source of the extract the export is of; need not be given where it has one")
	f.StringVar(&permit, "permit", "", "permit of the store's officer")
	f.StringVar(&req.Reason, "reason", "", "for the log: one line, and no name of a person")
	f.StringVar(&pids, "pids", "", "file of the pseudonyms that are asked for, one a line")
	f.StringVar(&measure, "measure", "", "measure of the current results whose population is asked for")
	f.StringVar(&population, "population", "", "population of the measure")
	f.StringVar(&period, "period", "", "period of the measure, as the results name it")
	f.StringVar(&out, "out", "", "file to write, which only you may read")
	f.BoolVar(&phi, "phi", false, "you may hold protected data where the file goes")
	return cmd
}

// apartFrom refuses a file that is a device or a link, which a new file would replace (/dev/stdout is one), or would lie in the store.
func apartFrom(s *datasets.Store, out string) error {
	if info, err := os.Lstat(out); err == nil && !info.Mode().IsRegular() {
		return heldBack{fmt.Errorf("%s is no regular file: a crosswalk goes to a file of its own", out)}
	}
	folder, err := filepath.Abs(filepath.Dir(out))
	if err == nil {
		folder, err = filepath.EvalSymlinks(folder)
	}
	if err != nil {
		return err
	}
	store, err := filepath.EvalSymlinks(s.Dir())
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(store, folder); err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return heldBack{errors.New("a crosswalk does not lie in the store: who has both has the persons")}
	}
	return nil
}

// readPIDs reads pseudonyms as results show them, one a line, with # before a comment.
func readPIDs(path string) ([]uuid.UUID, error) {
	text, err := source.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var pids []uuid.UUID
	var wrong source.Diagnostics
	for i, line := range strings.Split(string(text), "\n") {
		word, _, _ := strings.Cut(line, "#")
		if word = strings.TrimSpace(word); word == "" || i == 0 && word == "pid" {
			continue
		}
		pid, err := uuid.Parse(word)
		if err != nil || len(word) != 36 {
			wrong = append(wrong, source.Diagnostic{Pos: source.Pos{File: path, Line: i + 1, Column: 1}, Code: "bad-pid", Message: "this is no pseudonym", Hint: "as the column pid of results shows them"})
			continue
		}
		pids = append(pids, pid)
	}
	return pids, wrong.Err()
}

func writePairs(w io.Writer, pairs []datasets.Pair) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"source_id", "pid"}}
	for _, p := range pairs {
		rows = append(rows, []string{p.SourceID, p.PID.String()})
	}
	return c.WriteAll(rows)
}
