package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"farr/datasets"
)

func (a *app) audit() *cobra.Command {
	group := &cobra.Command{Use: "audit", Short: "the tamper-evident log of a store",
		Long: `Every store keeps a log of what was done to it: extracts, results, reports, exports, gates, keys,
crosswalks, removals, and each time that true dates were shown. Its lines are the leaves of a Merkle
tree (RFC 6962), whose head is signed whenever a command has the project's key. The lines hold
hashes, ids, counts and reasons, and no value of a record.`}
	group.AddCommand(a.auditShow(), a.auditVerify(), a.auditBegin())
	return group
}

func (a *app) auditShow() *cobra.Command {
	var store, since, kind string
	cmd := &cobra.Command{
		Use:   "show --store DIR",
		Short: "print what was done to a store",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store"); err != nil {
				return err
			}
			from, err := parseSince(since)
			if err != nil {
				return usageError{err}
			}
			s, err := datasets.OpenStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			all, err := s.LogEntries()
			if err != nil {
				return err
			}
			entries, kinds := []datasets.LogEntry{}, map[string]bool{}
			for _, e := range all {
				kinds[e.Kind] = true
				if !e.Time.Before(from) && (kind == "" || e.Kind == kind) {
					entries = append(entries, e)
				}
			}
			if kind != "" && !kinds[kind] {
				fmt.Fprintf(a.stderr, "the log has no entry of kind %q; its kinds are %s\n", kind, join(slices.Sorted(maps.Keys(kinds))))
			}
			return a.print(entries, func(w io.Writer) error {
				p := printer{w: w}
				for _, e := range entries {
					facts := []byte{}
					if len(e.Facts) > 0 {
						if facts, err = json.Marshal(e.Facts); err != nil {
							return err
						}
					}
					p.line("%s", strings.TrimSpace(fmt.Sprintf("%d  %s  %s%s  %s", e.Seq, e.Time.Format(time.RFC3339), e.Kind, deeds(e), facts)))
				}
				return p.err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringVar(&since, "since", "", "day (2026-01-31) or time (2026-01-31T08:00:00Z) of the first entry wanted, UTC")
	f.StringVar(&kind, "kind", "", "kind of the entries wanted, such as extract")
	return cmd
}

// deeds is what an entry did to the store, in words.
func deeds(e datasets.LogEntry) string {
	var all []string
	if e.Publishes != "" {
		all = append(all, fmt.Sprintf("published %.12s", e.Publishes))
	}
	for name, id := range e.Points {
		all = append(all, fmt.Sprintf("%s is now %.12s", name, id))
	}
	for _, id := range e.Retires {
		all = append(all, fmt.Sprintf("retired %.12s", id))
	}
	if len(all) == 0 {
		return ""
	}
	return "  " + strings.Join(all, ", ")
}

func parseSince(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--since %q: want a day such as 2026-01-31, or a time such as 2026-01-31T08:00:00Z", text)
}

func (a *app) auditVerify() *cobra.Command {
	var req datasets.AuditRequest
	var store, key string
	cmd := &cobra.Command{
		Use:   "verify --store DIR [--key FILE | --verifier KEY] [--checkpoint FILE]",
		Short: "prove that a store's log is whole, and the store what it says",
		Long: `Recomputes the tree over all entries and checks every signed checkpoint; that every snapshot and
pointer has its entry, and that what an entry published is still there. Exit code 4, and what is
wrong, when anything is not so.

What it is held against makes it stronger. --key trusts the signatures of that key and no other,
and reads the newest checkpoint that was kept beside a key file (FILE.checkpoints); --verifier does
the first with the public key alone. --checkpoint is one that was kept elsewhere: the line that
each report prints, a report's manifest.json, or a file with one. A log that was rolled back, or
written anew, does not hold it. Whoever can write the store and has neither the key nor those
cannot be told from farr in what he did after the last of them.

--from and --to print a proof that the log of so many entries begins with the log of fewer.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store"); err != nil {
				return err
			}
			s, err := datasets.OpenStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			for i, text := range req.Kept {
				if req.Kept[i], err = keptCheckpoint(text); err != nil {
					return usageError{err}
				}
			}
			if key != "" {
				if err := trustKey(s, key, &req); err != nil {
					return err
				}
			}
			report, err := s.Audit(cmd.Context(), req)
			if err != nil {
				return err
			}
			if err := a.print(report, func(w io.Writer) error { return writeAudit(w, report) }); err != nil {
				return err
			}
			return report.Err()
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringVar(&key, "key", "", "the project key: its signatures are trusted")
	f.StringSliceVar(&req.Verifiers, "verifier", nil, "public key that is trusted, as this command prints it")
	f.StringArrayVar(&req.Kept, "checkpoint", nil, "checkpoint that was kept elsewhere: a file, or its text")
	f.Int64Var(&req.From, "from", 0, "entries of the shorter log in a proof")
	f.Int64Var(&req.To, "to", 0, "entries of the longer one; all when not given")
	return cmd
}

// trustKey lets a key's own signatures and the checkpoint beside it count.
func trustKey(s *datasets.Store, source string, req *datasets.AuditRequest) error {
	key, err := datasets.ReadKey(source)
	if err != nil {
		return err
	}
	verifier, err := datasets.LogVerifier(key)
	if err != nil {
		return err
	}
	req.Verifiers = append(req.Verifiers, verifier)
	witness, err := s.Witness(source)
	if err != nil {
		return err
	}
	if witness != "" {
		req.Kept = append(req.Kept, witness)
	}
	return nil
}

// keptCheckpoint reads a checkpoint from a file, from a report's manifest, or from the text itself.
func keptCheckpoint(text string) (string, error) {
	if data, err := os.ReadFile(text); err == nil {
		text = string(data)
		var m struct{ Checkpoint string }
		if json.Unmarshal(data, &m) == nil && m.Checkpoint != "" {
			text = m.Checkpoint
		}
	}
	if _, err := datasets.ParseCheckpoint(text); err != nil {
		return "", fmt.Errorf("--checkpoint: %w, or a file with one", err)
	}
	return text, nil
}

func writeAudit(w io.Writer, r datasets.AuditReport) error {
	p := printer{w: w}
	p.line("checkpoint %s", r.Checkpoint)
	p.line("%d entries, %d signed checkpoints, %d entries under a signature", r.Entries, r.Checkpoints, r.Signed)
	for _, v := range r.Verifiers {
		trusted := "trusted"
		if !v.Trusted {
			trusted = "nobody vouched for it"
		}
		p.line("public key %s (entry %d; signed for %d entries; %s)", v.Verifier, v.Entry, v.Signed, trusted)
	}
	for _, c := range r.Kept {
		p.line("holds %s", c)
	}
	if r.Proof != nil {
		p.line("proof that %s\n  continues %s:", r.Proof.To, r.Proof.From)
		for _, h := range r.Proof.Hashes {
			p.line("  %s", h)
		}
	}
	if r.Adopted > 0 {
		p.line("%d snapshots are older than the log", r.Adopted)
	}
	if r.Unfinished {
		p.line("the last append was cut off; the next command puts that right")
	}
	for _, problem := range r.Problems {
		p.line("%s: %s: %s", problem.Code, problem.Subject, problem.Detail)
	}
	return p.err
}

func (a *app) auditBegin() *cobra.Command {
	var store, key string
	cmd := &cobra.Command{
		Use:   "begin --store DIR",
		Short: "begin the log of a store that was made before there were logs",
		Long: `A store that has snapshots and no log is refused, since its log may have been removed. This
begins one: its first entry names the snapshots that are there, and farr audit verify says how many
those are. A new store needs no such thing.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store"); err != nil {
				return err
			}
			s, _, err := signedStore(cmd.Context(), store, key)
			if err != nil {
				return err
			}
			defer s.Close()
			c, err := s.BeginLog(cmd.Context())
			if err != nil {
				return err
			}
			return a.print(map[string]string{"checkpoint": c.String()}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "checkpoint %s\n", c)
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringVar(&key, "key", "", "the project key, which signs")
	return cmd
}
