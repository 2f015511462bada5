package datasets

import (
	"context"
	"database/sql/driver"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"farr/datasets/internal/deid"
	"farr/internal/duck"
)

// openBatch is how many sealed rows are opened at a time.
const openBatch = 8192

// sealedColumns says which sealed elements of a table are opened into which
// in-memory table. A row there is the keys, then for each element its wall time
// and its lower bound in UTC, or the number of days alone.
type sealedColumns struct {
	table    string
	into     string
	keys     []string
	elements []string
	days     bool
}

func (c sealedColumns) createSQL() string {
	types := map[string]string{"rid": "UUID", "pid": "UUID", "ordinal": "INTEGER"}
	var columns []string
	for _, k := range c.keys {
		columns = append(columns, k+" "+types[k])
	}
	for _, x := range c.elements {
		columns = append(columns, duck.QuoteName(x)+" TIMESTAMP", duck.QuoteName(x+"_lo")+" TIMESTAMP")
	}
	return "CREATE TABLE keyed." + c.into + " (" + strings.Join(columns, ", ") + ")"
}

// selectSQL reads the rows of one object with anything sealed: pid, rid, ordinal
// as the seal binds them, then the seals, and the source where joined has it.
func (c sealedColumns) selectSQL(t Table, from, joined string) string {
	columns := []string{"t.pid", "t.rid", "t.ordinal"}
	for i, k := range []string{"pid", "rid", "ordinal"} {
		if !t.Has(k) {
			columns[i] = map[string]string{"pid": "NULL::UUID", "rid": "NULL::UUID", "ordinal": "0"}[k]
		}
	}
	var some []string
	for _, x := range c.elements {
		seal := "t." + duck.QuoteName(x+"_seal")
		columns = append(columns, seal)
		some = append(some, seal+" IS NOT NULL")
	}
	source := "NULL"
	if joined != "" {
		source = sourceColumn
	}
	return "SELECT " + strings.Join(append(columns, source), ", ") + " FROM (" + from + ") t" + joined + " WHERE " + strings.Join(some, " OR ")
}

// sealedRow is one row with sealed values, and what they hold once opened.
type sealedRow struct {
	pid, rid []byte
	ordinal  int32
	seals    [][]byte
	source   *string // where sources have different zones
	opened   []driver.Value
}

// openTable opens the sealed values of a table, object by object, so that memory
// holds the sealed rows of one object beside the opened table.
func (v *viewer) openTable(ctx context.Context, t Table, c sealedColumns) error {
	out, err := v.db.Appender(ctx, keyedSchema, c.into)
	if err != nil {
		return err
	}
	for _, o := range t.Objects {
		if err := v.openObject(ctx, t, c, v.sn.scanObject(t, o), out); err != nil {
			out.Close()
			return err
		}
	}
	return out.Close()
}

func (v *viewer) openObject(ctx context.Context, t Table, c sealedColumns, from string, out *duck.Appender) error {
	rows, err := v.db.Query(ctx, "read seals of "+t.Name, c.selectSQL(t, from, v.sourceSQL(t, "keyed.raw_")))
	if err != nil {
		return err
	}
	defer rows.Close()
	batch := make([]sealedRow, 0, openBatch)
	flush := func() error {
		if err := v.openRows(ctx, c, batch); err != nil {
			return err
		}
		for _, row := range batch {
			if err := out.AppendRow(row.opened...); err != nil {
				return err
			}
		}
		batch = batch[:0]
		return nil
	}
	for rows.Next() {
		row := sealedRow{seals: make([][]byte, len(c.elements))}
		into := []any{&row.pid, &row.rid, &row.ordinal}
		for i := range row.seals {
			into = append(into, &row.seals[i])
		}
		if err := rows.Scan(append(into, &row.source)...); err != nil {
			return err
		}
		if batch = append(batch, row); len(batch) == openBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return flush()
}

// openRows opens a batch on all processors.
func (v *viewer) openRows(ctx context.Context, c sealedColumns, batch []sealedRow) error {
	if len(batch) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if v.key == nil {
		return &Error{Code: CodeKeyRequired, Subject: "table " + c.table, Detail: "it has sealed values"}
	}
	workers := min(runtime.GOMAXPROCS(0), len(batch))
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		part := batch[len(batch)*w/workers : len(batch)*(w+1)/workers]
		wg.Go(func() {
			sealer := deid.NewSealer(v.key)
			for i := range part {
				if errs[w] = v.openRow(sealer, c, &part[i]); errs[w] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *viewer) openRow(sealer *deid.Sealer, c sealedColumns, row *sealedRow) error {
	at := deid.Place{Table: c.table, Ordinal: row.ordinal}
	copy(at.PID[:], row.pid)
	copy(at.RID[:], row.rid)
	row.opened = make([]driver.Value, 0, len(c.keys)+2*len(c.elements))
	for _, k := range c.keys {
		switch k {
		case "pid":
			row.opened = append(row.opened, duck.UUID(at.PID))
		case "rid":
			row.opened = append(row.opened, duck.UUID(at.RID))
		case "ordinal":
			row.opened = append(row.opened, row.ordinal)
		}
	}
	zone := v.zones[0]
	if row.source != nil {
		if zone = v.zoneOf[*row.source]; zone == nil {
			return &Error{Code: CodeBadManifest, Subject: "table " + c.table, Detail: "a row is of a source that the manifest does not name"}
		}
	}
	for i, x := range c.elements {
		if row.seals[i] == nil {
			row.opened = append(row.opened, nil, nil)
			continue
		}
		at.Column = x
		value, err := sealer.Open(row.seals[i], at)
		if err != nil {
			return &Error{Code: CodeWrongKey, Subject: fmt.Sprintf("table %s column %s", c.table, x), Err: err}
		}
		if c.days {
			row.opened = append(row.opened, int32(value.WallMs))
			continue
		}
		row.opened = append(row.opened, time.UnixMilli(value.WallMs).UTC(), time.UnixMilli(value.UTCMs(zone)).UTC())
	}
	return nil
}
