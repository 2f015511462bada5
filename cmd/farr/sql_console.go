package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"

	"farr/datasets"
	"farr/internal/source"
	"farr/measures"
)

const consoleHelp = `a statement ends with a semicolon: SELECT, FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW TABLES
\d         the views        \d NAME    the columns of one
\q         the end          Ctrl-C     ends a statement, or what was typed
`

// console reads statements as they are typed. The session lives through an interrupt, which ends
// what is under way; SIGTERM ends it. Lines are kept in memory alone, since they may hold values.
func (v *sqlVerb) console(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx) // main cancels it at the first Ctrl-C
	interrupt, end := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	signal.Notify(end, syscall.SIGTERM)
	defer signal.Stop(interrupt)
	defer signal.Stop(end)
	in := newLines(v.stdin.(*os.File), v.stdout)
	fmt.Fprintf(v.stdout, "extract %.12s, read-only, true dates; \\? for help, \\q for the end\n", v.sn.ID())
	typed := ""
	for {
		line, err := in.read(typed != "", end)
		switch {
		case errors.Is(err, errCleared):
			typed = ""
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if word := strings.Fields(line); typed == "" && len(word) > 0 && strings.HasPrefix(word[0], `\`) {
			if word[0] == `\q` {
				return nil
			}
			v.describe(word)
			continue
		}
		typed += line + "\n"
		all, rest := measures.SplitSQL("", typed)
		if typed = ""; !rest.Blank() {
			typed = rest.Text
		}
		for _, s := range all {
			if err := v.typed(ctx, s, interrupt, end); err != nil {
				if errors.Is(err, errEnded) {
					return err
				}
				if datasets.CodeOf(err) != "" { // the store has no more to say
					return err
				}
				fmt.Fprintf(v.stderr, "farr: %v\n", err)
			}
		}
	}
}

var (
	errCleared = errors.New("what was typed was taken back")
	errEnded   = fmt.Errorf("asked to stop: %w", context.Canceled)
)

// typed answers one statement, which an interrupt ends.
func (v *sqlVerb) typed(ctx context.Context, s measures.SQLStatement, interrupt, end <-chan os.Signal) error {
	s.Start = source.Pos{File: "statement", Line: 1, Column: 1}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	select { // one that came before the statement
	case <-interrupt:
	default:
	}
	done := make(chan error, 1)
	go func() { done <- v.answer(ctx, s, "") }()
	select {
	case err := <-done:
		return err
	case <-interrupt:
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		return errors.New("the statement was ended")
	case <-end:
		cancel()
		<-done
		return errEnded
	}
}

// describe answers what begins with a backslash.
func (v *sqlVerb) describe(word []string) {
	p := printer{w: v.stdout}
	switch {
	case word[0] == `\d` && len(word) == 1:
		for _, view := range v.session.Views() {
			p.line("%-40s %s", view.Name, view.Kind)
		}
	case word[0] == `\d` && len(word) == 2:
		var known []string
		for _, view := range v.session.Views() {
			if strings.EqualFold(view.Name, word[1]) {
				for _, c := range view.Columns {
					p.line("%-40s %s", c.Name, strings.ToLower(c.Type))
				}
				return
			}
			known = append(known, view.Name)
		}
		p.line("there is no view %q %s", word[1], source.DidYouMean(word[1], known))
	default:
		p.line("%s", strings.TrimSpace(consoleHelp))
	}
}

// lines reads lines from a terminal with editing and the history of the session.
type lines struct {
	in      *os.File
	screen  *term.Terminal
	cleared bool
}

func newLines(in *os.File, out io.Writer) *lines {
	l := &lines{in: in}
	l.screen = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{l, out}, "")
	return l
}

// The bytes of control keys: end of text (Ctrl-C), and what the line editor takes for "delete the
// line" (Ctrl-U) and "done".
const (
	keyInterrupt = 3
	keyDelete    = 21
	keyEnter     = '\r'
)

// Read gives the editor what is typed. Ctrl-C, which it takes for the end of input, empties the line.
func (l *lines) Read(p []byte) (int, error) {
	if len(p) < 2 {
		return l.in.Read(p)
	}
	n, err := l.in.Read(p[:len(p)/2])
	out := make([]byte, 0, 2*n)
	for _, b := range p[:n] {
		if b == keyInterrupt {
			l.cleared = true
			out = append(out, keyDelete, keyEnter)
			continue
		}
		out = append(out, b)
	}
	return copy(p, out), err
}

// read gives the next line; io.EOF after Ctrl-D, errCleared after Ctrl-C.
func (l *lines) read(goesOn bool, end <-chan os.Signal) (string, error) {
	fd := int(l.in.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	defer term.Restore(fd, before)
	if width, height, err := term.GetSize(fd); err == nil && width > 0 {
		_ = l.screen.SetSize(width, height) // an editor that wraps at another column still edits
	}
	l.screen.SetPrompt("farr> ")
	if goesOn {
		l.screen.SetPrompt("  ... ")
	}
	type answer struct {
		line string
		err  error
	}
	got := make(chan answer, 1)
	l.cleared = false
	go func() {
		line, err := l.screen.ReadLine()
		got <- answer{line, err}
	}()
	select {
	case a := <-got:
		if l.cleared {
			return "", errCleared
		}
		return a.line, a.err
	case <-end:
		return "", errEnded
	}
}
