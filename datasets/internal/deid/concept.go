package deid

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"farr/datasets/fhir"
)

// coding is a kept (system, code).
type coding struct{ system, code string }

// Dictionary collects the concepts, lists of concepts and sets of profiles that
// records name by number. A number is the first 64 bits of a SHA-256 of the
// content, so every extract gives the same content the same number. It is
// shared by all workers.
type Dictionary struct {
	mu       sync.Mutex
	concepts map[int64][]coding
	lists    map[int64][]int64
	profiles map[int64][]string
	clash    error
}

// NewDictionary makes an empty dictionary.
func NewDictionary() *Dictionary {
	return &Dictionary{concepts: map[int64][]coding{}, lists: map[int64][]int64{}, profiles: map[int64][]string{}}
}

// Clash is an error when two contents had one number.
func (d *Dictionary) Clash() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.clash
}

// intern gives content its number. Zero means "present, nothing kept", so content
// that hashed to it would clash with that.
func intern[T comparable](d *Dictionary, into map[int64][]T, content []T, text []byte) int64 {
	sum := sha256.Sum256(text)
	number := int64(binary.BigEndian.Uint64(sum[:]))
	d.mu.Lock()
	defer d.mu.Unlock()
	if old, known := into[number]; number == 0 || known && !slices.Equal(old, content) {
		d.clash = fmt.Errorf("two entries of the dictionary have the number %d", number)
	}
	into[number] = content
	return number
}

func (d *Dictionary) concept(codings []coding) int64 {
	if len(codings) == 0 {
		return 0
	}
	slices.SortFunc(codings, func(a, b coding) int {
		return cmp.Or(strings.Compare(a.system, b.system), strings.Compare(a.code, b.code))
	})
	codings = slices.Compact(codings)
	text := []byte("concept")
	for _, c := range codings {
		text = appendField(appendField(text, c.system), c.code)
	}
	return intern(d, d.concepts, codings, text)
}

func (d *Dictionary) list(concepts []int64) int64 {
	text := []byte("list")
	for _, c := range concepts {
		text = binary.BigEndian.AppendUint64(text, uint64(c))
	}
	return intern(d, d.lists, concepts, text)
}

func (d *Dictionary) profileSet(urls []string) int64 {
	if len(urls) == 0 {
		return 0
	}
	slices.Sort(urls)
	urls = slices.Compact(urls)
	text := []byte("profiles")
	for _, u := range urls {
		text = appendField(text, u)
	}
	return intern(d, d.profiles, urls, text)
}

// lexicon is one worker's way to the dictionary: what it has seen it answers from
// the JSON text of the element, without parsing or hashing codes. Its caches are
// emptied when full, so their size is bounded whatever the input says.
type lexicon struct {
	dictionary *Dictionary
	policy     *Policy
	maps       *ConceptMap // nil where there is none
	concepts   textCache[entry]
	lists      textCache[entry]
	profiles   textCache[entry]
	units      textCache[knownUnit]
}

// entry is a number, and what else the text said.
type entry struct {
	number   int64
	lost     int32  // codings that were dropped
	mapped   int32  // codings that a concept map knows, so that others stand for them
	unmapped int32  // codings of a system that concept maps are for, which they do not know
	code     string // the kept code of one coding, or the first of those that stand for it
	flag     bool   // of a profile set: it says not done
	about    subject
}

// textCache is a map with a limit to its entries and their length.
type textCache[T any] map[string]T

const (
	cacheEntries = 1 << 15
	cacheText    = 1 << 10
)

func (c textCache[T]) store(text []byte, v T) {
	if len(text) > cacheText {
		return
	}
	if len(c) >= cacheEntries {
		clear(c)
	}
	c[string(text)] = v
}

func newLexicon(d *Dictionary, p *Policy, m *ConceptMap) *lexicon {
	return &lexicon{d, p, m, textCache[entry]{}, textCache[entry]{}, textCache[entry]{}, textCache[knownUnit]{}}
}

// codeable is the concept of a CodeableConcept.
func (l *lexicon) codeable(v fhir.Node) entry {
	return l.codings(v.Get("coding"))
}

// codings is the concept of a list of Coding, or of one Coding.
func (l *lexicon) codings(v fhir.Node) entry {
	raw := v.Raw()
	if e, ok := l.concepts[string(raw)]; ok {
		return e
	}
	var kept []coding
	var e entry
	one := func(c fhir.Node) {
		system, code := string(c.Get("system").Str()), string(c.Get("code").Str())
		k, ok := l.policy.systems.keep(system, code)
		if ok {
			kept = append(kept, k)
		}
		targets, known := l.maps.of(system, code)
		kept = append(kept, targets...)
		switch {
		case len(targets) > 0:
			e.mapped++
		case known:
			e.unmapped++
		}
		if !ok && len(targets) == 0 {
			e.lost++
		}
	}
	if v.Kind() == fhir.Object {
		one(v)
	}
	for c := range v.Items() {
		one(c)
	}
	if len(kept) > 0 {
		e.code = kept[0].code
	}
	e.number = l.dictionary.concept(kept)
	for _, k := range kept {
		about := l.policy.subjectOf(k)
		e.about = subject{e.about.age || about.age, e.about.birth || about.birth}
	}
	l.concepts.store(raw, e)
	return e
}

// list is the list of concepts of an array of CodeableConcept.
func (l *lexicon) list(v fhir.Node) entry {
	raw := v.Raw()
	if e, ok := l.lists[string(raw)]; ok {
		return e
	}
	var concepts []int64
	var e entry
	for c := range v.Items() {
		one := l.codeable(c)
		concepts = append(concepts, one.number)
		e.lost, e.mapped, e.unmapped = e.lost+one.lost, e.mapped+one.mapped, e.unmapped+one.unmapped
	}
	e.number = l.dictionary.list(concepts)
	l.lists.store(raw, e)
	return e
}

// profileSet is the set of kept profiles of an array of canonical URLs. Whether
// one of them says "not done" is asked of all, kept or not.
func (l *lexicon) profileSet(v fhir.Node) entry {
	raw := v.Raw()
	if e, ok := l.profiles[string(raw)]; ok {
		return e
	}
	var kept []string
	var e entry
	for u := range v.Items() {
		url := string(u.Str())
		e.flag = e.flag || l.policy.profiles.negates(url)
		if url, ok := l.policy.profiles.keep(url); ok {
			kept = append(kept, url)
		} else {
			e.lost++
		}
	}
	e.number = l.dictionary.profileSet(kept)
	l.profiles.store(raw, e)
	return e
}

// DictionaryTables are the shared tables of a dictionary.
var DictionaryTables = []*Table{
	{Name: "concept", Columns: []Column{{"concept", Int64}, {"ordinal", Int32}, {"system", Varchar}, {"code", Varchar}}},
	{Name: "concept_list", Columns: []Column{{"list", Int64}, {"ordinal", Int32}, {"concept", Int64}}},
	{Name: "profile_set", Columns: []Column{{"profiles", Int64}, {"ordinal", Int32}, {"url", Varchar}}},
}

// Rows gives the rows of DictionaryTables, each table's in order. A row is valid
// during the call.
func (d *Dictionary) Rows(yield func(*Row) error) error {
	for i, t := range DictionaryTables {
		r := newOutRow(t)
		write := func(id int64, ordinal int, values ...Cell) error {
			r.reset()
			r.put(0, Cell{Number: id})
			r.put(1, Cell{Number: int64(ordinal)})
			for i, v := range values {
				r.put(2+i, v)
			}
			return yield(r)
		}
		var err error
		switch i {
		case 0:
			err = inOrder(d.concepts, func(id int64, n int, c coding) error {
				return write(id, n, Cell{Bytes: []byte(c.system)}, Cell{Bytes: []byte(c.code)})
			})
		case 1:
			err = inOrder(d.lists, func(id int64, n int, concept int64) error { return write(id, n, Cell{Number: concept}) })
		case 2:
			err = inOrder(d.profiles, func(id int64, n int, url string) error { return write(id, n, Cell{Bytes: []byte(url)}) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// inOrder gives the entries of a dictionary by number.
func inOrder[T any](entries map[int64][]T, yield func(id int64, ordinal int, v T) error) error {
	for _, id := range slices.Sorted(maps.Keys(entries)) {
		for n, v := range entries[id] {
			if err := yield(id, n, v); err != nil {
				return err
			}
		}
	}
	return nil
}
