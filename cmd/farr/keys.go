package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"farr/datasets"
)

const keysHelp = `A project has one key at a time. Its pseudonyms, date shifts and seals come from it, each purpose
from a sub-key of its own, and so does the signature on the store's log.

Where a key comes from. --key takes a file that its owner alone can read, fd:3 (an open descriptor,
such as a pipe from a secret store) or env:NAME (a variable, which is erased from the process once it
is read, so that no child, dump or /proc shows it). A key is never an argument itself: that would
stand in the shell's history and in the list of processes. Keys that are short, constant, repeated,
counted, typed as text, or printed in farr's own sources are refused.

Backing up. Keep one copy of the key file apart from the store and from the store's backups, such as
in a safe or in the organisation's secret store: who has both has true dates. The copy is the file,
byte for byte; 'farr keys id --key COPY' names it, and must say the ID that 'farr keys list' shows.

A lost key cannot be made again. The store still verifies, results that were made stay, and profile
'limited' can still be measured; what is shifted can be measured no more. Begin another store from the
exports, with a new key: persons have other pseudonyms there.

Rotation. 'rotate' begins a new epoch in a store: later extracts are made with the new key, and those
of the old one stay readable with the old key. The two share no pseudonym, so trends by person end
there; run the next extract from the whole export. The old key vouches in the log for the new one.
Rotate when somebody left who had the key, or when a file or backup with it went astray; this does
not take back what was read with it.

Destruction. 'destroy' ends an epoch for good: it is written into the store and its log, and no
extract of the epoch is opened or added to again, by this key or a copy. A key file is then overwritten
and removed. Copies, backups and what the disk keeps of the file are yours to destroy. Results stay.

The officer. 'officer' makes a key of another kind, for whoever permits crosswalks; it is no key of the
project, and belongs with another person. 'permit' signs with it what 'farr crosswalk' asks for.`

func (a *app) keys() *cobra.Command {
	group := &cobra.Command{Use: "keys", Short: "make, name, rotate and destroy the key of a project", Long: keysHelp}
	group.AddCommand(a.keysNew(), a.keysID(), a.keysList(), a.keysRotate(), a.keysDestroy(), a.keysOfficer(), a.keysPermit(), a.keysJWKS())
	return group
}

func (a *app) keysNew() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "new --out FILE",
		Short: "make the project key",
		Long: `Makes a new random project key in FILE, readable by its owner only. An existing
file is never overwritten: whoever loses a key loses the exact measures of every store made
with it, so keep a copy apart from the store.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "out"); err != nil {
				return err
			}
			key, err := datasets.CreateKey(out)
			if err != nil {
				return err
			}
			return a.print(map[string]string{"key_id": key.ID(), "file": out}, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "key %s in %s\n", key.ID(), out)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write")
	return cmd
}

func (a *app) keysID() *cobra.Command {
	var source string
	cmd := &cobra.Command{
		Use:   "id --key FILE",
		Short: "name a key: its ID, which is not secret",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd, "key"); err != nil {
				return err
			}
			key, err := datasets.ReadKey(source)
			if err != nil {
				return err
			}
			return a.print(map[string]string{"key_id": key.ID()}, func(w io.Writer) error {
				_, err := fmt.Fprintln(w, key.ID())
				return err
			})
		},
	}
	keyFlag(cmd, &source, "key", "project key")
	return cmd
}

// keyFlag adds a flag that says where a key comes from.
func keyFlag(cmd *cobra.Command, source *string, name, what string) {
	cmd.Flags().StringVar(source, name, "", what+": its file, fd:3 or env:NAME")
}
