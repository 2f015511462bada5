package synth

import "strconv"

// text is JSON under construction. The renderer only appends: it allocates nothing per
// resource once its buffers have grown.
type text []byte

func (b text) raw(parts ...string) text {
	for _, s := range parts {
		b = append(b, s...)
	}
	return b
}

// str appends a JSON string. The generator's own words need no escape but quotes,
// backslashes and controls.
func (b text) str(s string) text {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, `\u00`...)
			b = append(b, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// uid appends an id as the 36 characters of a UUID.
func (b text) uid(u uid) text {
	const digits = "0123456789abcdef"
	for i := range 32 {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			b = append(b, '-')
		}
		b = append(b, digits[u[i/16]>>(60-4*(i%16))&15])
	}
	return b
}

func (u uid) String() string { return string(text(nil).uid(u)) }

func (b text) int(n int) text { return strconv.AppendInt(b, int64(n), 10) }

// decimal appends number / 10^digits with all its digits: 140.00 stays 140.00.
func (b text) decimal(number, digits int) text {
	if digits == 0 {
		return b.int(number)
	}
	p := pow10(digits)
	b = append(b.int(number/p), '.')
	for p /= 10; p > 0; p /= 10 {
		b = append(b, byte('0'+number/p%10))
	}
	return b
}

// when appends ,"name":"moment" unless the moment is absent.
func (b text) when(name string, m moment) text {
	if !m.present() {
		return b
	}
	b = b.raw(`,"`, name, `":"`)
	return append(m.append(b), '"')
}

// choice appends a choice of dateTime, Period or instant by its shape.
func (b text) choice(name string, m moment, s shape) text {
	switch {
	case !m.present():
		return b
	case s == asPeriod:
		b = append(m.append(b.raw(`,"`, name, `Period":{"start":"`)), '"')
		later := m
		later.wall = min(m.wall+300_000, m.day().wall()+dayMS-1000)
		if later.wall < m.wall {
			later = m
		}
		return append(later.append(b.raw(`,"end":"`)), '"', '}')
	case s == asInstant:
		return b.when(name+"Instant", m)
	}
	return b.when(name+"DateTime", m)
}

func (b text) reference(name, typ string, id uid) text {
	return b.raw(`,"`, name, `":{"reference":"`, typ, `/`).uid(id).raw(`"}`)
}

// coding appends ,"name":{"coding":[{...}]} of a system's only code.
func (b text) coding(name, system, code string) text {
	return b.raw(`,"`, name, `":{"coding":[{"system":"`, system, `","code":"`, code, `"}]}`)
}
