package deid

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
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
	elements []element
}

// condition is an element and the texts of it that fulfil the condition.
type condition struct {
	element string
	texts   []string
}

// element is one line of a policy table.
type element struct {
	line    int
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
	return parsePolicy(sub)
}

// parsePolicy reads a folder of policy tables. The hash covers every file's name
// and bytes.
func parsePolicy(folder fs.FS) (*Policy, error) {
	p := &Policy{}
	lists := map[string]func(text string) error{
		"values.txt":    into(&p.values, parseValues),
		"systems.txt":   p.systems.parse,
		"hl7.txt":       p.systems.parse,
		"profiles.txt":  into(&p.profiles, parseProfiles),
		"units.txt":     into(&p.units, parseUnits),
		"languages.txt": into(&p.languages, parseLanguages),
		"dates.txt":     into(&p.years, parseOpenYears),
		"zip3.txt":      p.places.parseZIP3,
		"states.txt":    p.places.parseStates,
	}
	sum := sha256.New()
	files, err := fs.ReadDir(folder, ".") // sorted by name
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		text, err := fs.ReadFile(folder, f.Name())
		if err != nil {
			return nil, err
		}
		sum.Write(appendField(appendField(nil, f.Name()), text))
		typ, isTable := strings.CutSuffix(f.Name(), ".policy")
		parse := lists[f.Name()]
		switch {
		case isTable:
			var r resourcePolicy
			if r, err = parseTable(typ, string(text)); err == nil {
				p.types = append(p.types, r)
			}
		case parse == nil:
			err = fmt.Errorf("neither a policy table nor a list that tables use")
		default:
			err = parse(string(text))
			delete(lists, f.Name())
		}
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", f.Name(), err)
		}
	}
	if len(lists) > 0 {
		return nil, fmt.Errorf("policy: %s must be there", strings.Join(slices.Sorted(maps.Keys(lists)), ", "))
	}
	p.hash = hex.EncodeToString(sum.Sum(nil))
	return p, nil
}

// into is a parser that keeps what it made.
func into[T any](kept *T, parse func(string) (T, error)) func(string) error {
	return func(text string) (err error) {
		*kept, err = parse(text)
		return err
	}
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

// lines gives the lines of a policy file that say something, with their numbers.
func lines(text string) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		number := 0
		for line := range strings.Lines(text) {
			number++
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' && !yield(number, line) {
				return
			}
		}
	}
}

func parseTable(typ, text string) (resourcePolicy, error) {
	r := resourcePolicy{typ: typ}
	for number, line := range lines(text) {
		var err error
		if strings.Contains(line, "|") {
			err = r.parseElement(number, line)
		} else {
			err = r.parseDirective(strings.Fields(line))
		}
		if err != nil {
			return r, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if r.table == "" || r.owner == "" {
		return r, fmt.Errorf("table and owner must be said")
	}
	if r.void.element != "" && !r.clinical {
		return r, fmt.Errorf("void says which rows do not show how far the data reach: it needs clinical")
	}
	return r, nil
}

func (r *resourcePolicy) parseDirective(words []string) error {
	args := words[1:]
	switch {
	case words[0] == "table" && len(args) == 1:
		r.table = args[0]
	case words[0] == "owner" && len(args) == 1:
		r.owner = args[0]
	case words[0] == "order" && len(args) > 0:
		r.order = args
	case words[0] == "clinical" && len(args) == 0:
		r.clinical = true
	case words[0] == "void" && len(args) > 1:
		r.void = condition{args[0], args[1:]}
	case words[0] == "negated" && len(args) > 1:
		r.negated = condition{args[0], args[1:]}
	default:
		return fmt.Errorf("unknown directive %q", strings.Join(words, " "))
	}
	return nil
}

func (r *resourcePolicy) parseElement(number int, line string) error {
	fields := strings.Split(line, "|")
	if len(fields) != 8 {
		return fmt.Errorf("an element line has 8 fields, here are %d", len(fields))
	}
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	if fields[0] == "element" {
		return nil // the heading
	}
	e := element{
		line: number, text: fields[0], column: fields[2], values: fields[6], why: fields[7],
		actions: map[Profile]string{},
	}
	for i, profile := range Profiles {
		e.actions[profile] = fields[3+i]
	}
	if e.why == "" {
		return fmt.Errorf("%s: the last field says why, and is empty", e.text)
	}
	var err error
	if e.path, err = parsePath(e.text); err != nil {
		return err
	}
	typ, rest, isReference := strings.Cut(fields[1], "(")
	if e.typ = typ; isReference {
		e.targets = strings.Split(strings.TrimSuffix(rest, ")"), ",")
	}
	r.elements = append(r.elements, e)
	return nil
}

func parsePath(text string) ([]segment, error) {
	var path []segment
	for rest := text; ; {
		end := strings.IndexAny(rest, ".[(")
		if end < 0 {
			return append(path, segment{name: rest}), nil
		}
		s := segment{name: rest[:end]}
		opened := rest[end]
		rest = rest[end:]
		if opened != '.' {
			closing := strings.IndexByte(rest, map[byte]byte{'[': ']', '(': ')'}[opened])
			if closing < 0 {
				return nil, fmt.Errorf("%s: a bracket is not closed", text)
			}
			if opened == '(' {
				s.url = rest[1:closing]
			} else if s.array = rest[1:closing]; s.array == "" {
				s.array = "each"
			}
			rest = rest[closing+1:]
		}
		path = append(path, s)
		if rest == "" {
			return path, nil
		}
		if rest[0] != '.' {
			return nil, fmt.Errorf("%s: a dot is missing", text)
		}
		rest = rest[1:]
	}
}

// valueSet is a closed list of codes, each held once as a string.
type valueSet struct{ codes map[string]string }

// find is the code as the list holds it.
func (v *valueSet) find(code []byte) (string, bool) {
	s, ok := v.codes[string(code)]
	return s, ok
}

func parseValues(text string) (map[string]*valueSet, error) {
	sets := map[string]*valueSet{}
	for number, line := range lines(text) {
		words := strings.Fields(line)
		if len(words) < 2 || sets[words[0]] != nil {
			return nil, fmt.Errorf("line %d: a name that is new, then codes", number)
		}
		set := &valueSet{map[string]string{}}
		for _, code := range words[1:] {
			set.codes[code] = code
		}
		sets[words[0]] = set
	}
	return sets, nil
}

// profileNames decides which profile URLs may be kept and which say "not done".
type profileNames struct {
	urls     map[string]bool
	negation []string
}

func parseProfiles(text string) (*profileNames, error) {
	p := &profileNames{urls: map[string]bool{}}
	for number, line := range lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) < 2:
			return nil, fmt.Errorf("line %d: a URL and names below it", number)
		case words[0] == "negation":
			p.negation = words[1:]
		default:
			for _, name := range words[1:] {
				p.urls[words[0]+name] = true
			}
		}
	}
	return p, nil
}

// keep is the URL without its version when it may be kept.
func (p *profileNames) keep(url string) (string, bool) {
	url, _, _ = strings.Cut(url, "|")
	return url, p.urls[url]
}

// negates says whether a profile of that URL is about something not done.
func (p *profileNames) negates(url string) bool {
	name := strings.ToLower(url[strings.LastIndexByte(url, '/')+1:])
	return slices.ContainsFunc(p.negation, func(part string) bool { return strings.Contains(name, part) })
}
