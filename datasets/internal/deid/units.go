package deid

import (
	"strings"

	"farr/datasets/fhir"
)

// unitOf is the UCUM unit of a Quantity, "" when it has none. ok is false when
// there is a unit that is not UCUM.
func (l *lexicon) unitOf(v fhir.Node) (unit string, ok bool) {
	code, system := v.Get("code").Str(), v.Get("system").Str()
	if len(code) == 0 {
		code = v.Get("unit").Str()
	} else if len(system) > 0 && string(system) != "http://unitsofmeasure.org" && string(system) != "urn:oid:2.16.840.1.113883.6.8" &&
		string(system) != "http://hl7.org/fhirpath/CodeSystem/calendar-units" {
		return "", false
	}
	if len(code) == 0 {
		return "", true
	}
	u, known := l.units[string(code)]
	if !known {
		u = knownUnit{string(code), calendarUnits[string(code)] || isUCUM(string(code))}
		l.units.store(code, u)
	}
	return u.text, u.ok
}

// knownUnit is a text and whether it is a unit.
type knownUnit struct {
	text string
	ok   bool
}

// isUCUM says whether the text is a UCUM term (UCUM 2.1, section "Full and Limited
// Conformance", case sensitive) of the atoms in use in medicine. A grammar that
// knows the atoms is needed: by characters alone a name or "SSN" would pass.
func isUCUM(s string) bool {
	if len(s) == 0 || len(s) > 40 {
		return false
	}
	rest, ok := ucumTerm(strings.TrimPrefix(s, "/"))
	return ok && rest == ""
}

// ucumTerm reads components joined by . and /.
func ucumTerm(s string) (rest string, ok bool) {
	for {
		if s, ok = ucumComponent(s); !ok {
			return s, false
		}
		if s == "" || s[0] != '.' && s[0] != '/' {
			return s, true
		}
		s = s[1:]
	}
}

func ucumComponent(s string) (rest string, ok bool) {
	if strings.HasPrefix(s, "(") {
		if s, ok = ucumTerm(s[1:]); !ok || !strings.HasPrefix(s, ")") {
			return s, false
		}
		return s[1:], true
	}
	end := strings.IndexAny(s, "./)")
	bracket := strings.IndexAny(s, "[{")
	if bracket >= 0 && (end < 0 || bracket < end) { // atoms such as [in_i'H2O] and annotations may hold anything
		closing := strings.IndexAny(s[bracket:], "]}")
		if closing < 0 {
			return s, false
		}
		end = strings.IndexAny(s[bracket+closing:], "./)")
		if end >= 0 {
			end += bracket + closing
		}
	}
	if end < 0 {
		end = len(s)
	}
	one, rest := s[:end], s[end:]
	if at := strings.IndexByte(one, '{'); at >= 0 {
		if !annotations[one[at:]] {
			return s, false
		}
		if one = one[:at]; one == "" {
			return rest, true
		}
	}
	if allDigits(one) && len(one) <= 3 || one == "10*" || one == "10^" {
		return rest, true
	}
	return rest, isUnit(one)
}

// isUnit reads [prefix] atom [exponent].
func isUnit(s string) bool {
	for _, ten := range []string{"10*", "10^"} {
		if power, ok := strings.CutPrefix(s, ten); ok {
			s = strings.TrimPrefix(strings.TrimPrefix(power, "-"), "+")
			return allDigits(s) && len(s) <= 2
		}
	}
	s = strings.TrimRight(s, "0123456789")
	s = strings.TrimRight(s, "+-")
	if metric[s] || nonMetric[s] {
		return true
	}
	for _, prefix := range []string{"da", "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "d", "c", "m", "u", "n", "p", "f", "a", "z", "y"} {
		if atom, ok := strings.CutPrefix(s, prefix); ok && metric[atom] {
			return true
		}
	}
	return false
}

func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

var (
	// Atoms that take a prefix.
	metric = words(`m s g rad K C cd mol sr Hz N Pa J W A V F Ohm S Wb Cel T H lm lx Bq Gy Sv l L ar t bar u eV pc
		cal cal_IT eq osm g% kat U [iU] [IU] m[Hg] m[H2O] B Np bit By Bd Ci R Lmb ph G P St Mx Oe Gb dyn erg`)
	// Atoms that take none. In mm[Hg] the prefix is before m[Hg].
	nonMetric = words(`% [ppth] [ppm] [ppb] [pptr] min h d wk mo a mo_j a_j a_g mo_s a_t deg ' '' gon atm att
		[in_i] [ft_i] [yd_i] [mi_i] [sin_i] [sft_i] [lb_av] [oz_av] [gr] [pt_us] [qt_us] [gal_us] [foz_us] [cup_us]
		[tbs_us] [tsp_us] [drp] [degF] [Cal] [pH] [in_i'H2O] [in_i'Hg] [diop] [hd_i] [hp_Q] [hp_X] [MET] [APL'U] [GPL'U]
		[MPL'U] [beth'U] [ELU] [arb'U] [Amb'a'1'U] [CFU] [PFU] [Lf] [FFU] [EID_50] [TCID_50] [CCID_50] [IR] [BAU] [AU]
		[D'ag'U] [todd'U] [dye'U] [ka'U] [knk'U] [mclg'U] [smgy'U] [tb'U] [USP'U] [HPF] [LPF] [p'diop] [S] [bdsk'U]
		[acr_us] [psi] [hnsf'U] [Ch] [car_m] [kn_i] [PNU] [GPL'U] [m/s2/Hz^0.5] [wood'U] [anti'Xa'U]`)
	// Units of CQL durations (CQL 1.5, "Quantities"): published measures and their data use
	// them where UCUM is asked for.
	calendarUnits = words(`year years month months week weeks day days hour hours minute minutes second seconds millisecond milliseconds`)
	// What an annotation may say: anything else could be a name.
	annotations = words(`{score} {Score} {count} {#} {beats} {beat} {breaths} {breath} {cells} {Cells} {cell} {titer} {ratio} {RATIO}
		{index} {index_val} {Index_val} {INR} {nominal} {copies} {Copies} {tablets} {tablet} {tab} {tbl} {capsule} {cap} {puff} {puffs}
		{dose} {doses} {units} {unit} {pills} {patch} {drop} {drops} {spray} {actuat} {application} {Pouch} {each} {visits} {events} {event}
		{days} {drinks} {drink} {cigarettes} {packs} {pack} {pack-year} {pregnancies} {episodes} {times} {WBCs} {100_WBCs} {RBC} {rbc} {HPF} {LPF}
		{EIA} {EIAU} {ISR} {OD} {SNRA} {Ehrlich_U} {Elisa} {fraction} {Rbc} {wbc} {T-score} {Z-score} {T_score} {Z_score} {GAA} {a} {estimated}
		{1.73_m2} {creat} {creatinine} {Hgb} {total} {plasma} {serum} {24h} {24_h} {CAG_repeats} {FEU} {DDU} {mass} {volume} {person} {bpm} {#}/d`)
)
