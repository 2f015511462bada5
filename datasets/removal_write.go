package datasets

import (
	"context"
	"maps"
	"slices"

	"github.com/parquet-go/parquet-go"

	"farr/datasets/internal/columnar"
	"farr/datasets/internal/deid"
)

// recipeRewritten says in an extract's recipe which persons were taken out of it afterwards: a hash
// under the project's key, chained to the one before.
const recipeRewritten = "rewritten"

// rewrite publishes the extract without the persons in the trace.
func (r *removing) rewrite(ctx context.Context, t *trace) (*Snapshot, error) {
	staging, err := r.store.Begin(ctx, "extract")
	if err != nil {
		return nil, err
	}
	defer staging.Close()
	staging.guard = func() error { // the objects that are kept are still those of the extract
		_, err := r.store.Open(t.sn.id)
		return err
	}
	old := t.sn.manifest
	m := Manifest{Kind: old.Kind, Recipe: maps.Clone(old.Recipe), Inputs: old.Inputs, Facts: maps.Clone(old.Facts)}
	var done int64
	for _, tab := range old.Tables {
		next := Table{Name: tab.Name, Columns: tab.Columns, Dead: tab.Dead - t.dead[tab.Name]}
		for _, o := range tab.Objects {
			if !t.objects[o.SHA256] && !isDictionary(tab.Name) {
				next.Objects = append(next.Objects, o)
				continue
			}
			if err := r.rewriteObject(ctx, staging, t, tab, o, nil); err != nil {
				return nil, err
			}
			done++
			r.req.Progress.Report("rewrite", done, int64(len(t.objects)+len(deid.DictionaryTables)))
		}
		for _, o := range tab.Tombstones {
			if !t.objects[o.SHA256] {
				next.Tombstones = append(next.Tombstones, o)
				continue
			}
			of := tablesOf(old, o)
			if of[0] != tab.Name {
				continue // the tables of a type share it
			}
			if err := r.rewriteObject(ctx, staging, t, Table{Name: "tombstone", Columns: tombstoneColumns}, o, of); err != nil {
				return nil, err
			}
		}
		m.Tables = append(m.Tables, next)
	}
	if err := t.recount(m.Facts); err != nil {
		return nil, err
	}
	for _, n := range t.rows {
		r.report.Resources += n
	}
	before, _ := old.Recipe[recipeRewritten].(string)
	whom := append([]string{"before " + before}, r.req.IDs...)
	if r.req.SourceName != "" { // the same ids are others in another source
		whom = append(whom, "source "+r.req.SourceName)
	}
	m.Recipe[recipeRewritten] = r.keys[t.sn.keyID()].ListHash(whom)
	if m.Key, err = KeyOf(m.Kind, m.Recipe, m.Inputs); err != nil {
		return nil, err
	}
	m.Log = logged(m.Facts)
	return staging.Publish(ctx, m)
}

// tablesOf are those that a tombstones' object is about.
func tablesOf(m Manifest, o Object) (names []string) {
	for _, t := range m.Tables {
		if slices.ContainsFunc(t.Tombstones, func(d Object) bool { return d.SHA256 == o.SHA256 && d.Sequence == o.Sequence }) {
			names = append(names, t.Name)
		}
	}
	return names
}

// rewriteObject stages an object again without what is gone; of is for tombstones.
func (r *removing) rewriteObject(ctx context.Context, staging *Staging, t *trace, tab Table, o Object, of []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := t.sn.store.root.Open(objectName(o.SHA256))
	if err != nil {
		return err
	}
	defer f.Close()
	file, err := parquet.OpenFile(f, o.Bytes, parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return err
	}
	metadata := deid.Metadata(file)
	delete(metadata, "farr.table") // the writer says it
	var columns []deid.Column
	for _, c := range tab.Columns {
		columns = append(columns, deid.Column{Name: c.Name, Type: deid.Type(c.Type)})
	}
	rewrite := deid.Rewrite{Table: deid.NewTable(tab.Name, columns), Gone: t.gone}
	if isDictionary(tab.Name) {
		rewrite.Used = t.used
	}
	w := columnar.NewWriter(columnar.Config{
		Create: func(table string, lowBucket int) (columnar.Object, error) {
			staged, err := staging.Create(table, o.LowBucket, o.HighBucket)
			if err != nil {
				return nil, err
			}
			staged.staged.Sequence = o.Sequence
			if len(of) > 0 {
				staged.staged.table, staged.staged.of = "", of
			}
			return sameBuckets{staged}, nil
		},
		Metadata: metadata,
	})
	defer w.Abort()
	emptied, err := rewrite.Object(file, w.Row)
	if err != nil {
		return err
	}
	r.report.References += emptied
	return w.Close()
}

// sameBuckets keeps the range of buckets of the object that is replaced.
type sameBuckets struct{ *ObjectWriter }

func (o sameBuckets) Finish(rows int64, _ int) error { return o.Close(rows) }

// recount moves what went from the stored resources to those left out, so that every line stays
// accounted for.
func (t *trace) recount(facts map[string]any) error {
	catalogue, err := Catalogue()
	if err != nil {
		return err
	}
	add := func(m map[string]any, name string, n int64) {
		switch was := m[name].(type) {
		case float64: // as JSON gives it
			n += int64(was)
		case int64: // as it was left here
			n += was
		}
		m[name] = n
	}
	byType, _ := facts["by_type"].(map[string]any)
	byType = maps.Clone(byType)
	for _, resource := range catalogue {
		n := t.rows[resource.Table]
		if n == 0 {
			continue
		}
		add(facts, "stored", -n)
		add(facts, "opted_out", n)
		if one, ok := byType[resource.Type].(map[string]any); ok {
			one = maps.Clone(one)
			add(one, "stored", -n)
			add(one, "opted_out", n)
			byType[resource.Type] = one
		}
	}
	if byType != nil {
		facts["by_type"] = byType
	}
	if list, several := facts["sources"].([]any); several {
		list = slices.Clone(list)
		for i := range list {
			one, _ := list[i].(map[string]any)
			name, _ := one["name"].(string)
			if n := t.from[name]; n != 0 {
				one = maps.Clone(one)
				add(one, "stored", -n)
				add(one, "opted_out", n)
				list[i] = one
			}
		}
		facts["sources"] = list
	}
	delete(facts, "linkage") // how the persons who are left were linked is not known any more
	return nil
}
