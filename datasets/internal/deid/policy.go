package deid

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"farr/internal/source"
)

//go:embed policy/*.policy policy/*.txt
var policyFiles embed.FS

// Profile says which of a policy table's action columns applies.
type Profile string

// The profiles.
const (
	Shifted    Profile = "shifted"     // dates moved per patient, anchors sealed
	Limited    Profile = "limited"     // true dates and ZIP5: a limited data set, 164.514(e)
	SafeHarbor Profile = "safe-harbor" // years only, under a key that nobody keeps, 164.514(b)(2)
)

// Profiles are the profiles in the order of a policy table's action columns.
var Profiles = []Profile{Shifted, Limited, SafeHarbor}

// Policy is every policy table and the lists they name, as read from their
// files. A resource type is added by adding its file.
type Policy struct {
	types     []resourcePolicy // by resource type
	values    map[string]*valueSet
	systems   systems
	profiles  *profileNames
	units     *ucum
	places    places
	languages *languages
	years     *openYears
	hash      string
	folder    string // its name in mistakes
}

// resourcePolicy is one policy table: one resource type.
type resourcePolicy struct {
	typ      string   // FHIR resource type, the file's name
	table    string   // main table
	owner    string   // element that names the patient; "id" for Patient, "none" for shared types
	order    []string // columns that order a patient's rows, the first that is set
	clinical bool     // its rows say how far the data reach
	void     condition
	negated  condition
	refused  []string // elements that a record may not have: what they change is not followed
	elements []element
	said     map[string]directive
}

// directive is a line that is no element line.
type directive struct {
	line int
	text string
}

// condition is an element and the texts of it that fulfil the condition.
type condition struct {
	element string
	texts   []string
}

// element is one line of a policy table.
type element struct {
	line    int
	fields  []string
	columns []int // where each field begins
	path    []segment
	text    string // path as written
	typ     string // FHIR type
	targets []string
	column  string
	actions map[Profile]string
	values  string
	why     string
}

// segment is one step of a path: name, name[], name[pick] or name(url).
type segment struct{ name, array, url string }

// LoadPolicy reads the embedded tables.
func LoadPolicy() (*Policy, error) {
	sub, err := fs.Sub(policyFiles, "policy")
	if err != nil {
		return nil, err
	}
	return parsePolicy(sub, "policy")
}

// parsePolicy reads a folder of policy tables that goes by a name. The hash covers every file's name
// and bytes. The error has every mistake at its place; the policy is there with it, as far as it could be read.
func parsePolicy(folder fs.FS, name string) (*Policy, error) {
	p := &Policy{
		values: map[string]*valueSet{}, profiles: &profileNames{urls: map[string]bool{}}, units: newUCUM(), languages: newLanguages(), years: &openYears{},
		systems: systems{}, folder: name,
	}
	lists := map[string]func(r reporter, text string){
		"values.txt": p.parseValues, "systems.txt": p.systems.parse, "hl7.txt": p.systems.parse, "profiles.txt": p.profiles.parse,
		"units.txt": p.units.parse, "languages.txt": p.languages.parse, "dates.txt": p.years.parse,
		"zip3.txt": p.places.parseZIP3, "states.txt": p.places.parseStates,
	}
	var wrong source.Diagnostics
	sum := sha256.New()
	files, err := fs.ReadDir(folder, ".") // sorted by name
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), ".") {
			continue
		}
		r := p.reporter(f.Name(), &wrong)
		typ, isTable := strings.CutSuffix(f.Name(), ".policy")
		parse := lists[f.Name()]
		if !isTable && parse == nil || f.IsDir() {
			r.whole("unknown-file", "it is neither a policy table nor a list that tables use", source.DidYouMean(f.Name(), slices.Sorted(maps.Keys(lists))))
			continue
		}
		text, err := fs.ReadFile(folder, f.Name())
		if err != nil {
			return nil, err
		}
		sum.Write(appendField(appendField(nil, f.Name()), text))
		if isTable {
			p.types = append(p.types, parseTable(r, typ, string(text)))
		} else {
			parse(r, string(text))
			delete(lists, f.Name())
		}
	}
	for _, missing := range slices.Sorted(maps.Keys(lists)) {
		p.reporter(missing, &wrong).whole("missing-file", "it must be there", "farr policy export writes all of them")
	}
	p.hash = hex.EncodeToString(sum.Sum(nil))
	return p, wrong.Err()
}

func (p *Policy) reporter(file string, into *source.Diagnostics) reporter {
	return reporter{path.Join(p.folder, file), into}
}

// Hash is the hex SHA-256 of all policy files.
func (p *Policy) Hash() string { return p.hash }

// Types are the resource types that have a policy table, sorted.
func (p *Policy) Types() []string {
	var names []string
	for _, r := range p.types {
		names = append(names, r.typ)
	}
	return names
}
