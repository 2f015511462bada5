package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"farr/datasets"
	"farr/internal/disk"
	"farr/internal/source"
	"farr/measures"
)

// mostShown is how many rows a table for readers may have: it is held in memory to be aligned.
const mostShown = 100_000

// sqlVerb is the command line of farr sql.
type sqlVerb struct {
	*app
	store, key, extract, results string
	folders                      []string
	periods, file, command       string
	out, format                  string
	limit, threads               int
	memory                       bytesValue
	phi, force                   bool

	s       *datasets.Store
	k       *datasets.Key
	session *measures.SQLSession
	sn      *datasets.Snapshot
	who, to string
	read    string // results snapshot
}

func (a *app) sql() *cobra.Command {
	v := &sqlVerb{app: a}
	cmd := &cobra.Command{
		Use:   "sql --store DIR --key FILE",
		Short: "ask an extract in SQL, read-only, on true dates",
		Long: `Answers statements on the views that definitions read: the tables of the extract with true dates, the
prepared views (with every code), list_NAME for each value list of the library and, with --results, the tables of
results. Statements come from --file, -c or standard input, each ended by a semicolon and run in turn; on a terminal
with neither, they are typed, \d lists the views, \d NAME the columns of one, Ctrl-C ends a statement and \q the session.

A statement is a SELECT (it may begin with FROM, WITH or VALUES), DESCRIBE, SUMMARIZE or SHOW TABLES. It reads the
views alone: no file, no setting, no clock, no chance. All mistakes of a text are told before anything runs. Nothing is
written to the store but its log, and nothing is spilled to a disk: what does not fit into --memory fails, the rows of
--format without --out among it; --out takes any number.

The rows have true dates of persons. They go to a terminal; anywhere else only with --phi, which says that you may
hold them there: --out writes the rows of one statement to a new file that only you may read. Each statement is an
entry of the store's log (farr audit show --kind disclosure): who, where to, how many rows and columns, and a hash of
the text under the key, so that the same statement has the same hash and nobody without the key can try values out.
Rows for others than those inside leave by farr export.`,
		RunE: v.run,
	}
	f := cmd.Flags()
	f.StringVar(&v.store, "store", "", "folder of the store")
	f.StringVar(&v.key, "key", "", "project key: its file, fd:3 or env:NAME; needed where dates are shifted")
	f.StringVar(&v.extract, "extract", "", "ID of the extract; when not given that of the results, or the current one")
	f.StringVar(&v.results, "results", "", "ID of the results whose tables can be read, too; or current")
	f.StringVar(&v.periods, "periods", "", "periods of the views period and seen; the last calendar year that the data know whole when not given")
	f.StringVar(&v.file, "file", "", "file with the statements")
	f.StringVarP(&v.command, "command", "c", "", "the statements")
	f.StringVar(&v.out, "out", "", "new file for the rows of one statement: NAME.csv, .parquet or .arrow (an IPC stream)")
	f.StringVar(&v.format, "format", "", "csv, parquet or arrow; the end of the file's name when not given, and a table for readers without --out")
	f.IntVar(&v.limit, "limit", 200, "rows of a statement that are shown")
	f.BoolVar(&v.phi, "phi", false, "true dates may leave the terminal")
	f.BoolVar(&v.force, "force", false, "--out may take the place of a file")
	f.Var(&v.memory, "memory", "memory for the engine's buffers, as 4GB; half of what there is when not given")
	f.IntVar(&v.threads, "threads", 0, "threads of the engine; one for each processor when not given")
	libraryFlag(cmd, &v.folders)
	return cmd
}

func (v *sqlVerb) run(cmd *cobra.Command, _ []string) error {
	if err := require(cmd, "store"); err != nil {
		return err
	}
	typed := v.file == "" && v.command == "" && v.terminal() && isTerminal(v.stdin)
	if err := v.checkFlags(cmd, typed); err != nil {
		return err
	}
	var statements []measures.SQLStatement
	if !typed {
		var err error
		if statements, err = v.statements(); err != nil {
			return err
		}
	}
	req, err := v.request(cmd)
	if v.s != nil {
		defer v.s.Close()
	}
	if err != nil {
		return err
	}
	if v.out != "" {
		if err := v.free(); err != nil {
			return err
		}
		var remove func() error
		if req.Folder, remove, err = disk.Private(filepath.Dir(v.out), ".farr-sql-"); err != nil {
			return err
		}
		defer remove()
	}
	// A log that takes nothing is told before long work.
	if err := v.s.Disclose(cmd.Context(), datasets.Disclosure{Who: v.who, What: "sql opens", To: v.to, Extract: v.sn.ID(), Results: v.read}); err != nil {
		return err
	}
	if v.session, err = measures.OpenSQL(cmd.Context(), req); err != nil {
		return err
	}
	defer v.session.Close()
	v.meter.close()
	if typed {
		return v.console(cmd.Context())
	}
	var mistakes source.Diagnostics
	for _, s := range statements {
		var found source.Diagnostics
		if _, err := v.session.Bind(cmd.Context(), s); errors.As(err, &found) {
			mistakes = append(mistakes, found...)
		} else if err != nil {
			return err
		}
	}
	if err := mistakes.Err(); err != nil {
		return err
	}
	for i, s := range statements {
		if i > 0 {
			fmt.Fprintln(v.stdout)
		}
		if err := v.answer(cmd.Context(), s, req.Folder); err != nil {
			return err
		}
	}
	return nil
}

func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// checkFlags refuses what does not go together, and settles where rows go and in which form.
func (v *sqlVerb) checkFlags(cmd *cobra.Command, typed bool) error {
	given := func(name string) bool { return cmd.Flags().Changed(name) }
	if v.format == "" && v.out != "" {
		v.format = strings.TrimPrefix(filepath.Ext(v.out), ".")
	}
	const held = "the rows of a session are records with true dates: they go to a terminal, and %s only with --phi; what is for others leaves by farr export"
	switch {
	case v.json:
		return usageError{errors.New("rows are a table, csv, parquet or arrow: use --format in place of --json")}
	case v.limit < 1 || v.limit > mostShown:
		return usageError{fmt.Errorf("--limit is 1 to %d rows; more go by --out or --format", mostShown)}
	case given("file") && given("command"):
		return usageError{errors.New("the statements are in --file or in -c, not in both")}
	case typed && (v.out != "" || v.format != ""):
		return usageError{errors.New("--out and --format take the rows of a statement in --file or -c")}
	case v.out == "" && given("force"):
		return usageError{errors.New("--force is for --out")}
	case v.format != "" && !slices.Contains(measures.SQLFormats, v.format):
		return usageError{fmt.Errorf("unknown format %q: there are %s; name it by --format, or by the end of the file's name", v.format, join(measures.SQLFormats))}
	case v.out == "" && v.format == measures.FormatParquet, v.out == "" && v.format == measures.FormatArrow && v.terminal():
		return usageError{fmt.Errorf("%s goes to a file: name it by --out", v.format)}
	case v.out != "" && !v.phi:
		return heldBack{fmt.Errorf(held, "to a file")}
	case v.out == "" && !v.terminal() && !v.phi:
		return heldBack{fmt.Errorf(held, "elsewhere")}
	}
	switch {
	case v.out != "":
		v.to = "file"
	case v.terminal():
		v.to = "terminal"
	default:
		v.to = "output"
	}
	return nil
}

// statements reads what is asked. Rows in a form for programs are those of one statement.
func (v *sqlVerb) statements() ([]measures.SQLStatement, error) {
	name, text := "-c", v.command
	if text == "" {
		var data []byte
		var err error
		if name = v.file; name != "" {
			data, err = os.ReadFile(name)
		} else {
			name = "standard input"
			data, err = io.ReadAll(v.stdin)
		}
		if err != nil {
			return nil, err
		}
		text = string(data)
	}
	all, rest := measures.SplitSQL(name, strings.TrimPrefix(text, "\uFEFF"))
	if !rest.Blank() {
		all = append(all, rest)
	}
	switch {
	case len(all) == 0:
		return nil, usageError{fmt.Errorf("%s has no statement", name)}
	case v.format != "" && len(all) > 1:
		return nil, usageError{fmt.Errorf("%s takes the rows of one statement, and %s has %d", v.format, name, len(all))}
	}
	return all, nil
}

// request opens what the session reads.
func (v *sqlVerb) request(cmd *cobra.Command) (r measures.SQLRequest, err error) {
	if v.periods != "" {
		if r.Periods, err = measures.ParsePeriods(v.periods); err != nil {
			return r, usageError{err}
		}
	}
	if r.Library, err = measures.LoadLibrary(v.folders...); err != nil {
		return r, err
	}
	who, err := user.Current()
	if err != nil {
		return r, err
	}
	v.who = who.Username
	if v.s, v.k, err = signedStore(cmd.Context(), v.store, v.key); err != nil {
		return r, err
	}
	if v.results != "" {
		id := v.results
		if id == "current" {
			id = ""
		}
		if r.Results, err = openResults(cmd, v.s, id); err != nil {
			return r, err
		}
		v.read = r.Results.Lineage().Results
		if v.extract == "" {
			v.extract = r.Results.Lineage().Extract
		}
	}
	if v.sn, err = snapshot(v.s, "extract", v.extract); err != nil {
		return r, err
	}
	if r.Package, err = packageSnapshot(v.s, ""); err != nil {
		return r, err
	}
	r.Extract, r.Key, r.MemoryLimit, r.Threads, r.Progress = v.sn, v.k, int64(v.memory), v.threads, v.progress()
	return r, nil
}

// answer runs one statement and gives its rows.
func (v *sqlVerb) answer(ctx context.Context, s measures.SQLStatement, folder string) error {
	selection, err := v.session.Bind(ctx, s)
	if err != nil {
		return err
	}
	said := datasets.Disclosure{Who: v.who, What: "sql", To: v.to, Extract: v.sn.ID(), Results: v.read, Columns: len(selection.Columns()), Rows: -1}
	if v.k != nil {
		said.Statement = v.k.StatementHash(strings.TrimSpace(s.Text))
	}
	switch {
	case v.out != "":
		path := filepath.Join(folder, "rows")
		if said.Rows, err = selection.WriteFile(ctx, path, v.format); err != nil {
			return err
		}
		if err := v.s.Disclose(ctx, said); err != nil {
			return err
		}
		if err := v.publish(path); err != nil {
			return err
		}
		fmt.Fprintf(v.stderr, "%d rows in %s\n", said.Rows, v.out)
		return nil
	case v.format != "":
		// How many there are is known when they have gone; that they go is written down before.
		if err := v.s.Disclose(ctx, said); err != nil {
			return err
		}
		var failed error
		said.Rows, failed = selection.Write(ctx, v.stdout, v.format)
		return errors.Join(failed, v.s.Disclose(context.WithoutCancel(ctx), said))
	}
	rows, more, err := selection.Rows(ctx, v.limit)
	if err != nil {
		return err
	}
	said.Rows = int64(len(rows))
	if err := v.s.Disclose(ctx, said); err != nil {
		return err
	}
	return writeRows(v.stdout, selection.Columns(), rows, more)
}

// free refuses a place for rows that is not to be written.
func (v *sqlVerb) free() error { return freeFile(v.s, v.out, "a file of rows", v.force) }

// publish puts the file in its place, which nothing has come to meanwhile unless --force is said.
func (v *sqlVerb) publish(path string) error {
	if v.force {
		return os.Rename(path, v.out)
	}
	return os.Link(path, v.out) // the folder of path goes away
}
