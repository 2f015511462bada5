package datasets

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Manifest is the whole description of a snapshot. Its canonical JSON is hashed
// to the snapshot's ID, so everything in it must be the same for equal inputs;
// what varies between equal runs (time, host) stays out.
type Manifest struct {
	Format int    `json:"format"` // set by Publish
	Kind   string `json:"kind"`   // "extract", "results"
	// Key is the hash of what was asked, made by KeyOf: the skip rule.
	Key string `json:"key"`
	// Recipe is what was asked, and Facts what was found. Both hold strings,
	// integers, booleans, lists and maps; a fraction is written as a string.
	Recipe map[string]any `json:"recipe"`
	Inputs []Input        `json:"inputs"`
	Tables []Table        `json:"tables"`
	Facts  map[string]any `json:"facts"`
	// Log are further facts for the entry of the store's log. They are no part of the snapshot.
	Log map[string]any `json:"-"`
}

// Input is one thing a snapshot was made from. It has no file name, because
// names of export files can name patients.
type Input struct {
	Kind  string `json:"kind"` // "file", "snapshot", "sites", "concept_map", "library"
	ID    string `json:"id"`   // hex SHA-256
	Bytes int64  `json:"bytes,omitempty"`
}

// Table is one table of a snapshot: its schema and the objects that hold it, in
// bucket order. A table without objects has no rows and still has columns.
//
// Tombstones are objects with rids: a row of such a rid in an object of a smaller sequence is dead. Dead counts those rows. A
// table that was written at once has none. Only [Snapshot.Scan] and what is made of it know of them.
type Table struct {
	Name       string   `json:"name"`
	Columns    []Column `json:"columns"`
	Objects    []Object `json:"objects"`
	Tombstones []Object `json:"tombstones,omitempty"`
	Dead       int64    `json:"dead,omitempty"`
}

// Rows is the number of rows of the table, without the dead.
func (t Table) Rows() int64 {
	n := -t.Dead
	for _, o := range t.Objects {
		n += o.Rows
	}
	return n
}

// files are all objects of the table, those of rows first.
func (t Table) files() []Object { return slices.Concat(t.Objects, t.Tombstones) }

// tombstoneColumns are those of a table's Tombstones.
var tombstoneColumns = []Column{{"rid", UUID}}

// Has reports whether the table has a column of that name.
func (t Table) Has(column string) bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Name == column })
}

// Column is a column at rest.
type Column struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
}

// Type is the logical type of a column at rest.
type Type string

// The types, with their Parquet form.
const (
	UUID      Type = "uuid"      // FIXED[16], UUID
	Varchar   Type = "varchar"   // BYTE_ARRAY, STRING
	Boolean   Type = "boolean"   // BOOLEAN
	Int32     Type = "int32"     // INT32
	Int64     Type = "int64"     // INT64
	Double    Type = "double"    // DOUBLE
	Decimal   Type = "decimal"   // DECIMAL(28,8)
	Timestamp Type = "timestamp" // TIMESTAMP(ms), local wall time
	Date      Type = "date"      // DATE
	Blob      Type = "blob"      // BYTE_ARRAY
)

// Object is one immutable file of a table.
type Object struct {
	SHA256     string `json:"sha256"`
	Bytes      int64  `json:"bytes"`
	Rows       int64  `json:"rows"`
	LowBucket  int    `json:"low_bucket"`  // first bucket of pid held, 0..63
	HighBucket int    `json:"high_bucket"` // last bucket held, inclusive
	// Sequence is the number of the load that wrote it, 0 of a full one.
	Sequence int `json:"sequence,omitempty"`
}

// KeyOf is the skip rule's key: the hash of what was asked (kind, recipe, the
// IDs of the inputs in any order). Equal questions have equal keys.
func KeyOf(kind string, recipe map[string]any, inputs []Input) (string, error) {
	sorted := slices.Clone(inputs)
	slices.SortFunc(sorted, func(a, b Input) int {
		return strings.Compare(a.Kind+" "+a.ID, b.Kind+" "+b.ID)
	})
	text, err := canonicalJSON(map[string]any{"format": formatVersion, "kind": kind, "recipe": recipe, "inputs": sorted})
	if err != nil {
		return "", fmt.Errorf("key of %s: %w", kind, err)
	}
	return hexSHA256(text), nil
}

// canonicalJSON is the one spelling of v that is hashed: object keys sorted by
// their UTF-8 bytes, no spaces, integers only. A float has several spellings
// and so none here.
func canonicalJSON(v any) ([]byte, error) {
	loose, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(loose))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return nil, err
	}
	if err := onlyIntegers("", tree); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(tree); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

func onlyIntegers(path string, v any) error {
	switch v := v.(type) {
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return fmt.Errorf("%s is a fraction, which has no canonical JSON: write it as a string", strings.TrimPrefix(path, "."))
		}
	case map[string]any:
		for name, child := range v {
			if err := onlyIntegers(path+"."+name, child); err != nil {
				return err
			}
		}
	case []any:
		for i, child := range v {
			if err := onlyIntegers(fmt.Sprintf("%s[%d]", path, i), child); err != nil {
				return err
			}
		}
	}
	return nil
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

var (
	namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)
	hashPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
	types       = []Type{UUID, Varchar, Boolean, Int32, Int64, Double, Decimal, Timestamp, Date, Blob}
)

// check refuses a manifest whose names could not be paths and SQL names, since
// both are made from them. It runs before publishing and after reading.
func (m *Manifest) check() error {
	bad := func(format string, args ...any) error {
		return &Error{Code: CodeBadManifest, Subject: "manifest of kind " + m.Kind, Detail: fmt.Sprintf(format, args...)}
	}
	if !namePattern.MatchString(m.Kind) {
		return bad("kind is not a name")
	}
	if !hashPattern.MatchString(m.Key) {
		return bad("key is not a SHA-256")
	}
	for i, in := range m.Inputs {
		if !namePattern.MatchString(in.Kind) || !hashPattern.MatchString(in.ID) {
			return bad("input %d needs a kind and a SHA-256", i)
		}
	}
	seen := map[string]bool{}
	for _, t := range m.Tables {
		if !namePattern.MatchString(t.Name) || seen[t.Name] {
			return bad("table %q is no name or is there twice", t.Name)
		}
		seen[t.Name] = true
		columns := map[string]bool{}
		for _, c := range t.Columns {
			if !namePattern.MatchString(c.Name) || columns[c.Name] {
				return bad("table %s: column %q is no name or is there twice", t.Name, c.Name)
			}
			if !slices.Contains(types, c.Type) {
				return bad("table %s: column %s: unknown type %q", t.Name, c.Name, c.Type)
			}
			columns[c.Name] = true
		}
		if len(t.Columns) == 0 {
			return bad("table %s has no columns", t.Name)
		}
		for _, o := range t.files() {
			if !hashPattern.MatchString(o.SHA256) || o.Rows < 0 || o.Bytes < 0 || o.Sequence < 0 {
				return bad("table %s: an object without hash, rows or bytes", t.Name)
			}
		}
		if t.Dead < 0 || t.Rows() < 0 || len(t.Tombstones) > 0 && !t.Has("rid") {
			return bad("table %s: its tombstones do not fit its rows", t.Name)
		}
	}
	return nil
}
