package synth

// refused writes, for one patient in forty, resources that a careful reader must leave out
// whole: their meaning may be turned by a modifier that it does not know, or by
// rules that it has not read (FHIR R4, resource.implicitRules and
// extensibility.modifierExtension). They are copies that would count, and are not in truth.
func (c *chunk) refused(w *world, p *person) {
	if p.orphan || p.index%40 != 11 {
		return
	}
	for i := range p.observations {
		if o := p.observations[i]; o.code.kind == pressurePanel && o.counts() && o.effective.present() {
			o.id[0] ^= 0xff
			o.systolic, o.diastolic = quantity{104, 0, measured, mmHg}, quantity{66, 0, measured, mmHg}
			c.refuse(fileObservation, text.observation(nil, w, p, &o),
				`"modifierExtension":[{"url":"https://ehr.example.org/fhir/StructureDefinition/hypothetical","valueBoolean":true}]`)
			break
		}
	}
	for i := range p.encounters {
		if e := p.encounters[i]; e.status == "finished" {
			e.id[0] ^= 0xff
			e.class = "EMER"
			c.refuse(fileEncounter, text.encounter(nil, w, p, &e), `"implicitRules":"https://ehr.example.org/rules/draft"`)
			break
		}
	}
}

// refuse appends a line with one more member.
func (c *chunk) refuse(f file, line text, member string) {
	part := &c.files[f]
	part.plain = append(part.plain, line[:len(line)-2]...).raw(`,`, member, "}\n")
	part.lines++
	c.dropped[f]++
}
