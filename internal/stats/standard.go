package stats

// AgeGroup is a group of a standard population: completed years From to below To, of
// which the last has no end (To is 0), and its size in the standard.
type AgeGroup struct {
	From, To int
	Size     float64
}

// Standard is a standard population.
type Standard struct {
	Name   string
	Source string
	Groups []AgeGroup
}

// Standards are the populations to standardise to, by the name that a cohort's file uses.
var Standards = map[string]Standard{
	"us-2000": {"US 2000",
		"Klein RJ, Schoenborn CA. Age adjustment using the 2000 projected U.S. population. Healthy People Statistical Notes 20. NCHS 2001; US Census P25-1130",
		fiveYears([]float64{55317, 72533, 73032, 72169, 66478, 64529, 71044, 80762, 81851, 72118, 62716, 48454, 38793, 34264, 31773, 26999, 17842, 15508}, 13818)},
	"esp-2013": {"European Standard Population 2013",
		"Eurostat. Revision of the European Standard Population. 2013",
		fiveYears([]float64{4000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000, 7000, 6500, 6000, 5500, 5000, 4000, 2500, 1500, 800, 200}, 1000)},
	"who-2000": {"WHO World Standard 2000-2025",
		"Ahmad OB, Boschi-Pinto C, Lopez AD, et al. Age standardization of rates: a new WHO standard. GPE Discussion Paper 31. WHO 2001",
		fiveYears([]float64{8860, 8690, 8600, 8470, 8220, 7930, 7610, 7150, 6590, 6040, 5370, 4550, 3720, 2960, 2210, 1520, 910, 440, 150, 40, 5}, 0)},
}

// fiveYears are groups of five years; where infants have a group of their own, the first
// of the others is 1 to 4.
func fiveYears(sizes []float64, infants float64) []AgeGroup {
	var groups []AgeGroup
	from := 0
	if infants > 0 {
		groups, from = append(groups, AgeGroup{0, 1, infants}), 1
	}
	for i, size := range sizes {
		g := AgeGroup{from, 5 * (i + 1), size}
		if from = g.To; i == len(sizes)-1 {
			g.To = 0
		}
		groups = append(groups, g)
	}
	return groups
}

// Between is how many of the standard are of completed years from, to below to; without an
// end where to is 0. A group is spread evenly over its years.
func (s Standard) Between(from, to int) float64 {
	total := 0.0
	for _, g := range s.Groups {
		if g.To == 0 { // the last
			if to == 0 {
				total += g.Size
			}
			continue
		}
		end := g.To
		if to > 0 {
			end = min(end, to)
		}
		if years := end - max(from, g.From); years > 0 {
			total += g.Size * float64(years) / float64(g.To-g.From)
		}
	}
	return total
}
