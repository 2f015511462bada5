package deid

import (
	"slices"

	"farr/datasets/fhir"
)

// Verdict is what became of a record.
type Verdict string

// The verdicts.
const (
	Stored      Verdict = ""
	NotInPolicy Verdict = "not-in-policy"   // its type has no policy table
	Dropped     Verdict = "dropped"         // the policy drops it, see Extractor.Reason
	NoSubject   Verdict = "missing-subject" // it names no patient that can be followed
	OptedOut    Verdict = "opted-out"       // it is of a person who is left out
)

// Reasons of Dropped.
const (
	ImplicitRules      = "implicit-rules"
	UnknownModifier    = "unknown-modifier-extension" // or one that cannot be read
	RefusedModifier    = "refused-modifier"           // an element that the table refuses
	MalformedExtension = "malformed-extension"        // it may say that nothing was done
	NotAPatient        = "subject-not-a-patient"
)

// Extractor makes Records of raw resources. It belongs to one goroutine.
type Extractor struct {
	plan   *Plan
	zone   *Zone
	source string
	labels map[string]string
	pseudo *Pseudonyms
	shifts *Shifter
	sealer *Sealer
	words  *lexicon
	refs   *refCache
	key    *Key
	out    *LeftOut // nil where nobody is
	pad    *pad     // under safe-harbor
	person *ID      // whose everything is; nil where each resource names its patient
	rows   [][]*row // by type and table
	links  linked
	claims *claims    // nil without linkage
	elders *elders    // nil under limited, which shows all ages
	lost   []int64    // by counter of the plan
	codes  [][2]int64 // by counter of the plan: codings that concept maps know, and that they should
	unread []int64    // members without a line, by type

	// Of the record in hand.
	typ       *typePlan
	typeRows  []*row
	pid, rid  ID
	shift     int64 // days
	void      bool
	negated   bool
	about     subject
	late      []late
	unclear   bool // the zone does not give back the offset of one of its dates
	sealAll   bool // so all of its dates are sealed
	skipRow   bool // the child row in hand is not to be kept
	picked    int  // how many there were to pick from
	reason    string
	since     int64 // first and last day that may order it, noDay and noDate when there is none
	until     int64
	born      int64            // first day of the birth date, noDay when there is none
	aged      int64            // greatest age up to 89, in years; -1 when there is none
	updated   int64            // lastUpdated under safe-harbor, milliseconds UTC; noDate when there is none
	deletions map[ID]*deletion // by the source

	ordinals []int32
	around   int32 // ordinal of the child row in whose element the walk is
	children []byte
	blob     []byte
	sealed   []byte
}

// subject is what a code says of the value beside it.
type subject struct{ age, birth bool }

// late is a value that may be an age over 89 or a date of birth: its code, which may
// stand after it, decides.
type late struct {
	row     *row
	columns []int
	loss    int
	birth   bool         // it is a date
	young   bool         // it is an age up to 89
	value   fhir.Decimal // of a number, and its unit
	unit    string
	days    bool // under safe-harbor: it is a time of a day and more
	undated bool // under safe-harbor: an age is in completed years
}

// Config is what extractors of one run share.
type Config struct {
	Plan       *Plan
	Key        *Key
	Zone       *Zone
	Source     string
	Labels     map[string]string // operator's labels by id of Organization or Location
	Maps       *ConceptMap       // of codes to standard codes; nil where there is none
	Dictionary *Dictionary
	LeftOut    *LeftOut // whom to leave out; nil for nobody
	Link       bool     // the same person in several sources is to be found
}

// NewExtractor makes an extractor.
func NewExtractor(c Config) *Extractor {
	x := &Extractor{
		plan: c.Plan, zone: c.Zone, source: c.Source, labels: c.Labels, key: c.Key, out: c.LeftOut,
		pseudo: NewPseudonyms(c.Key, c.Source), shifts: NewShifter(c.Key), sealer: NewSealer(c.Key),
		words: newLexicon(c.Dictionary, c.Plan.policy, c.Maps), refs: newRefCache(),
		lost: make([]int64, len(c.Plan.losses)), codes: make([][2]int64, len(c.Plan.losses)), unread: make([]int64, len(c.Plan.types)),
	}
	if c.Link {
		x.claims = newClaims(c.Key)
	}
	if c.Plan.profile == SafeHarbor {
		x.pad = newPad(c.Key)
	}
	if c.Plan.profile != Limited {
		x.elders = &elders{last: noDate}
	}
	widest := 0
	for _, t := range c.Plan.types {
		var rows []*row
		for _, table := range t.tables {
			rows = append(rows, newRow(table))
		}
		x.rows = append(x.rows, rows)
		widest = max(widest, len(t.tables))
	}
	x.ordinals = make([]int32, widest)
	return x
}

// Turn goes on with another source, which is the record of one person alone: what
// it holds is that person's, whomever it names.
func (x *Extractor) Turn(source string, patient []byte) {
	x.source, x.pseudo = source, NewPseudonyms(x.key, source)
	x.refs.forget()
	person := x.pseudo.Of("Patient", patient)
	x.person = &person
}

// Extract makes the Record of a parsed resource, valid until the next call.
// sequence orders records of one id when their lastUpdated does not.
func (x *Extractor) Extract(d *fhir.Doc, sequence uint64) (Record, Verdict) {
	t := x.typ // lines of a type mostly stand together
	if t == nil || t.typ != d.Type() {
		if t = x.plan.byName[d.Type()]; t == nil {
			return Record{}, NotInPolicy
		}
	}
	x.sealAll = false
	r, verdict := x.extract(t, d, sequence)
	if x.unclear && verdict == Stored {
		// A sealed time of day can only be one of the hour that the change of clocks repeats,
		// so an open date beside it would give the shift away: the record is made again with
		// every date sealed. It is counted once.
		lost, unread, codes := slices.Clone(x.lost), slices.Clone(x.unread), slices.Clone(x.codes)
		x.sealAll = true
		r, verdict = x.extract(t, d, sequence)
		copy(x.lost, lost)
		copy(x.unread, unread)
		copy(x.codes, codes)
	}
	if verdict == Stored && len(x.links.now) > 0 {
		x.links.add(x.pid)
	}
	if x.claims != nil && t.owner == "id" && (verdict == Stored || verdict == OptedOut) {
		x.claims.take(x, d.Root(), sequence, verdict == OptedOut)
	}
	return r, verdict
}

func (x *Extractor) extract(t *typePlan, d *fhir.Doc, sequence uint64) (Record, Verdict) {
	root := d.Root()
	x.typ, x.typeRows = t, x.rows[t.kind]
	x.void, x.negated, x.unclear, x.reason = false, false, false, ""
	x.about, x.late, x.updated = subject{}, x.late[:0], noDate
	x.links.now = x.links.now[:0]
	x.since, x.until, x.born, x.aged = noDay, noDate, noDay, -1
	x.children = x.children[:0]
	clear(x.ordinals)
	x.rid = x.pseudo.Of(t.typ, d.ID())
	if t.owner == "id" && x.out.has(d.ID(), x.rid) {
		return Record{}, OptedOut
	}
	if verdict := x.subject(root); verdict != Stored {
		return Record{}, verdict
	}
	r := x.typeRows[0]
	r.reset()
	x.object(t.root, root, r)
	if x.reason != "" {
		return Record{}, Dropped
	}
	x.complete(r)
	return x.record(r, sequence), Stored
}

// subject finds whose record it is, and with it the shift of its dates.
func (x *Extractor) subject(root fhir.Node) Verdict {
	x.pid, x.shift = ID{}, 0
	switch owner := x.typ.owner; owner {
	case "none":
	case "id":
		x.pid, x.shift = x.rid, x.shifts.Days(x.rid)
	default:
		if x.person != nil {
			x.pid, x.shift = *x.person, x.shifts.Days(*x.person)
			break
		}
		ref, e := x.reference(patientField, root.Get(owner))
		switch ref.is {
		case refUnusable:
			return NoSubject
		case refLeftOut:
			x.out.note(x.rid)
			return OptedOut
		case refOtherType:
			x.reason = NotAPatient
			return Dropped
		}
		if e.shift == 0 {
			e.shift = x.shifts.Days(ref.id)
		}
		x.pid, x.shift = ref.id, e.shift
	}
	return Stored
}

// object walks an object along the tree. What the tree does not name is not read.
func (x *Extractor) object(n *node, v fhir.Node, r *row) {
	for name, value := range v.Members() {
		child := n.children.find(name)
		switch string(name) {
		case "modifierExtension":
			if !modifiersKnown(child, value) {
				x.reason = UnknownModifier
				return
			}
		case "implicitRules", "_implicitRules":
			x.reason = ImplicitRules
			return
		}
		if child == nil {
			if len(n.steps) == 0 { // else its steps read the element whole
				x.unread[x.typ.kind]++
			}
			continue
		}
		x.visit(child, value, r)
		if x.reason != "" {
			return
		}
	}
}

// modifiersKnown says whether the tree names every modifier, each with a value.
func modifiersKnown(n *node, list fhir.Node) bool {
	if list.Kind() != fhir.Array {
		return false
	}
	for m := range list.Items() {
		if n == nil || n.byURL[string(m.Get("url").Str())] == nil {
			return false
		}
		valued := false
		for name := range m.Members() {
			valued = valued || isValue(name)
		}
		if !valued {
			return false
		}
	}
	return true
}

func isValue(name []byte) bool { return len(name) > 5 && string(name[:5]) == "value" }

// visit does what the tree says of one element.
func (x *Extractor) visit(n *node, v fhir.Node, r *row) {
	switch {
	case n.byURL != nil:
		x.extensions(n, v, r)
		return
	case n.array == "each":
		for item := range v.Items() {
			x.child(n, item)
		}
		return
	case n.array == "list":
		if v.Kind() != fhir.Array {
			x.lost[n.loss]++
			return
		}
	case n.array != "":
		if v, x.picked = pick(n.array, v); !v.Exists() {
			return
		}
	}
	for _, do := range n.steps {
		do(x, r, v)
	}
	if n.children != nil {
		x.object(n, v, r)
	}
}

// child makes one row of a child table. Child tables may be nested.
func (x *Extractor) child(n *node, v fhir.Node) {
	r := x.typeRows[n.table]
	r.reset()
	skip, around := x.skipRow, x.around
	x.skipRow = false
	r.ordinal = x.ordinals[n.table]
	about, from := x.about, len(x.late)
	x.about, x.around = subject{}, r.ordinal
	for _, do := range n.steps {
		do(x, r, v)
	}
	if n.byURL != nil {
		x.extensions(n, v.Get("extension"), r)
	}
	if n.children != nil {
		x.object(n, v, r)
	}
	x.settle(from)
	x.about, x.around = about, around
	if x.skipRow, skip = skip, x.skipRow; skip {
		return
	}
	x.ordinals[n.table]++
	at := 1
	if x.typ.owned() {
		at = 2
	}
	r.setNumber(at, int64(r.ordinal))
	if n.parent >= 0 {
		r.setNumber(n.parent, int64(around))
	}
	x.children = append(x.children, byte(n.table))
	x.children = r.encode(x.children)
}

// extensions reads those of a list of extensions that the tree names.
func (x *Extractor) extensions(n *node, list fhir.Node, r *row) {
	if list.Kind() != fhir.Array {
		x.reason = MalformedExtension
		return
	}
	for e := range list.Items() {
		known := n.byURL[string(e.Get("url").Str())]
		if known == nil {
			continue
		}
		if known.byURL != nil {
			switch parts := e.Get("extension"); {
			case !parts.Exists():
				x.lost[known.loss]++
			case known.table >= 0:
				x.child(known, e)
			default:
				x.extensions(known, parts, r)
			}
			continue
		}
		for name, value := range e.Members() {
			switch {
			case !isValue(name):
			case !known.holds(name):
				x.lost[known.loss]++
				if known.negates {
					x.reason = UnknownModifier
					return
				}
			case known.table >= 0:
				x.child(known, value)
			default:
				x.visit(known, value, r)
			}
		}
	}
}

// holds says whether a member of an extension is its value, of a type that a line lists. An extension by its URL
// alone may hold anything.
func (n *node) holds(member []byte) bool {
	for _, name := range n.values {
		if string(member) == name {
			return true
		}
	}
	return false
}

// complete fills what every row of a main table has. What all rows of a resource have in
// common, Finisher.common fills.
func (x *Extractor) complete(r *row) {
	x.settle(0)
	r.setText(x.typ.main.source, x.source)
	if negated := x.typ.main.negated; negated >= 0 {
		r.setBool(negated, x.negated)
	}
}

// seal fills a sealed cell of a row.
func (x *Extractor) seal(r *row, column int, id columnID, v Value) {
	x.sealed = x.sealer.seal(x.sealed[:0], id, r.ordinal, &x.pid, &x.rid, v)
	r.setBytes(column, x.sealed)
}

// record puts the rows together.
func (x *Extractor) record(r *row, sequence uint64) Record {
	date := int64(noDate)
	if x.pad != nil { // rows are not in order of dates
		date = x.updated ^ x.pad.of(&x.rid, sequence)
	} else {
		for _, column := range x.typ.order {
			if c := r.cells[column]; c.set {
				date = c.number
				break
			}
		}
	}
	flags := byte(0)
	if x.typ.clinical && !x.void && !x.negated {
		flags |= flagClinical
	}
	if x.elders != nil {
		x.elders.note(x, flags&flagClinical != 0)
		if x.aged >= 0 {
			flags |= flagAged
		}
	}
	b := appendHead(x.blob[:0], &x.rid, sequence, date, flags)
	b = r.encode(b)
	b = append(b, x.children...)
	x.blob = b
	return Record{kind: uint8(x.typ.kind), pid: x.pid, rid: x.rid, body: b}
}

// Reason is why the newest record was dropped.
func (x *Extractor) Reason() string { return x.reason }

// AddLost adds, by path of the policy, how many values were left out because they
// were not of their type, not in their list or not in a kept code system.
func (x *Extractor) AddLost(into map[string]int64) {
	for i, n := range x.lost {
		if n > 0 {
			into[x.plan.losses[i]] += n
		}
	}
}

// count counts what became of the codings of an element.
func (x *Extractor) count(loss int, e entry) {
	x.lost[loss] += int64(e.lost)
	if e.mapped+e.unmapped > 0 {
		x.codes[loss][0] += int64(e.mapped)
		x.codes[loss][1] += int64(e.unmapped)
	}
}

// AddMapped adds, by path of the policy, how many codings a concept map gave standard codes, and
// how many of systems that it is for it does not know.
func (x *Extractor) AddMapped(mapped, unmapped map[string]int64) {
	for i, n := range x.codes {
		if n[0] > 0 {
			mapped[x.plan.losses[i]] += n[0]
		}
		if n[1] > 0 {
			unmapped[x.plan.losses[i]] += n[1]
		}
	}
}

// AddUnread adds, by resource type, how many elements no line of the policy lists.
func (x *Extractor) AddUnread(into map[string]int64) {
	for i, n := range x.unread {
		if n > 0 {
			into[x.plan.types[i].typ] += n
		}
	}
}
