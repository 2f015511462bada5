package main

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"farr/datasets"
	"farr/datasets/bulk"
	"farr/jobs"
)

const sourcesHelp = `

--sources FILE reads several exports into one snapshot: YAML with the list source of a job file, each with a name, a dir or
bulk, the zone of its clock, and sites, concept_maps, map_by and opt_out of its own. Counts and rejects are by source.
--link (in the file: linkage: tokens) finds by keyed tokens of names, birth date, sex and place who is the same person in several
sources, and counts each person once. Tokens are in memory alone.`

// sourceFlags say which several sources go into the snapshot.
type sourceFlags struct {
	file string
	link bool
}

func (s *sourceFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.file, "sources", "", "YAML file of several sources, in place of --source and of what is said of one")
	cmd.Flags().BoolVar(&s.link, "link", false, "with --sources: find the same person in several sources, and count each once")
}

// ofOne are the flags that say something of a single source.
var ofOne = append([]string{"source", "source-name", "bulk", "zone", "opt-out", "sites", "concept-map", "map-by"}, bulkOnly...)

// read fills the request with the sources of the file. What it gives closes their clients.
func (s *sourceFlags) read(cmd *cobra.Command, waits func(string, time.Time), req *datasets.ExtractRequest) (closeAll func(), err error) {
	closeAll = func() {}
	if s.file == "" {
		if s.link {
			return nil, usageError{errors.New("--link finds who is in several sources: it is for --sources")}
		}
		return closeAll, nil
	}
	var mistakes []error
	for _, name := range ofOne {
		if cmd.Flags().Changed(name) {
			mistakes = append(mistakes, errors.New("--"+name+" is of one source, and --sources has several: say it in the file"))
		}
	}
	if len(mistakes) > 0 {
		return nil, usageError{errors.Join(mistakes...)}
	}
	file, err := jobs.LoadSources(s.file)
	if err != nil {
		return nil, err
	}
	if req.Link = s.link || file.Linked(); req.Link && len(file.Source) < 2 {
		return nil, usageError{errors.New("--link finds who is in several sources, and the file has one")}
	}
	if !cmd.Flags().Changed("observable") {
		req.Observable = file.Source[0].Observable
	}
	req.Sources, closeAll, err = file.Source.Exports(bulk.Config{Waits: waits, Clock: bulk.Clock{Now: time.Now}}, datasets.ReadClientKey)
	return closeAll, err
}

// writeSource says what became of one of several sources.
func writeSource(p *printer, s datasets.SourceReport) {
	p.line("source %s (%s): %d lines read = %d stored + %d superseded + %d of types not in the policy + %d dropped by policy + %d rejected",
		s.Name, s.Zone, s.Read, s.Stored, s.Superseded, s.NotInPolicy, s.DroppedByPolicy, s.Rejected)
	if s.OptedOut+s.OptOutListed > 0 {
		p.line("  + %d of persons who opted out or were removed; of %d ids on the list, %d are in no line", s.OptedOut, s.OptOutListed, s.OptOutUnmatched)
	}
	if s.Merged > 0 {
		p.line("  + %d Patients whose row is that of the same person in another source", s.Merged)
	}
	if s.Deleted > 0 {
		p.line("  + %d of resources that the source deletes", s.Deleted)
	}
	writeAbsent(p, "  ", s.Absent)
	writeBulk(p, "  ", s.Bulk)
}

// writeAbsent says of which types that a source was said to have, or was asked for, nothing is stored.
func writeAbsent(p *printer, indent string, types []string) {
	if len(types) > 0 {
		p.line("%sexpected or asked for, and none is stored: %s", indent, strings.Join(types, ", "))
	}
}

// writeLinkage says who was found in several sources.
func writeLinkage(p *printer, l *datasets.Linkage) {
	if l == nil {
		return
	}
	p.line("linkage: %d Patients are %d persons; %d pairs of two sources are linked", l.Patients, l.Persons, l.Linked)
	for _, part := range []struct {
		what   string
		counts map[string]int64
	}{{"by rule", l.ByRule}, {"by sources", l.BySources}, {"persons with so many Patients", l.BySize}, {"not linked", l.NotLinked}} {
		for _, name := range slices.Sorted(maps.Keys(part.counts)) {
			p.line("  %s, %s: %d", part.what, name, part.counts[name])
		}
	}
	if l.Unusable > 0 {
		p.line("  %d Patients say too little of who they are", l.Unusable)
	}
	if l.OptedOut > 0 {
		p.line("  %d Patients are left out, because the person opted out or was removed in another source", l.OptedOut)
	}
}

// writeBulk says what a server exported.
func writeBulk(p *printer, indent string, b *datasets.BulkReport) {
	if b == nil {
		return
	}
	more := ""
	if b.Since != nil {
		more = " of what changed since " + b.Since.UTC().Format(time.RFC3339)
	}
	if b.Resumed {
		more += ", begun by an earlier run"
	}
	p.line(indent+"export of the server as of %s: %d files%s", b.TransactionTime.UTC().Format(time.RFC3339), b.Files, more)
	for _, name := range slices.Sorted(maps.Keys(b.Issues)) {
		p.line(indent+"  the server says of its export, %s: %d", name, b.Issues[name])
	}
	if b.Unanswered {
		p.line(indent + "  an earlier run asked for an export and saw no answer: the server may still hold one that nobody knows of")
	}
}
