package datasets

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"farr/datasets/fhir"
	"farr/datasets/internal/columnar"
	"farr/datasets/internal/deid"
)

// inputBase is the kind of an input that is the extract an increment adds to.
const inputBase = "base"

// OntoCurrent is what ExtractRequest.Onto says for the extract in force.
const OntoCurrent = "current"

// FullLoadError says that an increment would not be exactly what reading everything again gives, and why. Nothing was published.
type FullLoadError struct {
	Base string // ID of the extract that was to be added to; empty where there is none
	Why  []string
}

func (e *FullLoadError) Error() string {
	if e.Base == "" {
		return strings.Join(e.Why, "; ") + "; load everything, without --onto"
	}
	return fmt.Sprintf("nothing can be added to extract %.12s so that it is what reading everything gives: %s; load everything, without --onto", e.Base, strings.Join(e.Why, "; "))
}

// onto is an earlier extract that this one adds to.
type onto struct {
	x        *extraction
	base     *Snapshot
	types    []deid.TypeElements
	sequence int // of what is added
	scan     *deid.Scan
	dies     map[string]int64 // rows of the extract that die, by table
	objects  *objectFiles
	since    time.Time // what changed since is asked of a server; zero where files are read
}

// openBase finds the extract to add to, and refuses one with which the result would not be exact.
func (x *extraction) openBase() (err error) {
	if x.req.Onto == "" {
		return nil
	}
	o := &onto{x: x, types: x.plan.Elements(), objects: newObjectFiles(x.store)}
	switch x.req.Onto {
	case OntoCurrent:
		o.base, err = x.store.Current("extract")
	case OntoNewest:
		o.base, err = o.newest()
	default:
		o.base, err = x.store.Open(x.req.Onto)
	}
	if err != nil {
		return err
	}
	m := o.base.manifest
	if m.Kind != "extract" {
		return &Error{Code: CodeBadManifest, Subject: "snapshot " + o.base.id, Detail: "it is of kind " + m.Kind + ", not an extract"}
	}
	o.sequence = o.base.Increments() + 1
	x.onto = o
	return o.refuse(o.mismatches())
}

func (o *onto) refuse(why []string) error {
	if len(why) == 0 {
		return nil
	}
	return &FullLoadError{Base: o.base.id, Why: why}
}

// mismatches are what of the earlier extract does not fit the request, or cannot be followed.
func (o *onto) mismatches() (why []string) {
	x, m := o.x, o.base.manifest
	say := func(format string, args ...any) { why = append(why, fmt.Sprintf(format, args...)) }
	if len(x.req.Cases) > 0 {
		say("cases are read whole")
	}
	if x.several() || m.Recipe[recipeSources] != nil {
		return append(why, "of several sources only reading everything tells who is in which")
	}
	if x.plan.InYears() || x.req.Profile == ProfileSafeHarbor {
		say("under profile %s each extract has a key of its own", ProfileSafeHarbor)
	}
	said := func(name string) string { return fmt.Sprint(m.Recipe[name]) }
	for _, c := range []struct{ name, what, now string }{
		{"step", "the version of extraction", fmt.Sprint(extractVersion)}, {"policy", "the policy", x.policy.Hash()},
		{RecipeProfile, "the profile", x.req.Profile}, {RecipeZone, "the zone", x.sources[0].Zone}, {RecipeKey, "the key", x.keyID},
		{recipeSource, "the source", x.sources[0].Name}, {"map_by", "the equivalences of concept maps", fmt.Sprint(x.sources[0].mapBy())},
		{RecipeExpect, "what types are expected", fmt.Sprint(x.sources[0].expected())},
	} {
		if said(c.name) != c.now {
			say("%s is another", c.what)
		}
	}
	var beside []Input
	for _, in := range m.Inputs {
		if in.Kind == "sites" || in.Kind == "concept_map" {
			beside = append(beside, in)
		}
	}
	if !slices.Equal(beside, x.sources[0].beside) {
		say("the labels of sites or the concept maps are others")
	}
	if x.leavesOut() || m.Recipe[recipeOptOut] != nil || m.Recipe[recipeRemoved] != nil || m.Recipe[recipeRewritten] != nil {
		say("persons are left out, and what refers to them cannot be told of what is new alone")
	}
	if m.Recipe["replicated"] != nil {
		say("its persons are made of others")
	}
	if deid.Profile(x.req.Profile) == deid.Shifted {
		if m.Facts[factAges] != nil {
			say("it states ages, which may have to be hidden in rows that stand already")
		}
		var facts struct{ Linked deid.Links }
		if err := decodeFacts(m.Facts, &facts); err != nil || facts.Linked.Followed > 0 {
			say("its patients are linked, and to whom is not kept")
		}
	}
	why = append(why, o.askable()...)
	for _, t := range o.types {
		if _, _, ok := x.plan.VoidColumn(t.Type); t.Clinical && !ok {
			say("no column of table %s tells which of its rows are void", t.Table)
		}
	}
	for _, want := range x.tables() {
		have, found := o.base.Table(want.Name)
		if !found || !slices.Equal(have.Columns, want.Columns) {
			say("table %s has other columns", want.Name)
		}
	}
	return why
}

// already gives the extract that was to be added to, where it has this very increment as its newest: the same command was run before.
func (o *onto) already() (*Snapshot, error) {
	with, before := o.base, o.base.onto()
	if with.manifest.Recipe[recipeCompacted] != nil { // what was compacted may be gone: then nothing tells
		var err error
		if with, err = o.base.store.Open(before); err != nil {
			return nil, nil
		}
		before = with.onto()
	}
	if before == "" {
		return nil, nil
	}
	inputs := slices.Clone(o.x.inputs)
	for i := range inputs {
		if inputs[i].Kind == inputBase {
			inputs[i].ID = before
		}
	}
	key, err := KeyOf("extract", o.x.recipe, inputs)
	if err != nil || key != with.manifest.Key {
		return nil, err
	}
	return o.base, nil
}

// onto is the extract that this one was made on top of, "" for none.
func (sn *Snapshot) onto() string {
	for _, in := range sn.manifest.Inputs {
		if in.Kind == inputBase {
			return in.ID
		}
	}
	return ""
}

// mapBy is what the recipe says of concept maps, nil where there are none.
func (e *feed) mapBy() any {
	if len(e.ConceptMaps) == 0 {
		return nil
	}
	return slices.Sorted(slices.Values(e.MapBy))
}

// found refuses what the lines say that cannot be followed.
func (o *onto) found() error {
	var why []string
	for _, e := range o.x.sources {
		w := e.worker
		if w.disputed > 0 {
			why = append(why, "the server gives resources that it names as deleted, too")
		}
		if n := w.rejectReasons[string(fhir.VagueDelete)]; n > 0 {
			why = append(why, fmt.Sprintf("%d DELETEs do not name one resource as Type/id, and what they take away would stay", n))
		}
		if w.extractor.StatesAges() > 0 {
			why = append(why, "a record states an age, which may have to be hidden by what stands already")
		}
		if w.extractor.Links() {
			why = append(why, "a patient is linked to another, and rows that stand already would move")
		}
	}
	return o.refuse(why)
}

// reenter brings what the earlier extract holds of the resources in hand into the sort.
func (x *extraction) reenter(ctx context.Context) error {
	o := x.onto
	if o == nil {
		return nil
	}
	if err := o.found(); err != nil {
		return err
	}
	var whole []string
	for _, t := range x.tables() {
		if x.wholeTable(t.Name) {
			whole = append(whole, t.Name)
		}
	}
	// The objects that stay are hashed when the snapshot is published: what was read of a damaged one is not.
	if err := o.base.Check(ctx, whole...); err != nil {
		return err
	}
	for _, t := range deid.DictionaryTables {
		files, err := o.parquet(t.Name)
		if err != nil {
			return err
		}
		if err := x.words.Load(t.Name, files); err != nil {
			return err
		}
	}
	if err := x.words.Clash(); err != nil {
		return err
	}
	into := x.sources[0].worker.collector
	if err := into.AddPatients(x.project, o.parquet); err != nil {
		return err
	}
	var err error
	o.scan, err = x.plan.Scan(ctx, x.project, o.parts, into, x.sources[0].worker.extractor.Deleted)
	return err
}

// parquet opens the objects of a table.
func (o *onto) parquet(table string) (files []*parquet.File, err error) {
	t, _ := o.base.Table(table)
	for _, object := range t.Objects {
		file, err := o.objects.open(object)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// close lets the objects go.
func (o *onto) close() {
	if o != nil {
		o.objects.close()
	}
}

// parts opens the objects of a table, each with what is dead in it.
func (o *onto) parts(table string) (parts []deid.Part, err error) {
	t, _ := o.base.Table(table)
	files, err := o.parquet(table)
	if err != nil {
		return nil, err
	}
	for i, object := range t.Objects {
		dead, err := o.objects.deadIn(t, object)
		if err != nil {
			return nil, err
		}
		parts = append(parts, deid.Part{File: files[i], Dead: dead})
	}
	return parts, nil
}

// Said is the Finisher's Earlier.
func (o *onto) Said(gone map[string][]deid.ID, covered bool) (said *deid.Said, err error) {
	said, o.dies, err = o.scan.Said(gone, o.x.req.Observable, covered)
	return said, err
}

// wholeTable says whether an increment writes a table whole: what depends on everything, and is a row or few for each person.
func (x *extraction) wholeTable(name string) bool {
	if name == deid.ObservationPeriod.Name || isDictionary(name) {
		return true
	}
	for _, t := range x.plan.Elements() {
		if t.Owner == "id" {
			return slices.ContainsFunc(t.Tables, func(table *deid.Table) bool { return table.Name == name })
		}
	}
	return false
}

// bury writes the tombstones of the resources that do not stay.
func (o *onto) bury() error {
	if o == nil {
		return nil
	}
	for _, t := range o.types {
		rids := o.x.final.Gone[t.Type]
		if t.Owner == "id" || len(rids) == 0 {
			continue
		}
		var of []string
		for _, table := range t.Tables {
			of = append(of, table.Name)
		}
		w := columnar.NewWriter(columnar.Config{
			Create: func(_ string, lowBucket int) (columnar.Object, error) {
				made, err := o.x.staging.createTombstones(of, lowBucket)
				if err != nil {
					return nil, err
				}
				return object{made}, nil
			},
			Metadata: objectMetadata(o.x.policy.Hash(), o.x.req.Profile),
		})
		err := deid.Tombstones(rids, w.Row)
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			w.Abort()
			return err
		}
	}
	return nil
}

// inherit gives the tables of an increment what they keep of the earlier extract.
func (o *onto) inherit(tables []Table) {
	if o == nil {
		return
	}
	for i := range tables {
		if t := &tables[i]; !o.x.wholeTable(t.Name) {
			base, _ := o.base.Table(t.Name)
			t.Objects, t.Tombstones, t.Dead = base.Objects, base.Tombstones, base.Dead+o.dies[t.Name]
		}
	}
}
