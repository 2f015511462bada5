package measures

import (
	"context"
	"fmt"
	"strings"

	"farr/datasets"
	"farr/internal/duck"
)

// Merge is Run where the subjects of measures that tell of each person apart come from all shards of a number, and
// everything else is computed here: cohorts, published measures, data quality, and SQL that compares persons. The results are
// byte by byte those of one Run. Shards that have not been made are a MissingShardsError, unless the results are there already.
func Merge(ctx context.Context, s *datasets.Store, r Request, shards int) (*RunReport, error) {
	if err := (Shard{1, shards}).check(); err != nil {
		return nil, fmt.Errorf("measure merge: %w", err)
	}
	p, err := newPlan(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("measure merge: %w", err)
	}
	done, err := s.ByKey(p.key)
	if err == nil && done == nil {
		err = p.find(s, shards)
	}
	if err != nil {
		return nil, fmt.Errorf("measure merge: %w", err)
	}
	return p.run(ctx, s)
}

// find opens the snapshots of all shards.
func (p *plan) find(s *datasets.Store, shards int) error {
	var missing []Shard
	for i := range shards {
		_, key, err := p.shardKey(Shard{i + 1, shards})
		if err != nil {
			return err
		}
		sn, err := s.ByKey(key)
		if err != nil {
			return err
		}
		if sn == nil {
			missing = append(missing, Shard{i + 1, shards})
		}
		p.shards = append(p.shards, sn)
	}
	if missing != nil {
		return &MissingShardsError{missing}
	}
	return nil
}

// shardSchema has what shards made, as one.
const shardSchema = "shard"

// attachShards makes views of the shards' tables, whose bytes it checks.
func (p *plan) attachShards(ctx context.Context, db *duck.Session) error {
	if len(p.shards) == 0 {
		return nil
	}
	var from [2][]string
	for i, sn := range p.shards {
		schema := fmt.Sprintf("%s_%d", shardSchema, i)
		if err := datasets.AttachTables(ctx, db, sn, schema); err != nil {
			return err
		}
		for j, table := range []string{tableSubject, tableCareGap} {
			from[j] = append(from[j], "FROM "+schema+"."+table)
		}
	}
	if err := db.Exec(ctx, "shards", "CREATE SCHEMA "+shardSchema); err != nil {
		return err
	}
	for j, table := range []string{tableSubject, tableCareGap} {
		if err := db.Exec(ctx, "shards' "+table, "CREATE VIEW "+shardSchema+"."+table+" AS "+strings.Join(from[j], " UNION ALL ")); err != nil {
			return err
		}
	}
	return nil
}

// subjects leaves run.subject of a measure and the persons of a part, and counts its care gaps: by evaluating it, or from shards.
func (p *plan) subjects(ctx context.Context, e *engine, d Definition, of part) error {
	if len(p.shards) == 0 || !d.PerPerson {
		return e.evaluate(ctx, d)
	}
	err := e.db.Exec(ctx, d.ID+" subjects of shards", fmt.Sprintf(`CREATE OR REPLACE TABLE run.subject AS
		SELECT * REPLACE (period::run.period_id AS period) FROM %s.subject WHERE measure = %s AND pid BETWEEN %s`, shardSchema, duck.Quote(d.ID), of.between()))
	if err != nil {
		return err
	}
	e.gaps = nil
	if of.low > 0 { // they were told with the first part
		return nil
	}
	return e.scanGaps(ctx, d, "care gaps of shards", "SELECT period, ordinal, subjects FROM "+shardSchema+".care_gap WHERE measure = "+duck.Quote(d.ID))
}

// between is the range of the part's pids.
func (q part) between() string {
	return fmt.Sprintf("'%02x000000-0000-0000-0000-000000000000' AND '%02xffffff-ffff-ffff-ffff-ffffffffffff'", q.low*4, q.high*4+3)
}
