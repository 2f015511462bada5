package scale

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"farr/datasets"
	"farr/internal/duck"
)

// The limits of an object and of a row group are the extractor's: an object ends
// with the bucket in which it reaches objectRows.
const (
	buckets    = 64
	objectRows = 262_144
	groupRows  = 65_536
)

// print writes the new rows, an object at a time.
func (p *press) print(ctx context.Context) error {
	var done, total int64
	for _, s := range p.sheets {
		total += p.expected(s)
	}
	for _, s := range p.sheets {
		if s.Rows() == 0 {
			continue
		}
		step := int(min(buckets, max(1, (objectRows*buckets+p.expected(s)-1)/p.expected(s))))
		for low := 0; low < buckets; low += step {
			high := min(buckets, low+step) - 1
			if err := p.printObject(ctx, s, low, high); err != nil {
				return err
			}
			p.Progress.Report("replicate", done+p.expected(s)*int64(high+1)/buckets, total)
		}
		done += p.expected(s)
		if err := p.db.Exec(ctx, "give memory back", "CHECKPOINT"); err != nil {
			return err
		}
	}
	return nil
}

// expected is about how many rows a table will have.
func (p *press) expected(s *sheet) int64 {
	n := s.Rows() * p.Patients / p.originals
	if s.observed() {
		n += p.Heavy
	}
	return max(n, 1)
}

// printObject writes the rows of some buckets. The engine writes the file into the staging's own folder,
// and from there it goes through the store's writer, which hashes it.
func (p *press) printObject(ctx context.Context, s *sheet, low, high int) error {
	file := filepath.Join(p.staging.Dir(), "rows.parquet")
	copySQL := fmt.Sprintf("COPY (%s) TO %s (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE %d, PARQUET_VERSION V2, KV_METADATA {\"farr.table\": %s})",
		s.rowsSQL(p.Changes, bound(low, '0'), bound(high, 'f')), duck.Quote(file), groupRows, duck.Quote(s.Name))
	if err := p.db.Exec(ctx, "replicate "+s.Name, copySQL); err != nil {
		return err
	}
	var rows int64
	if err := p.db.QueryRow(ctx, "count rows", "SELECT num_rows FROM parquet_file_metadata("+duck.Quote(file)+")", &rows); err != nil {
		return err
	}
	if rows > 0 {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := p.store(f, s.Name, rows, low, high); err != nil {
			return err
		}
	}
	return os.Remove(file)
}

// bound is the first or last pid of a bucket: its 6 bits, then zeros or ones.
func bound(bucket int, fill byte) string {
	head := bucket << 2
	if fill == 'f' {
		head |= 3
	}
	digits := fmt.Sprintf("%02x", head) + strings.Repeat(string(fill), 30)
	return strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-")
}

// store makes a file an object of the new snapshot.
func (p *press) store(from io.Reader, table string, rows int64, low, high int) error {
	w, err := p.staging.Create(table, low, high)
	if err != nil {
		return err
	}
	defer w.Abort()
	n, err := io.Copy(w, from)
	if err != nil {
		return err
	}
	p.report.Rows[table] += rows
	p.report.Bytes += n
	return w.Close(rows)
}

// copyShared takes the tables that no patient owns as they are.
func (p *press) copyShared(ctx context.Context) error {
	if err := p.From.Check(ctx); err != nil {
		return err
	}
	for _, t := range p.From.Manifest().Tables {
		if t.Has("pid") {
			continue
		}
		if len(t.Tombstones) > 0 {
			return fmt.Errorf("table %s holds rows that an increment replaced: replicate a full extract", t.Name)
		}
		for i, path := range p.From.Paths(t.Name) {
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			o := t.Objects[i]
			err = p.store(f, t.Name, o.Rows, o.LowBucket, o.HighBucket)
			f.Close()
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// publish makes the snapshot and the store's pointer to it. Its recipe is that of the old one, since readers
// ask it for profile, zone and key, and what was asked here.
func (p *press) publish(ctx context.Context) error {
	old := p.From.Manifest()
	m := datasets.Manifest{Kind: "extract", Recipe: map[string]any{}, Facts: map[string]any{}}
	for name, value := range old.Recipe {
		m.Recipe[name] = value
	}
	m.Recipe["replicated"] = map[string]any{
		"patients": p.Patients, "seed": fmt.Sprint(p.Seed), "heavy": p.Heavy, "moves": movesHash(p.Move), "changes": p.Changes,
	}
	m.Inputs = []datasets.Input{{Kind: "snapshot", ID: p.From.ID()}}
	for _, t := range old.Tables {
		m.Tables = append(m.Tables, datasets.Table{Name: t.Name, Columns: t.Columns})
	}
	for name, value := range old.Facts {
		m.Facts[name] = value
	}
	if err := moveFacts(m.Facts, p.Changes.Days, p.report.Rows, m.Tables); err != nil {
		return err
	}
	var err error
	if m.Key, err = datasets.KeyOf(m.Kind, m.Recipe, m.Inputs); err != nil {
		return err
	}
	sn, err := p.staging.Publish(ctx, m)
	if err != nil {
		return err
	}
	p.report.Snapshot = sn.ID()
	return p.To.SetCurrent(ctx, "extract", sn.ID())
}
