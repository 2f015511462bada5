package deid

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// What the rows of an earlier extract say is read column by column, since of most columns nothing is asked, and most of those
// that are asked are empty.

// IDSet is a set of pseudonyms, which are random: most that are not in it are told by their first bits.
type IDSet struct {
	bits  []uint64
	shift int // of a first word, to its place among the bits
	ids   map[ID]struct{}
}

// fewestIDBits and mostIDBits are the powers of two of the number of bits: few stay in the processor's cache, and where there are
// eight for an id they say no most of the time.
const fewestIDBits, mostIDBits = 19, 26

// Add puts pseudonyms into the set.
func (s *IDSet) Add(ids ...ID) {
	if len(ids) == 0 {
		return
	}
	if s.ids == nil {
		power := fewestIDBits
		for power < mostIDBits && 1<<power < 8*len(ids) {
			power++
		}
		s.bits, s.shift, s.ids = make([]uint64, 1<<power/64), 64-power, map[ID]struct{}{}
	}
	for _, id := range ids {
		at := id.head() >> s.shift
		s.bits[at/64] |= 1 << (at % 64)
		s.ids[id] = struct{}{}
	}
}

// Len is how many there are.
func (s *IDSet) Len() int {
	if s == nil {
		return 0
	}
	return len(s.ids)
}

// has says whether a pseudonym is in the set.
func (s *IDSet) has(id []byte) bool {
	if s.Len() == 0 {
		return false
	}
	at := binary.BigEndian.Uint64(id) >> s.shift
	if s.bits[at/64]&(1<<(at%64)) == 0 {
		return false
	}
	_, in := s.ids[ID(id)]
	return in
}

// isDead says whether a rid is in one of the sets of those whose rows are dead.
func isDead(rid []byte, dead []*IDSet) bool {
	return slices.ContainsFunc(dead, func(d *IDSet) bool { return d.has(rid) })
}

// Part is an object of a table of an earlier extract, and the rids whose rows in it are dead already.
type Part struct {
	File *parquet.File
	Dead []*IDSet
}

// rowGroup is a row group of a part, read column by column.
type rowGroup struct {
	parquet.RowGroup
	file  *parquet.File
	at    int
	names map[string]int
	rows  int
}

// groups gives the row groups of a part.
func (p Part) groups(yield func(*rowGroup) error) error {
	names := map[string]int{}
	for i, field := range p.File.Schema().Fields() {
		names[field.Name()] = i
	}
	for i, g := range p.File.RowGroups() {
		if err := yield(&rowGroup{g, p.File, i, names, int(g.NumRows())}); err != nil {
			return err
		}
	}
	return nil
}

// empty says whether a column is not there, or null in every row.
func (g *rowGroup) empty(name string) bool {
	i, there := g.names[name]
	if !there {
		return true
	}
	nulls := g.file.Metadata().RowGroups[g.at].Columns[i].MetaData.Statistics.NullCount
	return nulls == int64(g.rows)
}

// pages gives the pages of a column: which rows of it have a value, nil for all, and the page.
func (g *rowGroup) pages(name string, yield func(set []byte, page parquet.Page)) error {
	pages := g.ColumnChunks()[g.names[name]].Pages()
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		set := page.DefinitionLevels()
		if page.NumNulls() < page.NumValues() {
			yield(set, page)
		} else {
			yield(make([]byte, page.NumValues()), nil)
		}
		parquet.Release(page)
	}
}

// ids calls for each row with the value of a column of pseudonyms that every row has, valid during the call.
func (g *rowGroup) ids(name string, each func(row int, id []byte)) error {
	return g.runs(name, func(row, to int, id []byte) {
		for ; row < to; row++ {
			each(row, id)
		}
	})
}

// runs is ids, once for rows from one to before another that stand together with the same value, as far as the page has a dictionary.
func (g *rowGroup) runs(name string, each func(from, to int, id []byte)) error {
	row := 0
	return g.pages(name, func(_ []byte, page parquet.Page) {
		values := page.Data()
		if dictionary := page.Dictionary(); dictionary != nil {
			indexes := values.Int32()
			for from := 0; from < len(indexes); {
				to := from + 1
				for to < len(indexes) && indexes[to] == indexes[from] {
					to++
				}
				v := dictionary.Index(indexes[from])
				each(row+from, row+to, v.ByteArray())
				from = to
			}
			row += len(indexes)
			return
		}
		bytes, _ := values.Data()
		for ; len(bytes) >= 16; bytes = bytes[16:] {
			each(row, row+1, bytes[:16])
			row++
		}
	})
}

// values calls for each row with a value of a column: open takes a page, and gives what is called with the row and with the
// place of its value among those of the page; nil where no row of the page is asked for.
func (g *rowGroup) values(name string, open func(page parquet.Page) func(row, at int)) error {
	if g.empty(name) {
		return nil
	}
	row := 0
	return g.pages(name, func(set []byte, page parquet.Page) {
		if page == nil {
			row += len(set)
			return
		}
		each, at := open(page), 0
		if each == nil {
			row += int(page.NumValues())
			return
		}
		for i := range int(page.NumValues()) {
			if set == nil || set[i] != 0 {
				each(row, at)
				at++
			}
			row++
		}
	})
}

// times calls for each row with a value of a column of times.
func (g *rowGroup) times(name string, each func(row int, ms int64)) error {
	return g.values(name, func(page parquet.Page) func(row, at int) {
		values := page.Data()
		numbers := values.Int64()
		return func(row, at int) { each(row, numbers[at]) }
	})
}

// blobs calls for each row with a value of a column of texts or bytes, valid during the call.
func (g *rowGroup) blobs(name string, each func(row int, b []byte)) error {
	return g.values(name, func(page parquet.Page) func(row, at int) {
		values := page.Data()
		dictionary := page.Dictionary()
		if dictionary == nil {
			bytes, offsets := values.ByteArray()
			return func(row, at int) { each(row, bytes[offsets[at]:offsets[at+1]]) }
		}
		var texts [][]byte
		for i := range int32(dictionary.Len()) {
			v := dictionary.Index(i)
			texts = append(texts, v.ByteArray())
		}
		indexes := values.Int32()
		return func(row, at int) { each(row, texts[indexes[at]]) }
	})
}

// coded calls for each row in which a column of codes has one of some.
func (g *rowGroup) coded(name string, codes []string, each func(row int)) error {
	is := func(b []byte) bool {
		return slices.ContainsFunc(codes, func(code string) bool { return code == string(b) })
	}
	return g.values(name, func(page parquet.Page) func(row, at int) {
		values := page.Data()
		dictionary := page.Dictionary()
		if dictionary == nil {
			bytes, offsets := values.ByteArray()
			return func(row, at int) {
				if is(bytes[offsets[at]:offsets[at+1]]) {
					each(row)
				}
			}
		}
		found, some := make([]bool, dictionary.Len()), false
		for i := range found {
			v := dictionary.Index(int32(i))
			found[i] = is(v.ByteArray())
			some = some || found[i]
		}
		if !some {
			return nil
		}
		indexes := values.Int32()
		return func(row, at int) {
			if found[indexes[at]] {
				each(row)
			}
		}
	})
}

// yes calls for each row in which a column of booleans is true.
func (g *rowGroup) yes(name string, each func(row int)) error {
	return g.values(name, func(page parquet.Page) func(row, at int) {
		values := page.Data()
		bits := values.Boolean()
		return func(row, at int) {
			if bits[at/8]&(1<<(at%8)) != 0 {
				each(row)
			}
		}
	})
}
