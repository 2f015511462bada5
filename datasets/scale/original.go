package scale

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
	"time"

	"farr/datasets"
	"farr/datasets/internal/deid"
	"farr/internal/duck"
)

// load brings the rows of the old snapshot into memory, in their order, with what replicating needs beside them:
//
//	_by, _by_prec     the date that the row's resource is in order by, NULL before all others
//	<target>_shared   whether a reference names something that no patient owns
//	<x>_true, <x>_precision, <x>_offset
//	                  what the seal of x holds: true wall time, 1 year to 6 millisecond, minutes
//	                  east of Greenwich or noOffset; NULL where nothing is sealed
func (p *press) load(ctx context.Context) error {
	for _, name := range []string{"original", "opened"} {
		if err := p.db.Exec(ctx, "create schema "+name, "CREATE SCHEMA "+name); err != nil {
			return err
		}
	}
	if err := p.db.Exec(ctx, "list what is shared", "CREATE TABLE shared AS "+p.sharedSQL()); err != nil {
		return err
	}
	for i, s := range p.sheets {
		p.Progress.Report("load", int64(i), int64(len(p.sheets)))
		if s.Rows() == 0 {
			continue
		}
		if s.main == nil && s.Has("rid") {
			return fmt.Errorf("table %s is of no main table", s.Name)
		}
		if err := p.db.Exec(ctx, "number "+s.Name, "CREATE TABLE opened."+s.Name+"_rows AS SELECT * FROM rest."+s.Name); err != nil {
			return err
		}
		if err := p.openSeals(ctx, s); err != nil {
			return err
		}
		if err := p.db.Exec(ctx, "load "+s.Name, s.loadSQL()); err != nil {
			return err
		}
		if err := p.db.Exec(ctx, "forget "+s.Name, "DROP TABLE opened."+s.Name+"_rows"); err != nil {
			return err
		}
	}
	return nil
}

// sharedSQL lists the resources that no patient owns.
func (p *press) sharedSQL() string {
	parts := []string{"SELECT NULL::UUID AS rid WHERE false"}
	for _, t := range p.From.Manifest().Tables {
		if !t.Has("pid") && t.Has("source") {
			parts = append(parts, "SELECT rid FROM rest."+t.Name)
		}
	}
	return strings.Join(parts, " UNION ALL ")
}

func (s *sheet) loadSQL() string {
	columns := []string{"t.*"}
	from := "opened." + s.Name + "_rows t"
	switch {
	case s.main == s:
		columns = append(columns, s.orderSQL("")+"::TIMESTAMP AS _by", s.orderSQL("_prec")+"::INTEGER AS _by_prec")
	case s.main != nil:
		columns = append(columns, "m._by", "m._by_prec")
		from += " JOIN " + s.main.original() + " m ON m.rid = t.rid"
	default:
		columns = append(columns, "NULL::TIMESTAMP AS _by", "NULL::INTEGER AS _by_prec")
	}
	for _, x := range s.targets {
		columns = append(columns, "t."+x+" IN (SELECT rid FROM shared) AS "+x+"_shared")
	}
	for _, x := range s.seals {
		columns = append(columns, "o."+x+"_true", "o."+x+"_precision", "o."+x+"_offset")
	}
	if len(s.seals) > 0 {
		from += " LEFT JOIN opened." + s.Name + " o ON o._row = t.rowid"
	}
	return "CREATE TABLE " + s.original() + " AS SELECT " + strings.Join(columns, ", ") + " FROM " + from + " ORDER BY t.rowid"
}

// orderSQL is the first date that is open of those that order the rows, or what stands beside it.
func (s *sheet) orderSQL(beside string) string {
	sql := "CASE"
	for _, x := range s.order {
		sql += " WHEN t." + x + " IS NOT NULL THEN t." + x + beside
	}
	if len(s.order) == 0 {
		sql += " WHEN false THEN NULL"
	}
	return sql + " END"
}

// noOffset stands for a value that is sealed without its offset.
const noOffset = -1 << 15

// openSeals opens the sealed values of a table into opened.<table>, by row.
func (p *press) openSeals(ctx context.Context, s *sheet) error {
	if len(s.seals) == 0 {
		return nil
	}
	columns, sealed := []string{"_row BIGINT"}, []string{}
	for _, x := range s.seals {
		columns = append(columns, x+"_true TIMESTAMP", x+"_precision INTEGER", x+"_offset INTEGER")
		sealed = append(sealed, x+"_seal")
	}
	if err := p.db.Exec(ctx, "create opened "+s.Name, "CREATE TABLE opened."+s.Name+" ("+strings.Join(columns, ", ")+")"); err != nil {
		return err
	}
	out, err := p.db.Appender(ctx, "opened", s.Name)
	if err != nil {
		return err
	}
	if err := p.openRows(ctx, s, sealed, out); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

func (p *press) openRows(ctx context.Context, s *sheet, sealed []string, out *duck.Appender) error {
	rid := "NULL::UUID"
	if s.Has("rid") {
		rid = "rid"
	}
	rows, err := p.db.Query(ctx, "read seals of "+s.Name, "SELECT rowid, pid, "+rid+", "+s.ordinal()+", "+strings.Join(sealed, ", ")+
		" FROM opened."+s.Name+"_rows WHERE "+strings.Join(sealed, " IS NOT NULL OR ")+" IS NOT NULL")
	if err != nil {
		return err
	}
	defer rows.Close()
	sealer := deid.NewSealer(p.Key)
	at := deid.Place{Table: s.Name}
	var row int64
	var pid, id []byte
	seals := make([][]byte, len(s.seals))
	into := []any{&row, &pid, &id, &at.Ordinal}
	for i := range seals {
		into = append(into, &seals[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		copy(at.PID[:], pid)
		at.RID = deid.ID{}
		copy(at.RID[:], id)
		values := []driver.Value{row}
		for i, x := range s.seals {
			if seals[i] == nil {
				values = append(values, nil, nil, nil)
				continue
			}
			at.Column = x
			v, err := sealer.Open(seals[i], at)
			if err != nil {
				return &datasets.Error{Code: datasets.CodeWrongKey, Subject: "table " + s.Name + " column " + x, Err: err}
			}
			offset := int32(noOffset)
			if v.HasOffset {
				offset = int32(v.OffsetMinutes)
			}
			values = append(values, time.UnixMilli(v.WallMs).UTC(), int32(v.Prec), offset)
		}
		if err := out.AppendRow(values...); err != nil {
			return err
		}
	}
	return rows.Err()
}
