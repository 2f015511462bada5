package synth

// The event state of one patient. Truth is counted from these structs and the FHIR
// text is rendered from them; neither reads the other's work.

// uid is a resource id in the making, printed like a UUID.
type uid [2]uint64

// resource is what every written resource has. copies says whether an older version
// of it, or the same line again, is written too.
type resource struct {
	id      uid
	updated int64 // meta.lastUpdated, UTC milliseconds
	copies  copies
}

type copies uint8

const (
	single      copies = iota
	olderBefore        // an older, different version stands before it
	olderAfter         // an older, different version comes later in the file
	twice              // the same line once more
)

type person struct {
	resource
	index  int
	orphan bool // resources exist, the Patient was never delivered

	birth      moment
	gender     string // empty = absent
	races      []*omb
	raceDetail bool // also a detailed race, which is not one more race
	raceText   bool // the race extension has only text
	ethnicity  *omb
	language   string
	death      moment // deceasedDateTime
	deceased   int8   // deceasedBoolean: 0 absent, 1 true, 2 false
	home       int    // usual site

	given, family, street, city, state, zip, country, phone, email, mrn, ssn string

	encounters    []encounter
	conditions    []condition
	observations  []observation
	procedures    []procedure
	medications   []medicationRequest
	immunizations []immunization
	coverages     []coverage
	reports       []report
}

type encounter struct {
	resource
	status, class string // class empty = absent
	start, end    moment
	site          int // -1 = no serviceProvider
	disposition   string
	kind          *concept
	reason        *concept // reasonCode; nil = absent
	diagnoses     []int    // of the person's conditions, by rank
}

type condition struct {
	resource
	code            *concept
	clinical        string
	verification    string // empty = absent
	onset, recorded moment
	onsetPeriod     bool
	abatement       moment
	encounter       int
}

// begins is the start of onset[x], or recordedDate where onset is absent.
func (c *condition) begins() moment {
	if c.onset.present() {
		return c.onset
	}
	return c.recorded
}

// quantity is a decimal: number / 10^digits.
type quantity struct {
	number int
	digits int
	form   valueForm
	unit   *unit
}

type valueForm uint8

const (
	noValue  valueForm = iota // value[x] and dataAbsentReason absent
	measured                  // value, unit text, system and code
	unitText                  // value and unit text, no UCUM code
	masked                    // dataAbsentReason instead of a value
	wordy                     // valueString
	coded                     // valueCodeableConcept
)

// hasUnit says whether the value is a number in exactly this UCUM unit.
func (q quantity) hasUnit(u *unit) bool { return q.form == measured && q.unit == u }

// below and above compare exactly, in integers.
func (q quantity) below(limit int) bool { return q.number < limit*pow10(q.digits) }
func (q quantity) above(limit int) bool { return q.number > limit*pow10(q.digits) }

func pow10(n int) int {
	p := 1
	for ; n > 0; n-- {
		p *= 10
	}
	return p
}

type shape uint8

const (
	asDateTime shape = iota
	asPeriod
	asInstant
)

type observation struct {
	resource
	code      *concept
	status    string
	effective moment
	shape     shape
	value     quantity
	// blood pressure panels: a component with form noValue is not written
	systolic, diastolic quantity
	encounter           int
	site                int
	note                bool
}

type procedure struct {
	resource
	code      *concept
	status    string
	performed moment
	shape     shape
	encounter int
}

type medicationRequest struct {
	resource
	code         *concept
	status       string
	intent       string
	doNotPerform bool
	authored     moment
	encounter    int
}

type immunization struct {
	resource
	code       *concept
	status     string
	occurrence moment
	encounter  int
}

type coverage struct {
	resource
	status     string // empty = absent
	code       *concept
	payer      string
	start, end moment
}

type report struct {
	resource
	when      moment
	encounter int
}
