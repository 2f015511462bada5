package content

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Package is measures with the logic and the terminology they need, in the order
// of their URLs and names.
type Package struct {
	Measures  []Measure
	Libraries []Library
	ValueSets []ValueSet
}

// Measure is a published Measure.
type Measure struct {
	URL, Version, Name, Title string
	Description, Publisher    string
	Library                   string // canonical of its primary library
	Groups                    []Group
	Supplemental              []Supplemental
	JSON                      []byte // the resource as published
}

// Group is a rate of a measure, with what it inherits from the measure filled in.
type Group struct {
	ID          string
	Scoring     string // proportion, ratio, continuous-variable, cohort
	Basis       string // boolean, or the type whose resources are counted
	Improvement string // increase, decrease, Contradictory, or nothing said
	Populations []Population
	Stratifiers []Stratifier
}

// Population is one population of a group.
type Population struct {
	ID        string
	Code      string // initial-population, denominator, measure-observation, ...
	Define    string // expression of the primary library; a function where Code is measure-observation
	Observes  string // ID of the population that an observation is made of
	Aggregate string // sum, average, median, count, ... of the observations
}

// Stratifier divides a group by the value of a define.
type Stratifier struct {
	ID, Define  string
	Description string
	Components  int // a stratifier of several components crosses them
}

// Supplemental is a define that is reported beside the populations.
type Supplemental struct{ ID, Define string }

// Library is a library of logic by its ELM identifier.
type Library struct {
	Name, Version string
	URL           string // of the Library resource

	elm  []byte                 // JSON; nil where it was not read yet
	read func() ([]byte, error) // of a package in a store
	head *head                  // of elm, once it was read
}

// ELM is the library's logic as JSON. Of a package in a store it is read when it is asked for, and kept: a measure needs few libraries.
func (l *Library) ELM() ([]byte, error) {
	if l.elm == nil && l.read != nil {
		text, err := l.read()
		if err != nil {
			return nil, fmt.Errorf("library %s: %w", l.Name, err)
		}
		l.elm = text
	}
	return l.elm, nil
}

// readHead reads the head of the library's ELM, once.
func (l *Library) readHead() (head, error) {
	if l.head == nil {
		text, err := l.ELM()
		if err != nil {
			return head{}, err
		}
		h, err := readHead(text)
		if err != nil {
			return h, err
		}
		l.head = &h
	}
	return *l.head, nil
}

// Code is a code of a system.
type Code struct{ System, Code string }

// ValueSet is a value set with the codes that it stands for.
type ValueSet struct {
	URL, Version, Name string
	Codes              []Code // sorted, each once
	Problem            string // why Codes may lack some; "" when they are whole
}

// MeasuresNamed are the measures of a URL, with or without a version, or else those with
// the name, or whose URL ends with it. More than one means that the name does not tell.
func (p *Package) MeasuresNamed(name string) (list []*Measure) {
	url, version, versioned := strings.Cut(name, "|")
	for _, same := range []func(m Measure) bool{
		func(m Measure) bool { return m.URL == url && (!versioned || m.Version == version) },
		func(m Measure) bool { return path.Base(m.URL) == name || m.Name == name },
	} {
		for i := range p.Measures {
			if same(p.Measures[i]) {
				list = append(list, &p.Measures[i])
			}
		}
		if list != nil {
			return list
		}
	}
	return nil
}

// MeasureNamed is the first of MeasuresNamed, whatever version is asked for; nil when
// there is none.
func (p *Package) MeasureNamed(name string) *Measure {
	url, _, _ := strings.Cut(name, "|")
	if list := p.MeasuresNamed(url); list != nil {
		return list[0]
	}
	return nil
}

// MeasureOf finds the measure that a case tests: by the URL in its report, or else,
// since editors rename measures and leave the reports, by the folder of the cases.
func (p *Package) MeasureOf(c Case) *Measure {
	if m := p.MeasureNamed(c.Measure); m != nil {
		return m
	}
	return p.MeasureNamed(c.Folder)
}

// LibraryOf is the primary library of a measure.
func (p *Package) LibraryOf(m *Measure) *Library {
	url, version, _ := strings.Cut(m.Library, "|")
	i := slices.IndexFunc(p.Libraries, func(l Library) bool { return l.URL == url && (version == "" || l.Version == version) })
	if i < 0 {
		i = slices.IndexFunc(p.Libraries, func(l Library) bool { return l.URL == url })
	}
	if i < 0 {
		return nil
	}
	return &p.Libraries[i]
}

// ValueSet finds a value set by the URL that ELM names, with or without version.
func (p *Package) ValueSet(url string) *ValueSet {
	url, version, _ := strings.Cut(url, "|")
	i, found := slices.BinarySearchFunc(p.ValueSets, url, func(v ValueSet, url string) int { return strings.Compare(v.URL, url) })
	if !found {
		return nil
	}
	// Without a version, or with one that is not there, it is the newest, which sorts last.
	for at := i; at < len(p.ValueSets) && p.ValueSets[at].URL == url; at++ {
		if i = at; version != "" && p.ValueSets[at].Version == version {
			break
		}
	}
	return &p.ValueSets[i]
}
