package attack

// offset leaves the shifts that move no open time into a span of unclear wall time.
func (a *attacker) offset(p *person) candidates {
	left := all()
	for _, wall := range p.moments {
		for _, span := range a.calendar.unclearAfter(wall) {
			for s := (span.Low - wall + dayMs - 1) / dayMs; s <= shifts && wall+s*dayMs < span.High; s++ {
				if s >= 1 {
					left.remove(int(s))
				}
			}
		}
	}
	return left
}

// newestEvent leaves the shifts that move no event past the newest day of the data.
func (a *attacker) newestEvent(p *person) candidates {
	left := all()
	if p.newest == never || !a.bounded {
		return left
	}
	for s := max(1, int(a.newest)-int(p.newest)+1); s <= shifts; s++ {
		left.remove(s)
	}
	return left
}

// vaccine leaves the shifts that move every dose to its product's launch day or past it. A dose that
// no shift moves there is a mistake of the record.
func (a *attacker) vaccine(p *person) candidates {
	left := all()
	for _, d := range p.doses {
		behind := int(d.launch) - int(d.day)
		if behind > shifts {
			continue
		}
		for s := 1; s < behind; s++ {
			left.remove(s)
		}
	}
	return left
}
