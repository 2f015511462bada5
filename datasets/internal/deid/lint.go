package deid

import (
	"io/fs"
	"slices"
	"strings"

	"farr/datasets/fhir"
	"farr/internal/source"
)

// OpenPolicy reads the tables of a folder that goes by a name, and holds them against FHIR R4 as Lint does.
func OpenPolicy(folder fs.FS, name string) (*Policy, error) {
	p, err := Lint(folder, name)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Lint reads a folder of policy tables and looks for everything that is wrong in it: what cannot be read, what no
// profile can be compiled of, and what FHIR R4 does not know. The error has all of it, each at its place; the policy is
// there with it, as far as it could be read.
func Lint(folder fs.FS, name string) (*Policy, error) {
	var wrong source.Diagnostics
	add := func(err error) error {
		found, ok := err.(source.Diagnostics) //nolint:errorlint // the functions here return these themselves
		wrong = append(wrong, found...)
		if err != nil && !ok {
			return err
		}
		return nil
	}
	p, err := parsePolicy(folder, name)
	if err := add(err); err != nil {
		return nil, err
	}
	for _, profile := range Profiles {
		_, err := Compile(p, profile)
		if err := add(err); err != nil {
			return nil, err
		}
	}
	for _, r := range p.types {
		(&linter{r, p.reporter(r.typ+".policy", &wrong), map[string]bool{}}).table()
	}
	return p, wrong.Err()
}

// linter holds one table against the elements of FHIR R4.
type linter struct {
	resourcePolicy
	report reporter
	read   map[string]bool // where elements are read, and elements that a line lists: Observation, Observation.status
}

func (l *linter) table() {
	if !fhir.IsResource(l.typ) {
		l.report.whole("unknown-resource", "R4 has no resource type "+l.typ, source.DidYouMean(l.typ, fhir.ResourceTypes()))
		return
	}
	l.read[l.typ] = true
	l.ownerOf()
	seen := map[string]int{}
	for _, e := range l.elements {
		if line := seen[e.text+" "+e.column]; line > 0 {
			l.report.element(e, badf(fieldPath, "duplicate-line", "%s is in line %d already, with the same column", e.text, line))
			continue
		}
		seen[e.text+" "+e.column] = e.line
		if err := l.element(e); err != nil {
			l.report.element(e, err)
		}
	}
	l.modifiers()
}

// ownerOf holds the element that names the patient to be one that can.
func (l *linter) ownerOf() {
	d, said := l.said["owner"]
	if !said || l.owner == "none" || l.owner == "id" && l.typ == "Patient" {
		return
	}
	_, typ, ok := fhir.ElementOf(l.typ, l.owner)
	if !ok || !slices.Contains(typ.Targets, "Patient") && !slices.Contains(typ.Targets, "Resource") {
		l.report.words(d.line, d.text, badf(1, "bad-owner", "%s.%s is no reference to a patient in R4", l.typ, l.owner).maybe("none where there is no single patient"))
	}
}

// element follows a path through the model.
func (l *linter) element(e element) error {
	inside := l.typ
	for i, s := range e.path {
		found, typ, ok := fhir.ElementOf(inside, s.name)
		if !ok {
			return badf(fieldPath, "unknown-element", "R4 has no element %s in %s", s.name, inside).maybe(source.DidYouMean(s.name, fhir.Members(inside)))
		}
		l.read[found.Path] = true
		if s.url != "" {
			return l.extension(e, found)
		}
		switch {
		case found.Repeats && s.array == "":
			return badf(fieldPath, "bad-path", "%s may be there several times", found.Path).maybe(s.name + "[] takes each, " + s.name + "[first] one")
		case !found.Repeats && s.array == "each":
			return badf(fieldPath, "bad-path", "%s is there once at most", found.Path).maybe(s.name)
		}
		if i == len(e.path)-1 {
			return l.last(e, found, typ)
		}
		if typ.Inside == "" {
			return badf(fieldPath, "unknown-element", "%s is of type %s and has no elements", found.Path, typ.Name)
		}
		inside = typ.Inside
		l.read[inside] = true
	}
	return nil
}

// last holds what a line says of the element to what the element is.
func (l *linter) last(e element, found *fhir.Element, typ fhir.ElementType) error {
	if strings.HasPrefix(e.path[len(e.path)-1].name, "_") {
		for _, profile := range Profiles {
			if action := e.actions[profile]; action != "drop" && action != "-" {
				return badf(fieldActions+slices.Index(Profiles, profile), "action-does-not-fit", "what stands beside a value is never read").maybe("drop: only that it is there")
			}
		}
	}
	name := typ.Name
	if found.Path == "Resource.id" {
		name = "id"
	}
	complexList := found.Repeats && typ.Inside != "" && e.typ == "BackboneElement"
	if e.typ != name && !(complexList && typ.Name != "Reference") && !(e.typ == "Element" && l.does(e, "count")) {
		return badf(fieldType, "wrong-type", "%s is of type %s in R4", found.Path, name)
	}
	for _, target := range e.targets {
		if !slices.Contains(typ.Targets, target) && !slices.Contains(typ.Targets, "Resource") {
			return badf(fieldType, "wrong-target", "%s names no %s in R4", found.Path, target).maybe("it names " + strings.Join(typ.Targets, ", "))
		}
	}
	if e.typ == "Reference" && len(e.targets) == 0 {
		return badf(fieldType, "missing-target", "a Reference says which types it may name").maybe("Reference(" + strings.Join(typ.Targets, ",") + ")")
	}
	return l.place(e, found.Path)
}

// actionPlaces are actions that may stand at some elements only: elsewhere the same type holds something else.
var actionPlaces = map[string][]string{
	"zip3": {"Address.postalCode"}, "zip5": {"Address.postalCode"}, "state": {"Address.state"}, "city": {"Address.city"},
	"profile": {"Meta.profile"}, "hide": {"Meta.lastUpdated"}, "newest": {"Meta.lastUpdated"},
	"own-shift": {"Resource.id"}, "birth": {"Patient.birthDate"}, "birth-year": {"Patient.birthDate"}, "over-89": {"Patient.birthDate"},
	"label": {"Resource.id"},
}

// anchors are dates that show the shift when they are shifted: they are sealed.
var anchors = []string{"Claim.billablePeriod", "Claim.created", "Coverage.period", "Meta.lastUpdated", "Observation.issued", "DiagnosticReport.issued", "Patient.birthDate"}

func (l *linter) place(e element, path string) error {
	for i, profile := range Profiles {
		action, field := e.actions[profile], fieldActions+i
		if places, bound := actionPlaces[action]; bound && !slices.Contains(places, path) {
			return badf(field, "wrong-place", "%s is for %s", action, strings.Join(places, ", "))
		}
		if action == "label" && l.typ != "Organization" && l.typ != "Location" {
			return badf(field, "wrong-place", "label is for the ids of Organization and Location")
		}
		if action == "pseudonym" && path != "Resource.id" && e.text != l.owner {
			return badf(field, "wrong-place", "pseudonym is for the id and the element that names the patient").maybe("reference")
		}
		if action == "shift" && slices.Contains(anchors, path) {
			return badf(field, "shows-shift", "%s shifted would show the shift", path).maybe("seal")
		}
	}
	return nil
}

// extension holds a line about an extension: where it is, and what its value may be.
func (l *linter) extension(e element, found *fhir.Element) error {
	if found.Path != "Element.extension" && found.Path != "DomainResource.extension" && !strings.HasSuffix(found.Path, ".modifierExtension") {
		return badf(fieldPath, "bad-path", "a URL stands after extension or modifierExtension only")
	}
	modifier := strings.HasSuffix(found.Path, ".modifierExtension")
	if modifier && !l.does(e, "negate") {
		return badf(fieldActions, "action-does-not-fit", "a modifier must change what the record means here, too").maybe("negate, or leave the line out: then a record with it is dropped")
	}
	if e.typ == "Extension" && l.does(e, "child") {
		return nil
	}
	name := strings.ToUpper(e.typ[:1]) + e.typ[1:]
	_, typ, ok := fhir.ElementOf("Extension", "value"+name)
	if !ok {
		return badf(fieldType, "wrong-type", "no extension has a value of type %s in R4", e.typ)
	}
	if e.typ == "Reference" && len(e.targets) == 0 {
		return badf(fieldType, "missing-target", "a Reference says which types it may name")
	}
	return l.place(e, "Extension.value"+typ.Name)
}

// does says whether every profile that has a line does this with it.
func (l *linter) does(e element, action string) bool {
	for _, profile := range Profiles {
		if a := e.actions[profile]; a != "-" && a != action {
			return false
		}
	}
	return true
}

// readModifiers are elements that may change a record's meaning and that are looked at in every record: with the first
// three it is dropped, a quantity with a comparator is left out, and of addresses the one in use is taken.
var readModifiers = []string{"Resource.implicitRules", "DomainResource.modifierExtension", "BackboneElement.modifierExtension", "Quantity.comparator", "Address.use"}

// modifiers tells of modifier elements (FHIR R4, "Modifier Elements") where the table reads, and that no line
// lists. Who does not read them may take a record for what it is not.
func (l *linter) modifiers() {
	for i, name := range l.refused {
		e, _, ok := fhir.ElementOf(l.typ, name)
		if !ok {
			d := l.said["refuse"]
			l.report.words(d.line, d.text, badf(1+i, "unknown-element", "R4 has no element %s in %s", name, l.typ).maybe(source.DidYouMean(name, fhir.Members(l.typ))))
			continue
		}
		l.read[e.Path] = true
	}
	for inside := range l.read {
		for _, e := range fhir.ElementsOf(inside) {
			if e.Modifier && !l.read[e.Path] && !slices.Contains(readModifiers, e.Path) {
				l.report.whole("unlisted-modifier", e.Path+" may change the meaning of a record, and no line lists it",
					"list it, or say: refuse "+strings.TrimPrefix(strings.TrimSuffix(e.Path, "[x]"), l.typ+".")+", and records that have it are dropped")
			}
		}
	}
}
