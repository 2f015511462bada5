package main

import (
	"context"

	"farr/datasets"
)

// sizeOf is the rows and bytes of a store's current extract.
func sizeOf(ctx context.Context, store string) (rows, bytes int64, err error) {
	s, err := datasets.OpenStore(ctx, store)
	if err != nil {
		return 0, 0, err
	}
	defer s.Close()
	sn, err := s.Current("extract")
	if err != nil {
		return 0, 0, err
	}
	for _, t := range sn.Manifest().Tables {
		rows += t.Rows()
		for _, o := range t.Objects {
			bytes += o.Bytes
		}
	}
	return rows, bytes, nil
}
