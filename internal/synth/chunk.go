package synth

import (
	"math/rand/v2"
)

// file is one of the export's files.
type file int

const (
	fileOrganization file = iota
	fileLocation
	filePractitioner
	filePatient
	fileEncounter
	fileCondition
	fileObservation
	fileProcedure
	fileMedicationRequest
	fileImmunization
	fileCoverage
	fileDiagnosticReport
	fileCount
)

var resourceTypes = [fileCount]string{
	"Organization", "Location", "Practitioner", "Patient", "Encounter", "Condition", "Observation", "Procedure",
	"MedicationRequest", "Immunization", "Coverage", "DiagnosticReport",
}

func (f file) name() string { return resourceTypes[f] + ".ndjson.gz" }

// chunkSize is how many patients are simulated, counted and compressed as one piece
// of work. A chunk is a gzip member of its own, so workers need not wait for each other.
const chunkSize = 64

// chunk is the part of the export that some patients make. Its buffers are reused.
type chunk struct {
	files      [fileCount]part
	tally      *tally
	withheld   int
	superseded [fileCount]int
	dropped    [fileCount]int
	dirty      *dirt
	dirtyShare float64
	markers    []marker
	worker     *worker
}

// part is a chunk's share of one file.
type part struct {
	plain   text // lines in order
	late    text // older versions, which come after
	lines   int
	lateRun int
	bad     []badLine
	packed  []byte
}

func (c *chunk) reset() {
	for i := range c.files {
		f := &c.files[i]
		f.plain, f.late, f.lines, f.lateRun, f.bad, f.packed = f.plain[:0], f.late[:0], 0, 0, f.bad[:0], f.packed[:0]
	}
	c.withheld, c.superseded, c.dropped, c.markers = 0, [fileCount]int{}, [fileCount]int{}, c.markers[:0]
	c.tally.clear()
}

// emit writes a resource and, when it has some, its other versions.
func emit[T any](c *chunk, f file, w *world, p *person, e T, r *resource, render func(text, *world, *person, *T) text, older func(*T)) {
	part := &c.files[f]
	if r.copies == olderBefore {
		old := e
		older(&old)
		part.plain = render(part.plain, w, p, &old)
		part.lines++
	}
	from := len(part.plain)
	part.plain = render(part.plain, w, p, &e)
	part.lines++
	switch r.copies {
	case single:
	case olderAfter:
		old := e
		older(&old)
		part.late = render(part.late, w, p, &old)
		part.lateRun++
	case twice:
		part.plain = append(part.plain, part.plain[from:]...)
		part.lines++
	}
	if r.copies != single {
		c.superseded[f]++
	}
	if c.dirtyShare > 0 {
		c.dirty.maybe(part, f, c.dirtyShare)
	}
}

// write renders all of a person's resources. Copies of the person's own struct are
// shallow: an older Patient shares the lists, which no one changes.
func (c *chunk) write(w *world, p *person) {
	if !p.orphan {
		emit(c, filePatient, w, p, *p, &p.resource, text.patient, olderPatient)
	}
	for i := range p.encounters {
		emit(c, fileEncounter, w, p, p.encounters[i], &p.encounters[i].resource, text.encounter, olderEncounter)
	}
	for i := range p.conditions {
		emit(c, fileCondition, w, p, p.conditions[i], &p.conditions[i].resource, text.condition, olderCondition)
	}
	for i := range p.observations {
		emit(c, fileObservation, w, p, p.observations[i], &p.observations[i].resource, text.observation, olderObservation)
	}
	for i := range p.procedures {
		emit(c, fileProcedure, w, p, p.procedures[i], &p.procedures[i].resource, text.procedure, olderProcedure)
	}
	for i := range p.medications {
		emit(c, fileMedicationRequest, w, p, p.medications[i], &p.medications[i].resource, text.medicationRequest, olderMedicationRequest)
	}
	for i := range p.immunizations {
		emit(c, fileImmunization, w, p, p.immunizations[i], &p.immunizations[i].resource, text.immunization, olderImmunization)
	}
	for i := range p.coverages {
		emit(c, fileCoverage, w, p, p.coverages[i], &p.coverages[i].resource, text.coverage, olderCoverage)
	}
	for i := range p.reports {
		emit(c, fileDiagnosticReport, w, p, p.reports[i], &p.reports[i].resource, text.report, olderReport)
	}
	c.refused(w, p)
}

// finish appends the late versions and compresses every part.
func (c *chunk) finish(z *packer) {
	for i := range c.files {
		f := &c.files[i]
		f.plain = append(f.plain, f.late...)
		f.lines += f.lateRun
		if len(f.plain) > 0 {
			f.packed = z.pack(f.packed, f.plain)
		}
	}
}

// places renders the resources that belong to no patient: sites, their locations and
// the people who work there.
func (c *chunk) places(w *world) {
	rng := stream(w.seed, streamSites+1)
	updated := w.start.wall()
	for i := range w.sites {
		s := &w.sites[i]
		emit(c, fileOrganization, w, nil, *s, &resource{}, func(b text, _ *world, _ *person, s *site) text {
			b = b.open("Organization", &resource{id: s.id, updated: updated}, "us-core-organization")
			return b.raw(`,"active":true,"type":[{"coding":[{"system":"`, terminology, `organization-type","code":"prov"}]}],"name":"`, s.label,
				` of Doctor Featherstone","telecom":[{"system":"phone","value":"555-010-0000"}],"address":[{"city":"Eastmere","state":"NY","postalCode":"10027"}]}`, "\n")
		}, nil)
		emit(c, fileLocation, w, nil, *s, &resource{}, func(b text, _ *world, _ *person, s *site) text {
			b = b.open("Location", &resource{id: s.location, updated: updated}, "us-core-location")
			return b.raw(`,"status":"active","name":"`, s.label, ` main house","address":{"line":["1 Marigold Street"],"city":"Eastmere","state":"NY"}`).
				reference("managingOrganization", "Organization", s.id).raw("}\n")
		}, nil)
		for range 4 {
			practitioner(c, w, rng, updated)
		}
	}
}

func practitioner(c *chunk, w *world, rng *rand.Rand, updated int64) {
	id, name := newUID(rng), familyNames[rng.IntN(len(familyNames))]
	emit(c, filePractitioner, w, nil, id, &resource{}, func(b text, _ *world, _ *person, id *uid) text {
		b = b.open("Practitioner", &resource{id: *id, updated: updated}, "us-core-practitioner")
		return b.raw(`,"active":true,"name":[{"family":"`, name, `","prefix":["Dr."]}]}`, "\n")
	}, nil)
}
