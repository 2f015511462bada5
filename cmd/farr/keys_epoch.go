package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"farr/datasets"
)

// epochLine is one epoch as it is listed.
type epochLine struct {
	Epoch    int    `json:"epoch"` // from 1
	Key      string `json:"key_id"`
	State    string `json:"state"`
	Extracts int    `json:"extracts"`
}

func (a *app) keysList() *cobra.Command {
	var store string
	cmd := &cobra.Command{
		Use:   "list --store DIR",
		Short: "the keys that a store was made with, by ID",
		Long: `Lists the epochs of a store: the ID of each key in the order in which they were in force, its state
and how many extracts are there. The open one takes extracts; a closed one can be read with its key; a
destroyed one is opened for nobody.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store"); err != nil {
				return err
			}
			s, err := datasets.OpenStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			lines, err := epochLines(cmd.Context(), s)
			if err != nil {
				return err
			}
			return a.print(map[string]any{"epochs": lines}, func(w io.Writer) error {
				p := printer{w: w}
				for _, l := range lines {
					p.line("epoch %d  key %s  %-9s  extracts %d", l.Epoch, l.Key, l.State, l.Extracts)
				}
				if len(lines) == 0 {
					p.line("no extract yet")
				}
				return p.err
			})
		},
	}
	cmd.Flags().StringVar(&store, "store", "", "folder of the store")
	return cmd
}

func epochLines(ctx context.Context, s *datasets.Store) ([]epochLine, error) {
	epochs, err := s.Epochs(ctx)
	if err != nil {
		return nil, err
	}
	ids, err := s.Snapshots()
	if err != nil {
		return nil, err
	}
	extracts := map[any]int{}
	for _, id := range ids {
		sn, err := s.Open(id)
		if err != nil {
			return nil, err
		}
		if m := sn.Manifest(); m.Kind == "extract" {
			extracts[m.Recipe[datasets.RecipeKey]]++
		}
	}
	lines := []epochLine{}
	for i, e := range epochs {
		lines = append(lines, epochLine{i + 1, e.Key, string(e.State), extracts[e.Key]})
	}
	return lines, nil
}

func (a *app) keysRotate() *cobra.Command {
	var store, old, next, removed string
	cmd := &cobra.Command{
		Use:   "rotate --store DIR --key OLD --new NEW",
		Short: "begin a new epoch of a store with another key",
		Long: `Extracts are made with the key NEW from here on; what was extracted stays readable with OLD until
that is destroyed. The two epochs share no pseudonym: run an extract of the whole export next. OLD may
be left out where the key in force was destroyed. A key that was rotated out does not come back.
Where persons were removed from the store (farr remove), --removed names them all again: the store
knows them by marks that only OLD can make. Where OLD was destroyed nobody can hold the list against the
marks but by number, so see that it is whole.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store", "new"); err != nil {
				return err
			}
			s, err := datasets.OpenStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			from, err := optionalKey(old)
			if err != nil {
				return err
			}
			to, err := datasets.ReadKey(next)
			if err != nil {
				return err
			}
			var ids []string
			if removed != "" {
				if ids, err = datasets.ReadPatientIDs(removed); err != nil {
					return err
				}
			}
			s.KeepWitness(next)
			if err := s.Rotate(cmd.Context(), from, to, ids...); err != nil {
				return err
			}
			lines, err := epochLines(cmd.Context(), s)
			if err != nil {
				return err
			}
			return a.print(lines[len(lines)-1], func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "epoch %d begins with key %s; now extract the whole export with it\n", len(lines), to.ID())
				return err
			})
		},
	}
	cmd.Flags().StringVar(&store, "store", "", "folder of the store")
	keyFlag(cmd, &old, "key", "key in force")
	keyFlag(cmd, &next, "new", "key that follows (farr keys new)")
	cmd.Flags().StringVar(&removed, "removed", "", "file with the ids of all who were removed from the store, so that they stay away")
	return cmd
}

func (a *app) keysDestroy() *cobra.Command {
	var store, source, id, confirm string
	cmd := &cobra.Command{
		Use:   "destroy --store DIR (--key FILE | --id ID) --confirm ID",
		Short: "end an epoch for good, and erase its key",
		Long: `Writes into the store and its log that the key was destroyed: no extract of its epoch is opened or
added to again. Then the key file is overwritten and removed. --id is for a key that is not a file
here: erase it where it is. It cannot be undone, so --confirm repeats the key's ID; without it
the command only says what would be lost. Results that were made stay.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "store"); err != nil {
				return err
			}
			if (source == "") == (id == "") {
				return usageError{errors.New("needs one of --key and --id")}
			}
			s, err := datasets.OpenStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			if source != "" {
				key, err := datasets.ReadKey(source)
				if err != nil {
					return err
				}
				if err := s.SignLog(key); err != nil {
					return err
				}
				id = key.ID()
			}
			lines, err := epochLines(cmd.Context(), s)
			if err != nil {
				return err
			}
			if confirm != id {
				for _, l := range lines {
					if l.Key == id {
						return usageError{fmt.Errorf("this ends epoch %d (%s) with its %d extracts, which nobody can measure again; to do it, add --confirm %s", l.Epoch, l.State, l.Extracts, id)}
					}
				}
			}
			if err := s.DestroyKey(cmd.Context(), id); err != nil {
				return err
			}
			erased := source != "" && datasets.IsKeyFile(source)
			if erased {
				if err := datasets.EraseKey(source); err != nil {
					return fmt.Errorf("the store has written the destruction down, and the file is still there: %w", err)
				}
			}
			return a.print(map[string]any{"key_id": id, "file_erased": erased}, func(w io.Writer) error {
				what := "erase the key itself where it is, and every copy"
				if erased {
					what = "its file is erased; destroy every copy, too"
				}
				_, err := fmt.Fprintf(w, "key %s is destroyed for this store; %s\n", id, what)
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&store, "store", "", "folder of the store")
	keyFlag(cmd, &source, "key", "key to destroy")
	f.StringVar(&id, "id", "", "ID of the key to destroy, where it is not a file here")
	f.StringVar(&confirm, "confirm", "", "the key's ID once more")
	return cmd
}
