package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/reports"
)

func (a *app) release() *cobra.Command {
	group := &cobra.Command{Use: "release", Short: "what reports for outsiders have published, and whether it gives hidden numbers away",
		Long: `The store keeps of each report for an external audience every count with its state, shown or hidden. A
later report of the same extract is attacked together with all of them: what one shows beside what the
other hides must give no hidden number. Where hiding more in the new report does not help, it is not
made, and the exit code is 5. What is kept is as private as the results: it holds the hidden numbers.`}
	group.AddCommand(a.releaseList(), a.releaseShow(), a.releaseAttack(),
		a.releaseMark("withdraw", "record that a release was taken back, so that later ones are not held against it",
			`Records that the release was taken back before anybody outside could use it. Later reports are no more held
against it. farr cannot know who has kept a copy: withdraw only what surely nobody has.`, (*datasets.Store).WithdrawRelease),
		a.releaseMark("accept", "record that what later releases give away beside this one is accepted",
			`Records that the numbers which later reports give away beside this release may be known, and why. Later
reports are no more held against it, and say so in their certificate.`, (*datasets.Store).AcceptRelease))
	return group
}

// releaseLine is a release in a list.
type releaseLine struct {
	datasets.Release
	Policy string `json:"policy"`
	Cells  int    `json:"cells"`
	Hidden int    `json:"hidden"`
}

// state is what became of it.
func (l releaseLine) state() string {
	switch {
	case l.Withdrawn != "":
		return "withdrawn"
	case l.Accepted != "":
		return "accepted"
	}
	return "counts"
}

func lineOfRelease(s *datasets.Store, r datasets.Release) (releaseLine, *reports.Released, error) {
	kept, err := reports.ReadReleased(s, r.ID)
	if err != nil {
		return releaseLine{}, nil, err
	}
	return releaseLine{r, kept.Certificate.Policy, kept.Certificate.Cells, kept.Certificate.Hidden}, kept, nil
}

func (a *app) releaseList() *cobra.Command {
	var store string
	cmd := &cobra.Command{
		Use:   "list --store DIR",
		Short: "the releases of a store: when, under which policy, how many counts are hidden",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := openFor(cmd, store)
			if err != nil {
				return err
			}
			defer s.Close()
			all, err := s.Releases()
			if err != nil {
				return err
			}
			lines := []releaseLine{}
			for _, r := range all {
				l, _, err := lineOfRelease(s, r)
				if err != nil {
					return err
				}
				lines = append(lines, l)
			}
			return a.print(lines, func(w io.Writer) error {
				for _, l := range lines {
					if _, err := fmt.Fprintf(w, "%.12s  %s  %-13s %6d of %6d counts hidden  %s\n", l.ID, l.Time.Format(time.DateTime), l.Policy, l.Hidden, l.Cells, l.state()); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&store, "store", "", "folder of the store")
	return cmd
}

func (a *app) releaseShow() *cobra.Command {
	var store string
	cmd := &cobra.Command{
		Use:   "show --store DIR RELEASE",
		Short: "one release: its certificate, and what it is of",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := openFor(cmd, store)
			if err != nil {
				return err
			}
			defer s.Close()
			r, err := s.Release(args[0])
			if err != nil {
				return err
			}
			l, kept, err := lineOfRelease(s, r)
			if err != nil {
				return err
			}
			c := kept.Certificate
			return a.print(map[string]any{"release": l, "certificate": c, "bundle": kept.Bundle, "results": kept.Results, "extract": kept.Extract}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "release      %s\nmade         %s\nstate        %s\nbundle       %s\nresults      %s\nextract      %s\npolicy       %s: 1 to %d are not shown\nattacked     %d measures, cohorts and tables, with %d earlier releases\ncounts       %d, of them %d hidden, %d recoverable, %d shown by earlier releases\n",
					r.ID, r.Time.Format(time.RFC3339), l.state(), kept.Bundle, kept.Results, kept.Extract, c.Policy, c.Small, c.Systems, c.Earlier, c.Cells, c.Hidden, c.Recoverable, c.Before)
				if reason := r.Withdrawn + r.Accepted; err == nil && reason != "" {
					_, err = fmt.Fprintf(w, "reason       %s\n", reason)
				}
				return err
			})
		},
	}
	cmd.Flags().StringVar(&store, "store", "", "folder of the store")
	return cmd
}

func (a *app) releaseAttack() *cobra.Command {
	var store string
	cmd := &cobra.Command{
		Use:   "attack --store DIR [RELEASE...]",
		Short: "attack releases of one extract with all that they show together",
		Long: `Takes all numbers that the releases show, and what holds between them, and looks for every hidden number whether
it can be worked out: whether the least and the greatest value that agree with everything are equal, both small, or
closer together than the policy wants. Without a release: those of the newest one's extract that count. Exit code 5
where any can be worked out.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := openFor(cmd, store)
			if err != nil {
				return err
			}
			defer s.Close()
			ids, err := releasesToAttack(s, args)
			if err != nil {
				return err
			}
			found, err := reports.AttackReleases(cmd.Context(), s, ids...)
			var open *reports.AttackError
			if err != nil && !errors.As(err, &open) {
				return err
			}
			told := a.print(found, func(w io.Writer) error {
				for _, f := range found {
					room := ""
					if f.Hidden > 0 {
						room = fmt.Sprintf(", each with room for %d or more", f.Narrowest)
					}
					if len(f.Recoverable) > 0 {
						room = fmt.Sprintf(", %d can be worked out: %s", len(f.Recoverable), strings.Join(f.Recoverable, "; "))
					}
					if _, err := fmt.Fprintf(w, "%s: %d shown, %d hidden%s\n", f.Name, f.Shown, f.Hidden, room); err != nil {
						return err
					}
				}
				return nil
			})
			return errors.Join(err, told)
		},
	}
	cmd.Flags().StringVar(&store, "store", "", "folder of the store")
	return cmd
}

// releasesToAttack are those named, or those of the newest one's extract that count.
func releasesToAttack(s *datasets.Store, names []string) ([]string, error) {
	var ids []string
	for _, name := range names {
		r, err := s.Release(name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, r.ID)
	}
	if len(ids) > 0 {
		return ids, nil
	}
	all, err := s.Releases()
	if err != nil {
		return nil, err
	}
	extract := any(nil)
	for i := len(all) - 1; i >= 0; i-- {
		if !all[i].Counts() {
			continue
		}
		if extract == nil {
			extract = all[i].Facts["extract"]
		}
		if all[i].Facts["extract"] == extract {
			ids = append(ids, all[i].ID)
		}
	}
	if len(ids) == 0 {
		return nil, errors.New("the store has no release that counts: a report for an external audience makes one")
	}
	return ids, nil
}

func (a *app) releaseMark(verb, short, long string, mark func(*datasets.Store, context.Context, datasets.Release, string, string) error) *cobra.Command {
	var store, reason string
	cmd := &cobra.Command{
		Use:   verb + " --store DIR RELEASE --reason TEXT",
		Short: short,
		Long:  long,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := require(cmd, "store", "reason"); err != nil {
				return err
			}
			s, err := openFor(cmd, store)
			if err != nil {
				return err
			}
			defer s.Close()
			r, err := s.Release(args[0])
			if err != nil {
				return err
			}
			if !r.Counts() {
				return fmt.Errorf("release %.12s does not count any more: %s", r.ID, r.Withdrawn+r.Accepted)
			}
			who, err := user.Current()
			if err != nil {
				return err
			}
			if err := mark(s, cmd.Context(), r, who.Username, reason); err != nil {
				return err
			}
			return a.print(r, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "release %.12s counts no more\n", r.ID)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&store, "store", "", "folder of the store")
	cmd.Flags().StringVar(&reason, "reason", "", "why; it goes into the store's log")
	return cmd
}

// openFor opens the store that a verb must be given.
func openFor(cmd *cobra.Command, store string) (*datasets.Store, error) {
	if err := require(cmd, "store"); err != nil {
		return nil, err
	}
	return datasets.OpenStore(cmd.Context(), store)
}
