package jobs

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"farr/datasets"
	"farr/datasets/bulk"
	"farr/internal/source"
)

// Source is an export that a job reads: a folder, or what a FHIR server exports.
type Source struct {
	Dir         string `yaml:"dir,required"`  // unless there is bulk
	Bulk        *Bulk  `yaml:"bulk"`          // a FHIR server, in place of the folder
	Name        string `yaml:"name,required"` // of the source in the store, part of every row's identity
	Zone        string `yaml:"zone"`          // IANA name; local wall time is in it
	Sites       string `yaml:"sites"`         // path of the CSV file of site labels
	OptOut      string `yaml:"opt_out"`       // path of the file of patients to leave out
	Expect      Words  `yaml:"expect"`        // types of FHIR that it is said to have; without it, all
	Observable  string `yaml:"observable"`    // rule of observable time, of all sources
	ConceptMaps Words  `yaml:"concept_maps"`  // paths of maps of local codes to standard codes
	MapBy       Words  `yaml:"map_by"`        // equivalences of the maps that are used

	// FullLoadEvery is how old a full load from a server may be that what changed since is added to; 0: each load is full.
	FullLoadEvery Duration `yaml:"full_load_every"`
}

// MayLack implements source.Lacking: a server is read in place of a folder.
func (s *Source) MayLack(key string) bool { return key == "dir" && s.Bulk != nil }

// Sources are the exports that go into one snapshot: one, or a list of them.
type Sources []Source

// UnmarshalSource reads both forms.
func (s *Sources) UnmarshalSource(v source.Value) error {
	usual := func(one *Source) {
		if one.Observable == "" {
			one.Observable = "auto"
		}
	}
	if v.Kind() != "list" {
		one := Source{Zone: "UTC"}
		v.Decode(&one)
		usual(&one)
		*s = Sources{one}
		return nil
	}
	v.Decode((*[]Source)(s))
	for i := range *s {
		usual(&(*s)[i])
	}
	if len(*s) == 0 {
		return source.Diagnostic{Code: "no-source", Message: "a list without a source", Hint: "- {name: hospital, dir: export, zone: America/New_York}"}
	}
	return nil
}

// names are those of the sources in the store, sorted.
func (s Sources) names() (names []string) {
	for _, one := range s {
		names = append(names, cmp.Or(one.Name, "main"))
	}
	slices.Sort(names)
	return names
}

// observable is the rule of observable time.
func (s Sources) observable() string { return s[0].Observable }

// sources checks what a job reads, each source and then all together.
func (c checker) sources(list Sources) {
	for i := range list {
		at := []any{"source"}
		if c.doc.Has("source", i) {
			at = append(at, i)
		}
		c.source(&list[i], len(list) > 1, at)
	}
	names, folders := map[string]int{}, map[string]int{}
	for i, one := range list {
		if before, twice := names[one.Name]; twice && c.doc.Has("source", i, "name") {
			c.doc.Report("duplicate-name", "the name "+one.Name+" is that of the source before, too", "it is part of the identity of every row: "+
				c.doc.Pos("source", before, "name").String()+" has it", "source", i, "name")
		} else {
			names[one.Name] = i
		}
		for _, before := range list[:i] {
			if one.Bulk != nil && before.Bulk != nil && one.Bulk.request().Overlaps(before.Bulk.request()) {
				c.doc.Report("duplicate-server", "source "+before.Name+" asks the same server for the same records", "every record would count twice", "source", i, "bulk")
			}
		}
		if one.Dir == "" || !c.doc.Has("source", i, "dir") {
			continue
		}
		dir, err := filepath.Abs(one.Dir)
		if real, missing := filepath.EvalSymlinks(dir); err == nil && missing == nil {
			dir = real
		}
		if before, twice := folders[dir]; twice {
			c.doc.Report("duplicate-folder", "the folder is that of source "+list[before].Name+", too", "every record would count twice", "source", i, "dir")
		} else {
			folders[dir] = i
		}
		if one.Observable != list.observable() {
			c.doc.Report("several-rules", "observable time has one rule for all sources, and the first says "+list.observable(), "say the same, or say it of none", "source", i, "observable")
		}
	}
}

// source checks one of a job's sources, which stands at a place of the file.
func (c checker) source(s *Source, several bool, at []any) {
	in := func(names ...any) []any { return slices.Concat(at, names) }
	c.path(&s.Dir, false, in("dir")...)
	c.bulk(s, at)
	if c.doc.Has(in("name")...) {
		c.report(datasets.CheckSourceName(s.Name), "bad-name", in("name")...)
	}
	switch {
	case c.doc.Has(in("zone")...):
		_, err := loadZone(s.Zone)
		c.report(err, "unknown-zone", in("zone")...)
	case several && s.Bulk == nil: // of a server it is told already
		c.doc.Report("missing-zone", "of several sources each must say the zone of its clock", "zone: America/New_York, or whichever it is", at...)
	}
	c.path(&s.Sites, true, in("sites")...)
	for i := range s.ConceptMaps {
		c.path(&s.ConceptMaps[i], true, in("concept_maps", i)...)
	}
	for i, name := range s.MapBy {
		c.oneOf(name, datasets.Equivalences, in("map_by", i)...)
	}
	c.path(&s.OptOut, true, in("opt_out")...)
	c.oneOf(s.Observable, []string{"auto", "enrolment-gap45", "contact"}, in("observable")...)
}

// linkTokens is how the same person is found in several sources: by keyed tokens of what each says of who it is.
const linkTokens = "tokens"

// linkage checks how persons are found in several sources.
func (c checker) linkage(how string, list Sources) {
	c.oneOf(how, []string{linkTokens}, "linkage")
	if c.doc.Has("linkage") && how == linkTokens && len(list) == 1 {
		c.doc.Report("one-source", "linkage finds who is in several sources, and there is one", "list the others in source, or remove linkage", "linkage")
	}
}

// ReadClient reads the private key of a server's client.
type ReadClient func(path string) (*bulk.Key, error)

// Exports are the sources as an extract takes them, with what closes the clients of their servers. What is said of none of
// them (the clock, who is told of a pause) is in cfg.
func (s Sources) Exports(cfg bulk.Config, read ReadClient) (list []datasets.ExportSource, closeAll func(), err error) {
	closeAll = func() {
		for _, one := range list {
			if one.Bulk != nil {
				one.Bulk.Close()
			}
		}
	}
	for _, one := range s {
		client, err := one.client(cfg, read)
		if err != nil {
			closeAll()
			return nil, nil, fmt.Errorf("source %s: %w", one.Name, err)
		}
		list = append(list, datasets.ExportSource{
			Name: one.Name, Dir: one.Dir, Bulk: client, Zone: one.Zone, OptOut: one.OptOut, SitesFile: one.Sites,
			ConceptMaps: one.ConceptMaps, MapBy: one.MapBy, Expect: one.Expect,
		})
	}
	return list, closeAll, nil
}

// SourceFile is a file of the sources of one extract, in the form that a job has them in.
type SourceFile struct {
	Source  Sources `yaml:"source,required"`
	Linkage string  `yaml:"linkage"`
}

// Linked says whether the same person is to be found in the sources.
func (f *SourceFile) Linked() bool { return f.Linkage == linkTokens }

// LoadSources reads and checks such a file. The error is source.Diagnostics, every mistake at its place; paths are
// relative to the file.
func LoadSources(path string) (*SourceFile, error) {
	data, err := source.ReadFile(path)
	if err != nil {
		return nil, source.Diagnostic{Pos: source.Pos{File: path}, Code: "unreadable-file", Message: "cannot read the file: " + cause(err)}
	}
	var f SourceFile
	doc, _ := source.DecodeYAML(path, data, &f)
	c := checker{doc, filepath.Dir(path)}
	c.sources(f.Source)
	c.linkage(f.Linkage, f.Source)
	for i := range f.Source {
		for _, at := range [][]any{{"source", "full_load_every"}, {"source", i, "full_load_every"}} {
			if doc.Has(at...) {
				doc.Report("of-a-job", "a job knows when everything was loaded; this file is of one extract", "remove full_load_every, or say it in a job", at...)
			}
		}
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return &f, nil
}
