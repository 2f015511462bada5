package random

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// grammar is what programs are made of; testdata/cql-random/grammar.txt says how it is written.
type grammar struct {
	lines   []line
	classes map[string][]string
	words   map[string][]string
	roots   []root
}

// line is CQL of a type.
type line struct {
	typ    string
	weight int
	parts  []part
	leaf   bool // no expression in it
}

// part is text, or a place for something.
type part struct{ text, verb, of string }

type root struct {
	weight int
	typ    string
}

var (
	grammarLine  = regexp.MustCompile(`^(\S+) (\d+): (.*)$`)
	rootLine     = regexp.MustCompile(`^root (\d+) (\S+)$`)
	placePattern = regexp.MustCompile(`\{\{|\}\}|\{[^{}]+\}`)
)

func readGrammar(file string) (*grammar, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	g := &grammar{classes: map[string][]string{}, words: map[string][]string{}}
	for i, l := range strings.Split(string(text), "\n") {
		fields := strings.Fields(l)
		switch {
		case len(fields) == 0 || fields[0] == "#" || strings.HasPrefix(l, "#"):
		case fields[0] == "class":
			g.classes[fields[1]] = fields[2:]
		case fields[0] == "word":
			g.words[fields[1]] = fields[2:]
		case rootLine.MatchString(l):
			m := rootLine.FindStringSubmatch(l)
			n, _ := strconv.Atoi(m[1])
			g.roots = append(g.roots, root{n, m[2]})
		case grammarLine.MatchString(l):
			m := grammarLine.FindStringSubmatch(l)
			n, _ := strconv.Atoi(m[2])
			g.lines = append(g.lines, line{typ: m[1], weight: n, parts: partsOf(m[3])})
		default:
			return nil, fmt.Errorf("%s:%d: not a line of the grammar", file, i+1)
		}
	}
	for i := range g.lines {
		g.lines[i].leaf = !slices.ContainsFunc(g.lines[i].parts, func(p part) bool { return p.verb != "" && p.verb != "alias" && g.words[p.of] == nil })
	}
	return g, nil
}

func partsOf(text string) (list []part) {
	for text != "" {
		at := placePattern.FindStringIndex(text)
		if at == nil {
			return append(list, part{text: text})
		}
		if at[0] > 0 {
			list = append(list, part{text: text[:at[0]]})
		}
		place := text[at[0]:at[1]]
		text = text[at[1]:]
		if place == "{{" || place == "}}" {
			list = append(list, part{text: place[:1]})
			continue
		}
		verb, of, two := strings.Cut(strings.Trim(place, "{}"), " ")
		if !two {
			verb, of = "expression", verb
		}
		list = append(list, part{verb: verb, of: of})
	}
	return list
}

// match binds the name in a line's type to a type that is wanted: T, or a class that has it.
// The second result is whether the line can give the type.
func (g *grammar) match(typ, wanted string) (map[string]string, bool) {
	if typ == wanted {
		return map[string]string{}, true
	}
	inner := typ
	for _, of := range []string{"List<", "Seq<"} {
		within, is := strings.CutPrefix(typ, of)
		rest, wants := strings.CutPrefix(wanted, of)
		if is != wants {
			return nil, false
		}
		if is {
			inner, wanted = strings.TrimSuffix(within, ">"), strings.TrimSuffix(rest, ">")
		}
	}
	if inner == "T" && !slices.Contains(g.classes["Data"], wanted) || slices.Contains(g.classes[inner], wanted) {
		return map[string]string{inner: wanted}, true
	}
	return nil, false
}
