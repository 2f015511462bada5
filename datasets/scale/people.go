package scale

import (
	"context"
	"database/sql/driver"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"farr/datasets/internal/deid"
	"farr/internal/duck"
)

// people draws who is made of whom:
//
//	replica(old, pid, own, ref, move, shift, open)
//	    old, pid     a patient of the old snapshot, and the new one
//	    own          the salt of new rids
//	    ref          the salt of the rids in references
//	    move         days that true dates move by
//	    shift        days that the new patient's dates are stored before the true ones; 0 in profile limited
//	    open         days that stored dates move by: move, and the difference between old and new shift
//	more(...)        the same for the further observations of the heavy patient: rids and days of their own
func (p *press) people(ctx context.Context) error {
	if err := p.addFunctions(ctx); err != nil {
		return err
	}
	if err := p.db.QueryRow(ctx, "count patients", "SELECT count(*) FROM rest.patient", &p.originals); err != nil {
		return err
	}
	if p.originals == 0 {
		return fmt.Errorf("snapshot %.12s has no patients", p.From.ID())
	}
	p.report.Replicas = (p.Patients + p.originals - 1) / p.originals
	if err := p.listMoves(ctx); err != nil {
		return err
	}
	was, now := "0", "0"
	if p.shifted {
		was, now = "epoch_ms(b.shift_true)::INTEGER", "farr_shift(pid)"
	}
	sql := fmt.Sprintf(`CREATE TABLE replica AS
SELECT old, pid, own, own AS ref, move, shift, move + was - shift AS open
FROM (SELECT *, %[1]s AS shift
      FROM (SELECT b.pid AS old, '%[2]d.' || p // %[3]d || '.' AS own, %[4]s AS pid, %[5]s AS was,
              CASE WHEN hash(own, b.pid, 'stay') %% 100 < %[9]d THEN 0 ELSE (hash(own, b.pid) %% %[6]d)::INTEGER - %[7]d END + coalesce(m.days, 0) AS move
            FROM range(%[8]d) g(p) JOIN original.patient b ON b.rowid = p %% %[3]d LEFT JOIN moves m ON m.pid = b.pid))
ORDER BY pid`, now, p.Seed, p.originals, newID("own", "b.pid"), was, 2*p.Changes.Days+1, p.Changes.Days, p.Patients, p.Changes.StayPercent)
	if err := p.db.Exec(ctx, "draw patients", sql); err != nil {
		return err
	}
	return p.heavy(ctx)
}

// listMoves makes a table of the request's moves.
func (p *press) listMoves(ctx context.Context) error {
	if err := p.db.Exec(ctx, "create moves", "CREATE TABLE moves (pid UUID, days INTEGER)"); err != nil {
		return err
	}
	out, err := p.db.Appender(ctx, "main", "moves")
	if err != nil {
		return err
	}
	for text, days := range p.Move {
		pid, err := uuid.Parse(text)
		if err == nil {
			err = out.AppendRow(duck.UUID(pid), int32(days))
		}
		if err != nil {
			out.Close()
			return err
		}
	}
	return out.Close()
}

// newID is a new pseudonym for an old one under a salt.
func newID(salt, id string) string { return "md5(" + salt + " || " + id + "::VARCHAR)::UUID" }

// heavy chooses the patient with the most observations and draws copies of them all.
func (p *press) heavy(ctx context.Context) error {
	if err := p.db.Exec(ctx, "draw no more", "CREATE TABLE more AS FROM replica LIMIT 0"); err != nil || p.Heavy <= 0 {
		return err
	}
	wanted := p.Heavy*1000/(1000-int64(p.Changes.DropPerMille)) + 1 // some of them are dropped as others are
	return p.db.Exec(ctx, "draw more", fmt.Sprintf(`INSERT INTO more
SELECT old, pid, own || g.n || '.', ref, move + days, shift, open + days
FROM (SELECT r.*, o.n AS each FROM replica r JOIN (SELECT pid, count(*) AS n FROM original.observation GROUP BY pid) o ON o.pid = r.old
      ORDER BY o.n DESC, r.pid LIMIT 1) r,
  LATERAL (SELECT n, (hash(r.own, n) %% %[2]d)::INTEGER - %[3]d AS days FROM range((%[1]d + r.each - 1) // r.each) t(n)) g`, wanted, 2*heavyDays+1, heavyDays))
}

// addFunctions gives the session what only the key's holder can compute.
func (p *press) addFunctions(ctx context.Context) error {
	shifters := sync.Pool{New: func() any { return deid.NewShifter(p.Key) }}
	err := p.db.Function(ctx, "farr_shift", func(v []driver.Value) (any, error) {
		s := shifters.Get().(*deid.Shifter)
		defer shifters.Put(s)
		return int32(s.Days(deid.ID(v[0].([]byte)))), nil
	}, "INTEGER", "UUID")
	if err != nil {
		return err
	}
	sealers := sync.Pool{New: func() any { return deid.NewSealer(p.Key) }}
	for _, s := range p.sheets {
		for _, x := range s.seals {
			err := p.db.Function(ctx, sealFunction(s, x), func(v []driver.Value) (any, error) {
				sealer := sealers.Get().(*deid.Sealer)
				defer sealers.Put(sealer)
				at := deid.Place{Table: s.Name, Column: x, PID: deid.ID(v[0].([]byte)), RID: deid.ID(v[1].([]byte)), Ordinal: v[2].(int32)}
				value := deid.Value{WallMs: v[3].(int64), Prec: deid.Precision(v[4].(int32))}
				if offset := v[5].(int32); offset != noOffset {
					value.HasOffset, value.OffsetMinutes = true, int16(offset)
				}
				return sealer.Seal(nil, at, value), nil
			}, "BLOB", "UUID", "UUID", "INTEGER", "BIGINT", "INTEGER", "INTEGER")
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// sealFunction names the function that seals an element: (pid, rid, ordinal, wall ms, precision, offset).
func sealFunction(s *sheet, x string) string { return "farr_seal_" + s.Name + "_" + x }
