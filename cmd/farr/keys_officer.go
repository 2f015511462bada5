package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"farr/datasets"
)

func (a *app) keysOfficer() *cobra.Command {
	var store, out, replaces string
	cmd := &cobra.Command{
		Use:   "officer --store DIR --out FILE",
		Short: "make the key of who permits crosswalks, and name its holder in the store",
		Long: `Makes an officer's key in FILE and its public part known to the store, with an entry in the log. Only
what it signs permits a crosswalk (farr keys permit). Keep it with another person than the project's key:
extracts and measures never need it. A store that has an officer changes to another only with the key of
the one it has (--replaces).`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store", "out"); err != nil {
				return err
			}
			s, err := datasets.OpenStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			var now *datasets.Officer
			if replaces != "" {
				if now, err = datasets.ReadOfficer(replaces); err != nil {
					return err
				}
			}
			if has, err := s.Officer(cmd.Context()); err != nil {
				return err
			} else if has != "" && (now == nil || now.Public() != has) {
				return heldBack{fmt.Errorf("the store has the officer %s, whose key is needed to name another: --replaces", has)}
			}
			officer, err := datasets.CreateOfficer(out)
			if err != nil {
				return err
			}
			if err := s.SetOfficer(cmd.Context(), officer, now); err != nil {
				return err
			}
			return a.print(map[string]string{"officer": officer.Public(), "file": out}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "officer %s in %s\n", officer.Public(), out)
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	f.StringVar(&out, "out", "", "file to write")
	keyFlag(cmd, &replaces, "replaces", "key of the officer whom the store has")
	return cmd
}

func (a *app) keysPermit() *cobra.Command {
	var p datasets.Permit
	var store, source, out string
	cmd := &cobra.Command{
		Use:   "permit --store DIR --officer FILE --who ACCOUNT --until DAY --persons N --reason TEXT --out FILE",
		Short: "permit one account to make crosswalks in a store",
		Long: `Signs a permit with the officer's key: for one account of the machine, in one store, until the end of a
day, for at most N persons in all; who is given twice counts twice. The permit is a small JSON file that the account gives to farr
crosswalk; it is no secret, and a changed one is refused.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store", "officer", "who", "until", "reason", "out"); err != nil {
				return err
			}
			s, err := datasets.OpenStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			officer, err := datasets.ReadOfficer(source)
			if err != nil {
				return err
			}
			permit, err := s.Permit(cmd.Context(), officer, p)
			if err != nil {
				return err
			}
			if err := writeFile(out, func(w io.Writer) error { return writeJSON(w, permit) }); err != nil {
				return err
			}
			return a.print(permit, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%s may make crosswalks of up to %d persons until %s: %s\n", permit.Who, permit.Persons, permit.Until, out)
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	keyFlag(cmd, &source, "officer", "officer's key")
	f.StringVar(&p.Who, "who", "", "account of the machine")
	f.StringVar(&p.Until, "until", "", "last day, YYYY-MM-DD")
	f.IntVar(&p.Persons, "persons", 0, "most persons in all")
	f.StringVar(&p.Reason, "reason", "", "why: one line, and no name of a person")
	f.StringVar(&out, "out", "", "file to write")
	return cmd
}
