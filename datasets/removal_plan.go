package datasets

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"farr/datasets/internal/deid"
	"farr/internal/duck"
)

// trace is where persons are in one extract.
type trace struct {
	sn      *Snapshot
	gone    map[deid.ID]bool // pids of those who are there, and rids of all that is theirs
	objects map[string]bool  // SHA-256 of those with rows of theirs or references to them
	rows    map[string]int64 // their resources, by table, without the dead
	from    map[string]int64 // their resources, by name of the source, where there are several
	dead    map[string]int64 // rows that go and that a tombstone took away before, by table
	used    map[int64]bool   // numbers of the dictionary that others' rows use
}

// tracing finds persons in the objects of an extract.
type tracing struct {
	*trace
	db   *duck.Session
	were []deid.ID // rids of dead rows of wanted persons, of the table in hand
	step func(done, total int64)
	done int64
}

// find looks for the pids in the extract. It reads pid alone of the objects whose range of
// pseudonyms they are in; only where somebody is found it reads references and the
// dictionary's numbers, too.
func (t *tracing) find(ctx context.Context, pids []deid.ID) error {
	t.gone, t.objects, t.rows, t.from, t.used = map[deid.ID]bool{}, map[string]bool{}, map[string]int64{}, map[string]int64{}, map[int64]bool{}
	t.dead = map[string]int64{}
	if err := t.fill(ctx, "wanted", pids); err != nil {
		return err
	}
	const buckets = 64
	in := map[int]bool{}
	for _, p := range pids {
		in[int(p[0])*buckets/256] = true
	}
	for _, tab := range t.sn.manifest.Tables {
		if !tab.Has("pid") {
			continue
		}
		for i, o := range tab.Objects {
			t.count()
			covers := false
			for b := range in {
				covers = covers || o.LowBucket <= b && b <= o.HighBucket
			}
			if !covers {
				continue
			}
			if err := t.findRows(ctx, tab, o, t.sn.Paths(tab.Name)[i]); err != nil {
				return err
			}
		}
		if err := t.findDead(ctx, tab); err != nil {
			return err
		}
	}
	if len(t.gone) == 0 {
		return nil
	}
	all := make([]deid.ID, 0, len(t.gone))
	for id := range t.gone {
		all = append(all, id)
	}
	if err := t.fill(ctx, "gone", all); err != nil {
		return err
	}
	for _, tab := range t.sn.manifest.Tables {
		if err := t.findUses(ctx, tab); err != nil {
			return err
		}
		if err := t.findTombstones(ctx, tab); err != nil {
			return err
		}
	}
	return nil
}

func (t *tracing) count() {
	t.done++
	t.step(t.done, 0)
}

// fill makes a table of IDs.
func (t *tracing) fill(ctx context.Context, name string, ids []deid.ID) error {
	if err := t.db.Exec(ctx, "make "+name, "CREATE OR REPLACE TABLE "+name+" (id UUID)"); err != nil {
		return err
	}
	for part := range slices.Chunk(ids, 1000) {
		var values []string
		for _, id := range part {
			values = append(values, "('"+uuid.UUID(id).String()+"')")
		}
		if err := t.db.Exec(ctx, "fill "+name, "INSERT INTO "+name+" VALUES "+strings.Join(values, ", ")); err != nil {
			return err
		}
	}
	return nil
}

// findRows notes the rows of wanted persons in one object.
func (t *tracing) findRows(ctx context.Context, tab Table, o Object, path string) error {
	rid, isDead := "rid", t.sn.deadSQL(tab, o)
	if !tab.Has("rid") {
		rid = "NULL::UUID"
	}
	source := "NULL::VARCHAR"
	if tab.Has("source") && !tab.Has("ordinal") {
		source = "source"
	}
	rows, err := t.db.Query(ctx, "find persons in "+tab.Name, "SELECT DISTINCT pid, "+rid+", "+isDead+", "+source+" FROM "+readParquet(path)+" WHERE pid IN (SELECT id FROM wanted)")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var pid, rid []byte
		var dead bool
		var source *string
		if err := rows.Scan(&pid, &rid, &dead, &source); err != nil {
			return err
		}
		t.objects[o.SHA256] = true
		t.gone[deid.ID(pid)] = true
		switch {
		case dead && tab.Has("ordinal"): // what its resource is, the main table says: the living version may have no such rows
		case dead:
			t.were = append(t.were, deid.ID(rid))
		case rid != nil:
			t.gone[deid.ID(rid)] = true
		}
		if !tab.Has("ordinal") && len(tab.Tombstones) == 0 && tab.Name != deid.PersonLink.Name { // a link is no resource
			t.rows[tab.Name]++
			if source != nil {
				t.from[*source]++
			}
		}
	}
	return rows.Err()
}

// findDead adds to what is gone the resources that were a person's and are nobody's now. What moved to another person stays.
func (t *tracing) findDead(ctx context.Context, tab Table) error {
	if len(t.were) == 0 {
		return nil
	}
	if err := t.fill(ctx, "were", t.were); err != nil {
		return err
	}
	t.were = nil
	rows, err := t.db.Query(ctx, "find what is nobody's in "+tab.Name, "SELECT id FROM were WHERE id NOT IN (SELECT rid FROM ("+t.sn.scanSQL(tab, nil)+"))")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			return err
		}
		t.gone[deid.ID(id)] = true
	}
	return rows.Err()
}

// findUses notes the objects of a table that refer to what is gone, and the numbers of the
// dictionary that its other rows use.
func (t *tracing) findUses(ctx context.Context, tab Table) error {
	if isDictionary(tab.Name) {
		return nil
	}
	stays := "true"
	if tab.Has("pid") {
		stays = "pid NOT IN (SELECT id FROM gone)"
	}
	for i, o := range tab.Objects {
		t.count()
		from := " FROM " + readParquet(t.sn.Paths(tab.Name)[i]) + " WHERE "
		for _, c := range tab.Columns {
			switch {
			case c.Type == UUID && c.Name != "pid" && (c.Name != "rid" || len(tab.Tombstones) > 0) && !t.objects[o.SHA256]:
				var n int64
				sql := "SELECT count(*)" + from + duck.QuoteName(c.Name) + " IN (SELECT id FROM gone)"
				if err := t.db.QueryRow(ctx, "find references in "+tab.Name, sql, &n); err != nil {
					return err
				}
				if n > 0 {
					t.objects[o.SHA256] = true
				}
			case c.Type == Int64:
				if err := t.findNumbers(ctx, tab.Name, "SELECT DISTINCT "+duck.QuoteName(c.Name)+from+stays); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// findTombstones notes the tombstones of what is gone, and counts the dead rows among what goes: the
// objects hold them still.
func (t *tracing) findTombstones(ctx context.Context, tab Table) error {
	if len(tab.Tombstones) == 0 {
		return nil
	}
	goes := " WHERE rid IN (SELECT id FROM gone)"
	if tab.Has("pid") {
		goes += " OR pid IN (SELECT id FROM gone)"
	}
	var all, living int64
	if len(tab.Objects) == 0 { // a table without rows has the tombstones of its type, too
		return t.findBuried(ctx, tab)
	}
	if err := t.db.QueryRow(ctx, "count what goes of "+tab.Name, "SELECT count(*) FROM "+readParquet(t.sn.Paths(tab.Name)...)+goes, &all); err != nil {
		return err
	}
	if err := t.db.QueryRow(ctx, "count what goes of "+tab.Name, "SELECT count(*) FROM ("+t.sn.scanSQL(tab, nil)+")"+goes, &living); err != nil {
		return err
	}
	t.dead[tab.Name] = all - living
	if !tab.Has("ordinal") {
		t.rows[tab.Name] = living
	}
	return t.findBuried(ctx, tab)
}

// findBuried notes the objects of tombstones that name what is gone.
func (t *tracing) findBuried(ctx context.Context, tab Table) error {
	for _, o := range tab.Tombstones {
		var n int64
		sql := "SELECT count(*) FROM " + readParquet(t.sn.paths([]Object{o})...) + " WHERE rid IN (SELECT id FROM gone)"
		if err := t.db.QueryRow(ctx, "find tombstones of "+tab.Name, sql, &n); err != nil {
			return err
		}
		if n > 0 {
			t.objects[o.SHA256] = true
		}
	}
	return nil
}

func (t *tracing) findNumbers(ctx context.Context, table, sql string) error {
	rows, err := t.db.Query(ctx, "find codes of "+table, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var n *int64
		if err := rows.Scan(&n); err != nil {
			return err
		}
		if n != nil {
			// Numbers of the three tables are hashes, so one set holds them all.
			t.used[*n] = true
		}
	}
	return rows.Err()
}

func isDictionary(table string) bool {
	return slices.ContainsFunc(deid.DictionaryTables, func(t *deid.Table) bool { return t.Name == table })
}
