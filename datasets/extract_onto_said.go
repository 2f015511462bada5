package datasets

import (
	"context"
	"fmt"
	"strings"

	"farr/datasets/internal/deid"
	"farr/internal/duck"
)

// Said answers what the rows of the earlier extract say that stay. It is the Finisher's Earlier.
func (o *onto) Said(ctx context.Context, gone map[string][]deid.ID, covered bool) (*deid.Said, error) {
	for _, t := range o.types {
		ids := gone[t.Type]
		if t.Owner == "id" || len(ids) == 0 {
			continue
		}
		if err := o.fill(ctx, "gone_"+t.Table, ids); err != nil {
			return nil, err
		}
		o.gone[t.Table] = true
		if err := o.countDead(ctx, t, len(ids)); err != nil {
			return nil, err
		}
	}
	if err := o.open(ctx); err != nil {
		return nil, err
	}
	if err := o.findShifts(ctx); err != nil {
		return nil, err
	}
	if err := o.findDays(ctx); err != nil {
		return nil, err
	}
	said := &deid.Said{Newest: deid.NoDay, Later: map[deid.ID]int64{}, Covered: covered}
	if err := o.sealedEvents(ctx); err != nil {
		return nil, err
	}
	var newest *int64
	if err := o.db.QueryRow(ctx, "newest event", "SELECT max(event)::BIGINT FROM said", &newest); err != nil {
		return nil, err
	}
	if newest != nil {
		said.Newest = *newest
	}
	err := o.each(ctx, fmt.Sprintf("SELECT pid, max(later)::BIGINT, 0::BIGINT FROM said GROUP BY pid HAVING max(later) > %d", said.Newest), func(pid deid.ID, day, _ int64) {
		said.Later[pid] = day
	})
	if err != nil {
		return nil, err
	}
	if err := o.coverage(ctx, said); err != nil {
		return nil, err
	}
	if rule := o.x.req.Observable; rule == deid.Contact || rule == deid.Auto && !said.Covered {
		said.Visits = map[deid.ID][2]int64{}
		err = o.each(ctx, "SELECT pid, min(first_visit)::BIGINT, max(last_visit)::BIGINT FROM said GROUP BY pid HAVING max(last_visit) IS NOT NULL", func(pid deid.ID, first, last int64) {
			said.Visits[pid] = [2]int64{first, last}
		})
	}
	return said, err
}

func (o *onto) each(ctx context.Context, sql string, take func(pid deid.ID, a, b int64)) error {
	rows, err := o.db.Query(ctx, "what the earlier extract says", sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var pid []byte
		var a, b int64
		if err := rows.Scan(&pid, &a, &b); err != nil {
			return err
		}
		take(deid.ID(pid), a, b)
	}
	return rows.Err()
}

// staying is the SELECT of the rows of a table of a type that stay.
func (o *onto) staying(t deid.TypeElements, table string) string {
	base, _ := o.base.Table(table)
	if !o.gone[t.Table] {
		return o.base.scanSQL(base, nil)
	}
	return "SELECT * FROM (" + o.base.scanSQL(base, nil) + ") t WHERE NOT EXISTS (SELECT 1 FROM gone_" + t.Table + " g WHERE g.rid = t.rid)"
}

// countDead counts the rows of resources that do not stay.
func (o *onto) countDead(ctx context.Context, t deid.TypeElements, resources int) error {
	o.dead[t.Table] = int64(resources)
	for _, table := range t.Tables[1:] {
		base, _ := o.base.Table(table.Name)
		if base.Rows() == 0 {
			continue
		}
		var n int64
		sql := "SELECT count(*) FROM (" + o.base.scanSQL(base, nil) + ") WHERE rid IN (SELECT rid FROM gone_" + t.Table + ")"
		if err := o.db.QueryRow(ctx, "count dead rows of "+table.Name, sql, &n); err != nil {
			return err
		}
		o.dead[table.Name] = n
	}
	return nil
}

// owned are the types whose rows are of patients, without the patients themselves.
func (o *onto) owned() (all []deid.TypeElements) {
	for _, t := range o.types {
		if base, _ := o.base.Table(t.Table); t.Owner != "none" && t.Owner != "id" && base.Rows() > 0 {
			all = append(all, t)
		}
	}
	return all
}

// findShifts fills shift(pid, days): how many days to add to each person's dates, also of persons who have no Patient.
func (o *onto) findShifts(ctx context.Context) error {
	if err := o.db.Exec(ctx, "create shift", "CREATE TABLE shift (pid UUID, days INTEGER)"); err != nil {
		return err
	}
	var parts []string
	for _, t := range o.owned() {
		base, _ := o.base.Table(t.Table)
		parts = append(parts, "SELECT DISTINCT pid FROM ("+o.base.scanSQL(base, nil)+")")
	}
	if len(parts) == 0 {
		return nil
	}
	var pids []deid.ID
	err := o.each(ctx, "SELECT DISTINCT pid, 0::BIGINT, 0::BIGINT FROM ("+strings.Join(parts, " UNION ALL ")+")", func(pid deid.ID, _, _ int64) { pids = append(pids, pid) })
	if err != nil {
		return err
	}
	out, err := o.db.Appender(ctx, "main", "shift")
	if err != nil {
		return err
	}
	shifts := deid.NewShifter(o.x.config.Key)
	for _, pid := range pids {
		days := int32(0)
		if deid.Profile(o.x.req.Profile) == deid.Shifted {
			days = int32(shifts.Days(pid))
		}
		if err := out.AppendRow(duck.UUID(pid), days); err != nil {
			out.Close()
			return err
		}
	}
	return out.Close()
}

// findDays fills said(pid, later, event, first_visit, last_visit) with what open dates say, a row for each person.
func (o *onto) findDays(ctx context.Context) error {
	first, last := deid.EventDays()
	var parts []string
	for _, t := range o.owned() {
		for i, table := range t.Tables {
			base, _ := o.base.Table(table.Name)
			var dates []string
			for _, c := range base.Columns {
				if c.Type == Timestamp {
					dates = append(dates, dayOf("t."+duck.QuoteName(c.Name)))
				}
			}
			if len(dates) == 0 || base.Rows() == 0 {
				continue
			}
			event, visit := "NULL::INTEGER", "NULL::INTEGER"
			if i == 0 && t.Clinical && len(t.Order) > 0 {
				var order []string
				for _, name := range t.Order {
					order = append(order, "t."+duck.QuoteName(name))
				}
				event = fmt.Sprintf("CASE WHEN %s THEN %s END", o.clinicalSQL(t), dayOf("coalesce("+strings.Join(order, ", ")+", NULL)"))
				if t.Type == "Encounter" {
					visit = event
				}
			}
			parts = append(parts, fmt.Sprintf("SELECT pid, greatest(%s, NULL) AS later, %s AS event, %s AS visit FROM (%s) t", strings.Join(dates, ", "), event, visit, o.staying(t, table.Name)))
		}
	}
	if len(parts) == 0 {
		parts = []string{"SELECT NULL::UUID AS pid, NULL::INTEGER AS later, NULL::INTEGER AS event, NULL::INTEGER AS visit WHERE false"}
	}
	day := func(name string) string { return fmt.Sprintf("%s + days BETWEEN %d AND %d", name, first, last) }
	return o.db.Exec(ctx, "what dates say", fmt.Sprintf(`CREATE TABLE said AS
SELECT pid, max(later + days) AS later, max(event + days) FILTER (%s) AS event, min(visit + days) FILTER (%s) AS first_visit, max(visit + days) FILTER (%s) AS last_visit
FROM (%s) JOIN shift USING (pid) GROUP BY pid`, day("event"), day("visit"), day("visit"), strings.Join(parts, " UNION ALL ")))
}

// dayOf is the day of a wall time, since 1970-01-01.
func dayOf(timestamp string) string {
	return "(CAST(" + timestamp + " AS DATE) - DATE '1970-01-01')::INTEGER"
}

// clinicalSQL says which rows of a main table say how far the data reach.
func (o *onto) clinicalSQL(t deid.TypeElements) string {
	sql := "NOT coalesce(t.negated, false)"
	if column, codes, _ := o.x.config.Plan.VoidColumn(t.Type); column != "" {
		var quoted []string
		for _, code := range codes {
			quoted = append(quoted, duck.Quote(code))
		}
		sql += " AND coalesce(t." + duck.QuoteName(column) + " NOT IN (" + strings.Join(quoted, ", ") + "), true)"
	}
	return sql
}

// sealedEvents adds to said what events say whose days are all sealed.
func (o *onto) sealedEvents(ctx context.Context) error {
	sealer := deid.NewSealer(o.x.config.Key)
	type event struct {
		pid   deid.ID
		day   int64
		visit bool
	}
	var events []event
	for _, t := range o.owned() {
		base, _ := o.base.Table(t.Table)
		if !t.Clinical || len(t.Order) == 0 {
			continue
		}
		columns, open, sealed := []string{"pid", "rid"}, []string{}, []string{}
		for _, name := range t.Order {
			seal := "NULL::BLOB"
			if base.Has(name + "_seal") {
				seal = "t." + duck.QuoteName(name+"_seal")
			}
			columns, open, sealed = append(columns, seal), append(open, "t."+duck.QuoteName(name)+" IS NULL"), append(sealed, seal+" IS NOT NULL")
		}
		sql := "SELECT " + strings.Join(columns, ", ") + " FROM (" + o.staying(t, t.Table) + ") t WHERE " + strings.Join(open, " AND ") +
			" AND (" + strings.Join(sealed, " OR ") + ") AND " + o.clinicalSQL(t)
		rows, err := o.db.Query(ctx, "sealed events of "+t.Table, sql)
		if err != nil {
			return err
		}
		for rows.Next() {
			var pid, rid []byte
			seals := make([][]byte, len(t.Order))
			into := []any{&pid, &rid}
			for i := range seals {
				into = append(into, &seals[i])
			}
			err = rows.Scan(into...)
			for i := 0; err == nil && i < len(seals); i++ {
				if seals[i] == nil {
					continue
				}
				var v deid.Value
				v, err = sealer.Open(seals[i], deid.Place{Table: t.Table, Column: t.Order[i], PID: deid.ID(pid), RID: deid.ID(rid)})
				if day := v.Day(); err == nil && deid.EventDay(day) {
					events = append(events, event{deid.ID(pid), day, t.Type == "Encounter"})
				}
				break
			}
			if err != nil {
				rows.Close()
				return err
			}
		}
		if err := rows.Err(); err != nil {
			rows.Close()
			return err
		}
		if err := rows.Close(); err != nil {
			return err
		}
	}
	out, err := o.db.Appender(ctx, "main", "said")
	if err != nil {
		return err
	}
	for _, e := range events {
		var visit any
		if e.visit {
			visit = int32(e.day)
		}
		if err := out.AppendRow(duck.UUID(e.pid), nil, int32(e.day), visit, visit); err != nil {
			out.Close()
			return err
		}
	}
	return out.Close()
}

// coverage finds whether there is coverage, and where observable time goes by it, of what days.
func (o *onto) coverage(ctx context.Context, said *deid.Said) error {
	for _, t := range o.types {
		base, _ := o.base.Table(t.Table)
		if t.Type != "Coverage" || base.Rows() == 0 {
			continue
		}
		from := " FROM (" + o.staying(t, t.Table) + ") t"
		var n int64
		if err := o.db.QueryRow(ctx, "count coverage", "SELECT count(*)"+from, &n); err != nil {
			return err
		}
		if said.Covered = said.Covered || n > 0; o.x.req.Observable == deid.Contact {
			return nil
		}
		columns := []string{"pid", "rid", "coalesce(status, '')", "coalesce(days, 0)::BIGINT"}
		for _, name := range []string{"period_start", "period_end"} {
			seal := "NULL::BLOB"
			if base.Has(name + "_seal") {
				seal = name + "_seal"
			}
			columns = append(columns, "epoch_ms("+name+")", name+"_prec", seal)
		}
		rows, err := o.db.Query(ctx, "read coverage", "SELECT "+strings.Join(columns, ", ")+from+" LEFT JOIN shift USING (pid)")
		if err != nil {
			return err
		}
		defer rows.Close()
		sealer := deid.NewSealer(o.x.config.Key)
		for rows.Next() {
			var pid, rid []byte
			var status string
			var days int64
			var ends [2]struct {
				ms   *int64
				prec *int32
				seal []byte
			}
			if err := rows.Scan(&pid, &rid, &status, &days, &ends[0].ms, &ends[0].prec, &ends[0].seal, &ends[1].ms, &ends[1].prec, &ends[1].seal); err != nil {
				return err
			}
			var values [2]deid.Value
			var there [2]bool
			for i, end := range ends {
				switch {
				case end.ms != nil:
					values[i], there[i] = deid.Value{WallMs: *end.ms + days*deid.DayMs}, true
					if end.prec != nil {
						values[i].Prec = deid.Precision(*end.prec)
					}
				case end.seal != nil:
					there[i] = true
					name := [2]string{"period_start", "period_end"}[i]
					if values[i], err = sealer.Open(end.seal, deid.Place{Table: t.Table, Column: name, PID: deid.ID(pid), RID: deid.ID(rid)}); err != nil {
						return err
					}
				}
			}
			if c, ok := deid.CoverOf(deid.ID(pid), status, values[0], there[0], values[1], there[1]); ok {
				said.Covers = append(said.Covers, c)
			}
		}
		return rows.Err()
	}
	return nil
}
