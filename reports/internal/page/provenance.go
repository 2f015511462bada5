package page

import (
	"encoding/json"
	"strings"

	"farr/measures"
)

// Source says where a report's numbers come from, for each figure.
type Source struct {
	Extract string // snapshot of the extract
	Engine  string // version of the measure engine
}

// provenance is what a figure's JSON says of its numbers: enough to make them again.
type provenance struct {
	Results    string           `json:"results"`
	Extract    string           `json:"extract,omitempty"`
	Definition *definitionStamp `json:"definition,omitempty"` // none where a figure is about several, or about none
	Period     string           `json:"period,omitempty"`
	Audience   string           `json:"audience"`
	Policy     string           `json:"policy"`
	Engine     string           `json:"engine,omitempty"`
	Command    string           `json:"command,omitempty"`
	AsOf       string           `json:"data_as_of"`
}

type definitionStamp struct {
	Kind       string      `json:"kind"`
	ID         string      `json:"id"`
	Hash       string      `json:"hash"`
	ValueLists []listStamp `json:"value_lists,omitempty"`
}

type listStamp struct {
	Name string `json:"name"`
	Hash string `json:"hash"`
}

// about is what the figures that are kept next are about.
type about struct {
	definition *measures.Definition
	period     string
}

// provenanceOf is that of a figure.
func (a *artist) provenanceOf(id string) provenance {
	r := a.report
	p := provenance{Results: r.Results, Extract: r.Source.Extract, Audience: string(r.Policy.Audience), Policy: r.Policy.Name, Engine: r.Source.Engine,
		Command: a.run.Command, AsOf: r.AsOf.Format("2006-01-02"), Period: a.of[id].period}
	if d := a.of[id].definition; d != nil {
		p.Definition = &definitionStamp{Kind: d.Kind, ID: d.ID, Hash: d.Hash}
		for _, lists := range [][]measures.ValueList{d.Lists, d.ValueSets} {
			for _, l := range lists {
				p.Definition.ValueLists = append(p.Definition.ValueLists, listStamp{l.Name, l.Hash})
			}
		}
	}
	return p
}

// from is a figure's line about where it comes from.
func (a *artist) from(id string) string {
	p := a.provenanceOf(id)
	words := []string{a.Say("results {results}", short(p.Results))}
	if p.Definition != nil {
		words = append(words, a.Say("definition {hash}", short(p.Definition.Hash)))
	}
	if p.Period != "" {
		words = append(words, a.Say("period {period}", p.Period))
	}
	words = append(words, a.Say("policy {policy}", p.Policy))
	if p.Engine != "" {
		words = append(words, a.Say("measure engine {engine}", p.Engine))
	}
	return a.join(words)
}

// lineagePath leads from a figure to the page about the run.
func lineagePath(f Figure) string {
	if strings.HasPrefix(f.DataPath, "../") {
		return "../run.html"
	}
	return "run.html"
}

// stamped is a figure's JSON with its provenance before its rows.
func stamped(t Table, p provenance) ([]byte, error) {
	rows, err := t.rowsJSON()
	if err != nil {
		return nil, err
	}
	out, err := json.MarshalIndent(struct {
		Caption    string            `json:"caption"`
		Provenance provenance        `json:"provenance"`
		Rows       []json.RawMessage `json:"rows"`
	}{t.Caption, p, rows}, "", " ")
	return append(out, '\n'), err
}
