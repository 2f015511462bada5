package columnar

// dictionaryBytes is when a column whose values do not repeat is written plainly.
const dictionaryBytes = 512 << 10

// dictionary numbers the different values of a column chunk in the order in which they come.
type dictionary[K comparable] struct {
	place map[K]int32
	keys  []K
	last  int32 // place of the newest value: mostly the next one is the same
	bytes int   // of the keys
	// grouped says that equal values stand together, so that none is looked up.
	grouped bool
}

// at is the number of a value of so many bytes.
func (d *dictionary[K]) at(k K, size int) int32 {
	if len(d.keys) > 0 && d.keys[d.last] == k {
		return d.last
	}
	i, known := d.place[k] // nothing where they are grouped
	if !known {
		i = d.add(k, size)
	}
	d.last = i
	return i
}

func (d *dictionary[K]) add(k K, size int) int32 {
	i := int32(len(d.keys))
	if !d.grouped {
		if d.place == nil {
			d.place = map[K]int32{}
		}
		d.place[k] = i
	}
	d.keys = append(d.keys, k)
	d.bytes += size
	return i
}

func (d *dictionary[K]) reset() {
	clear(d.place)
	clear(d.keys)
	d.keys, d.last, d.bytes = d.keys[:0], 0, 0
}

// textAt is at for text, which is copied only when it is new.
func textAt(d *dictionary[string], text []byte) int32 {
	if len(d.keys) > 0 && d.keys[d.last] == string(text) {
		return d.last
	}
	i, known := d.place[string(text)]
	if !known {
		i = d.add(string(text), len(text))
	}
	d.last = i
	return i
}
