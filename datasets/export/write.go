package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/apache/arrow-go/v18/arrow/ipc"

	"farr/internal/disk"
	"farr/internal/duck"
)

// write makes a file of each table.
func (x *exporting) write(ctx context.Context) error {
	for i, t := range x.tables {
		x.Progress.Report("export", int64(i), int64(len(x.tables)))
		name := t.Name + "." + x.Format
		path := filepath.Join(x.out.files, name)
		var err error
		switch x.Format {
		case Arrow:
			err = x.writeArrow(ctx, t, path)
		case CSV:
			err = x.db.Exec(ctx, "write "+name, "COPY ("+t.sql(x.shifted, true)+") TO "+duck.Quote(path)+" (FORMAT csv, HEADER true)")
		default:
			err = x.db.Exec(ctx, "write "+name, "COPY (FROM export.out_"+t.Name+") TO "+duck.Quote(path)+" (FORMAT parquet, COMPRESSION zstd)")
		}
		if err != nil {
			return err
		}
		f := File{Table: t.Name, Path: name, Columns: t.columns}
		if err := x.db.QueryRow(ctx, "count "+name, "SELECT count(*) FROM export.out_"+t.Name, &f.Rows); err != nil {
			return err
		}
		if f.Bytes, f.SHA256, err = settle(path); err != nil {
			return err
		}
		x.manifest.Files = append(x.manifest.Files, f)
	}
	return nil
}

func (x *exporting) writeArrow(ctx context.Context, t leaving, path string) error {
	records, err := x.db.QueryArrow(ctx, "write "+t.Name, "FROM export.out_"+t.Name)
	if err != nil {
		return err
	}
	defer records.Release()
	f, err := disk.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := ipc.NewFileWriter(f, ipc.WithSchema(records.Schema()))
	if err != nil {
		return err
	}
	for records.Next() {
		if err := w.Write(records.RecordBatch()); err != nil {
			return fmt.Errorf("write %s: %w", t.Name, err)
		}
	}
	return errors.Join(records.Err(), w.Close(), f.Close())
}

// settle makes a file durable and its owner's alone, and hashes it.
func settle(path string) (bytes int64, sum string, err error) {
	f, err := disk.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	h := sha256.New()
	if bytes, err = io.Copy(h, f); err == nil {
		err = errors.Join(f.Chmod(0o600), f.Sync())
	}
	return bytes, hex.EncodeToString(h.Sum(nil)), err
}

// folder is an export on its way to its place: a private folder beside it, which goes away unless it is published.
type folder struct {
	out   string // final, absolute
	dir   string // private: files and work in it
	files string
	work  string // what does not fit in memory
	drop  func() error
}

// newFolder refuses a place that is taken, removes what dead runs left beside it, and makes the private folder.
func newFolder(out string) (*folder, error) {
	if out == "" {
		return nil, errors.New("no folder was named")
	}
	out, err := filepath.Abs(out)
	if err != nil {
		return nil, err
	}
	if err := checkFree(out); err != nil {
		return nil, err
	}
	parent, prefix := filepath.Dir(out), "."+filepath.Base(out)+".farr-export-"
	if err := disk.MkdirAll(parent, 0o700); err != nil {
		return nil, err
	}
	f := &folder{out: out}
	if f.dir, f.drop, err = disk.Private(parent, prefix); err != nil {
		return nil, err
	}
	f.files, f.work = filepath.Join(f.dir, "files"), filepath.Join(f.dir, "work")
	err = errors.Join(disk.Mkdir(f.files, 0o700), disk.Mkdir(f.work, 0o700))
	if err != nil {
		f.remove()
		return nil, err
	}
	return f, nil
}

// checkFree refuses a place that is not empty, or is reached by a link.
func checkFree(out string) error {
	info, err := os.Lstat(out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder, or a link to one: name a new folder", out)
	}
	names, err := os.ReadDir(out)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return fmt.Errorf("%s is not empty: name a new folder", out)
	}
	return nil
}

// publish writes the manifest and puts the files in their place, all at once.
func (f *folder) publish(m Manifest) error {
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	if err := disk.WriteNew(filepath.Join(f.files, "manifest.json"), append(text, '\n'), 0o600); err != nil {
		return err
	}
	if err := checkFree(f.out); err != nil { // again: something may have been put there meanwhile
		return err
	}
	if err := disk.Remove(f.out); err != nil && !errors.Is(err, fs.ErrNotExist) { // a folder goes only when it is empty
		return err
	}
	if err := disk.Rename(f.files, f.out); err != nil {
		return err
	}
	return disk.SyncDir(filepath.Dir(f.out))
}

// remove takes away what was not published.
func (f *folder) remove() { f.drop() }
