package datasets

import (
	"github.com/parquet-go/parquet-go"

	"farr/datasets/internal/deid"
	"farr/internal/disk"
)

// objectFiles are objects that are read row by row, each opened once.
type objectFiles struct {
	store  *Store
	opened map[string]*parquet.File // by hash
	dead   map[string]*deid.IDSet   // tombstones, by hash
	files  []*disk.File
}

func newObjectFiles(s *Store) *objectFiles {
	return &objectFiles{store: s, opened: map[string]*parquet.File{}, dead: map[string]*deid.IDSet{}}
}

func (f *objectFiles) open(o Object) (*parquet.File, error) {
	if known := f.opened[o.SHA256]; known != nil {
		return known, nil
	}
	on, err := f.store.root.Open(objectName(o.SHA256))
	if err != nil {
		return nil, err
	}
	f.files = append(f.files, on)
	file, err := parquet.OpenFile(on, o.Bytes, parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err == nil {
		f.opened[o.SHA256] = file
	}
	return file, err
}

// deadIn are the tombstones of a table that are about rows of an object.
func (f *objectFiles) deadIn(t Table, o Object) (all []*deid.IDSet, err error) {
	for _, d := range above(t, o) {
		known := f.dead[d.SHA256]
		if known == nil {
			file, err := f.open(d)
			if err != nil {
				return nil, err
			}
			if known, err = deid.ReadTombstones(file); err != nil {
				return nil, err
			}
			f.dead[d.SHA256] = known
		}
		all = append(all, known)
	}
	return all, nil
}

// close lets the objects go.
func (f *objectFiles) close() {
	for _, on := range f.files {
		on.Close()
	}
}
