package synth

import "fmt"

// thresholds are the ages at which a definition or an age band changes.
var thresholds = []int{18, 24, 30, 45, 50, 65, 75, 76, 85, 86, 90}

func (s *life) demographics() {
	p, w := s.p, s.w
	p.home = s.homeSite()
	s.born()
	p.gender = []string{"female", "male", "other", "unknown", ""}[s.weighted(508, 475, 7, 6, 4)]
	s.origin()
	p.language = []string{"en", "en-US", "es", "zh", "vi", "ht", ""}[s.weighted(60, 15, 13, 3, 1, 1, 7)]
	s.address()
	s.dies()
	wall := w.start.wall()
	if s.last > w.start {
		wall = s.last.wall()
	}
	p.resource = resource{id: p.id, updated: wall + s.anyTime()}
	p.copies = copies(s.weighted(994, 2, 2, 2))
}

func (s *life) homeSite() int {
	n := 0
	for _, site := range s.w.sites {
		n += site.weight
	}
	n = s.rng.IntN(n)
	for i, site := range s.w.sites {
		if n -= site.weight; n < 0 {
			return i
		}
	}
	return 0
}

// born draws age by a rough US age pyramid of people who see a doctor, and puts
// one in fifteen on a birthday at a threshold, on the day ages are taken or one later.
func (s *life) born() {
	bands := [][2]int{{0, 17}, {18, 44}, {45, 64}, {65, 74}, {75, 84}, {85, 89}, {90, 101}}
	band := bands[s.weighted(18, 32, 26, 13, 7, 2, 2)]
	age := s.between(band[0], band[1])
	y, m, d := s.w.end.date()
	birth := civil(y-age, m, d) - day(s.rng.IntN(365))
	switch n := s.rng.IntN(60); {
	case n < 4:
		on := addMonths(s.w.firstWatch, s.between(1, max(1, s.w.months))) - day(s.between(0, 1))
		y, m, d := on.date()
		birth = civil(y-pick(s, thresholds), m, d)
	case n == 4:
		if y, _, _ := birth.date(); y%4 == 0 && y != 1900 {
			birth = civil(y, 2, 29)
		}
	}
	s.age = ageOn(birth, s.w.end)
	s.birth, s.first = birth, max(s.w.start, birth)
	prec := []precision{toDay, toMonth, toYear, none}[s.weighted(960, 12, 12, 16)]
	s.p.birth = on(birth, prec)
	if prec == toDay && s.chance(0.0008) {
		s.p.birth = on(civil(1900, 1, 1), toDay) // a sentinel that some systems write for "unknown"
	}
}

func (s *life) origin() {
	p := s.p
	switch s.weighted(610, 140, 70, 20, 10, 30, 15, 15, 20, 70) {
	case 0:
		p.races = []*omb{white}
	case 1:
		p.races = []*omb{black}
	case 2:
		p.races = []*omb{asian}
		p.raceDetail = s.chance(0.3)
	case 3:
		p.races = []*omb{native}
	case 4:
		p.races = []*omb{pacific}
	case 5:
		p.races = []*omb{white, pick(s, []*omb{black, asian, native})}
	case 6:
		p.races = []*omb{declined}
	case 7:
		p.races = []*omb{unknown}
	case 8:
		p.raceText = true
	}
	p.ethnicity = []*omb{nonHispanic, hispanic, nil}[s.weighted(70, 22, 8)]
}

// ZIP codes: mostly around New York, some in three-digit areas of few people, and
// some that no rule can place.
var (
	usualZIPs  = []string{"10027", "10453", "11201", "11385", "10002", "07030", "06902", "12203", "14609", "13210", "02139", "19104", "10027-1234", "112011234"}
	rareZIPs   = []string{"03601", "05901", "10201", "20301", "82101", "83001", "87901", "89301", "69201", "55601", "87801", "36901"}
	brokenZIPs = []string{"SW1A 1AA", "M5V 2T6", "09012", "96201", "1234", "ABCDE", "１００２７", "00000", "10O27"}
)

func (s *life) address() {
	p := s.p
	switch s.weighted(930, 40, 20, 10) {
	case 0:
		p.zip = pick(s, usualZIPs)
	case 1:
		p.zip = pick(s, rareZIPs)
	case 2:
		p.zip = pick(s, brokenZIPs)
	}
	p.state = []string{"NY", "NJ", "CT", "MA", "New York", ""}[s.weighted(70, 12, 8, 6, 3, 1)]
	p.city, p.country = pick(s, cities), "US"
	n := s.rng.IntN(900) + 100
	p.given = pick(s, givenNames)
	p.family = fmt.Sprintf("%s%d", pick(s, familyNames), n)
	p.street = fmt.Sprintf("%d %s %s", s.between(1, 9999), pick(s, streetNames), pick(s, []string{"Street", "Avenue", "Lane"}))
	p.phone = fmt.Sprintf("555-%03d-%04d", s.between(200, 999), s.rng.IntN(10000))
	p.email = fmt.Sprintf("%s.%s@mail.example", p.given, p.family)
	p.mrn = fmt.Sprintf("MRN-%07d", (s.p.index+1)*7919%10_000_000)
	p.ssn = fmt.Sprintf("999-%02d-%04d", s.between(10, 99), s.rng.IntN(10000))
}

var (
	givenNames  = []string{"Adaline", "Bertram", "Cosima", "Darnell", "Eulalia", "Florian", "Graciela", "Horace", "Ingrid", "Joaquin", "Keziah", "Leopold", "Marisol", "Nathaniel", "Ottilie", "Percival"}
	familyNames = []string{"Abernethy", "Birtwhistle", "Castellanos", "Dunkelberg", "Echeverria", "Featherstone", "Goldschmidt", "Hollingshead", "Ildefonso", "Jankowski", "Kovalenko", "Lindqvist", "Montefiore", "Nakagawa", "Okonkwo", "Papadakis", "O'Rourke", "Müller"}
	streetNames = []string{"Marigold", "Thornbury", "Kingfisher", "Willowbrook", "Larkspur", "Copperfield", "Juniper", "Bramblewood"}
	cities      = []string{"Eastmere", "Port Halden", "Willowfield", "Northgate", "Saint Orrin"}
)

// dies decides on death by a Gompertz-like hazard (0.06 % a year at 30, doubling every
// eight years) over the study, and on how the Patient says so.
func (s *life) dies() {
	w, p := s.w, s.p
	s.last = w.end
	if s.age < 0 || p.index == 0 { // the first patient is the one who is seen on the last day
		return
	}
	switch n := s.rng.IntN(2000); {
	case n < 8: // dead before the study
		s.last = w.start - day(s.between(1, 400))
		p.death = on(s.last, toDay)
		s.hasDeath = true
		return
	case n < 20: // dead, no one wrote when
		p.deceased = 1
		s.last = s.dayIn(w.start, w.end)
		return
	case n < 60:
		p.deceased = 2
	}
	yearly := 0.0006
	for a := 30; a < s.age && yearly < 0.4; a += 8 {
		yearly *= 2
	}
	at := w.start + s.wait(yearly)
	if at > w.end || s.chance(0.3) {
		return
	}
	p.deceased, s.hasDeath, s.last = 0, true, at
	if s.chance(0.12) { // at the edge of a period
		if e := dayOfWall(s.edge()); e >= w.start && e <= w.end {
			s.last = e
		}
	}
	switch s.weighted(50, 40, 10) {
	case 0:
		p.death = on(s.last, toDay)
	case 1:
		p.death = s.at(s.last.wall() + 23*3_600_000 + int64(s.between(0, 59))*60_000)
	case 2:
		p.death = on(s.last, toMonth)
	}
	s.diesInBed = s.chance(0.4)
}
