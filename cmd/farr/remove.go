package main

import (
	"io"

	"github.com/spf13/cobra"

	"farr/datasets"
)

func (a *app) remove() *cobra.Command {
	var req datasets.RemoveRequest
	var store, ids string
	var keys []string
	cmd := &cobra.Command{
		Use:   "remove --store DIR --key FILE --ids FILE",
		Short: "take persons out of every retained extract of a store",
		Long: `Takes the patients whose source ids FILE lists (id or Patient/id, one a line) out of every extract in the
store: objects that hold a row of theirs, or a reference to one, are written again without, and codes
that nobody else has leave the dictionary. Each extract concerned is replaced; it goes, and so
does all that was made of it (results, risk), with every object that nothing else names: measure
again. Later extracts of the same source leave the persons out. All or nothing: after a stop the
next command on the store finishes what was begun. The log says how many, and never who.

Give the key of each epoch that is not destroyed (--key OLD --key NEW). In extracts of safe-harbor and
of destroyed keys nobody can find a person: they stay and are counted, or go whole with --unlinkable.

A person with several Patient resources is in the list with the id of each: links are not followed. Of a person whom
linkage found in several sources one id is enough; give the id of each source all the same, so that a later extract
without linkage leaves all out. --source-name says which source the ids are of, --every-source that they are the same
persons' in all: where the store has several, one of the two is needed.

Not reached: reports, row-level exports, crosswalks and backups made before; the export itself; and
entries of the log, which hold a pseudonym where somebody was shown that person's true dates.
Keep FILE: farr keys rotate asks for it, since marks of the removed are made with the key.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store", "key", "ids"); err != nil {
				return err
			}
			for _, source := range keys {
				key, err := datasets.ReadKey(source)
				if err != nil {
					return err
				}
				req.Keys = append(req.Keys, key)
			}
			var err error
			if req.IDs, err = datasets.ReadPatientIDs(ids); err != nil {
				return err
			}
			s, err := datasets.OpenStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			s.KeepWitness(keys[len(keys)-1])
			req.Progress = a.progress()
			report, err := s.Remove(cmd.Context(), req)
			if err != nil {
				return err
			}
			return a.print(report, func(w io.Writer) error {
				p := printer{w: w}
				p.line("of %d ids %d were in no extract", report.Asked, report.Unmatched)
				p.line("%d persons with %d resources were taken out of %d extracts; %d references to them are empty", report.Persons, report.Resources, report.Rewritten, report.References)
				if report.Retired > 0 {
					p.line("%d snapshots are retired: the old extracts, and what was made of them; run measures, risk and reports again", report.Retired)
				} else {
					p.line("no snapshot had any of it, and none is retired; the ids are kept out of what is loaded from now on")
				}
				if report.Unlinkable > 0 && !req.Unlinkable {
					p.line("%d extracts stay in which nobody can find a person (safe-harbor, or the key is destroyed); --unlinkable retires them whole", report.Unlinkable)
				}
				return p.err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringArrayVar(&keys, "key", nil, "project key: its file, fd:3 or env:NAME; each that is not destroyed, the one in force last")
	f.StringVar(&ids, "ids", "", "file with the ids of patients in their source")
	f.StringVar(&req.SourceName, "source-name", "", "source that the ids are of; need not be given where the store has one")
	f.BoolVar(&req.EverySource, "every-source", false, "the ids are the same persons' in every source of the store")
	f.StringVar(&req.Reason, "reason", "", "for the log: one line, and no name of a person")
	f.BoolVar(&req.Unlinkable, "unlinkable", false, "retire extracts whole in which nobody can find a person")
	return cmd
}
