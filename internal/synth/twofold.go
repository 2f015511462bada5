package synth

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// TwofoldOptions are a population that two sources have Patients of.
type TwofoldOptions struct {
	Persons       int
	Seed          uint64
	First, Second string // folders to write into; each gets Patient.ndjson
	Out           string // file of the truth; none when empty
}

// Twofold is the truth: who is who.
type Twofold struct {
	Persons int         `json:"persons"`
	Pairs   [][2]string `json:"pairs"` // ids of one person in the first and in the second source
	// Errors counts what the second source has otherwise, and Traps persons who are not each other but nearly say so.
	Errors map[string]int `json:"errors"`
	Traps  map[string]int `json:"traps"`
}

// WriteTwofold writes the Patients of two sources. Half of the persons are in both, and the second source has many of those with
// errors as registries have them: a letter dropped, doubled, swapped or mistaken, a pet name, a married name, a birth date with
// day and month in each other's place or a digit wrong, a move, a field that is not there. Among the others are twins (family name,
// birth date and home are one, the given name is not), namesakes who were born on one day, and sons with the name and home of
// their father. Such persons are many times as frequent as in life, so that what is measured on them is worse than life.
func WriteTwofold(o TwofoldOptions) (*Twofold, error) {
	w := &twofold{rng: rand.New(rand.NewPCG(o.Seed, 0x2f01d)), truth: Twofold{Errors: map[string]int{}, Traps: map[string]int{}}}
	for w.truth.Persons < o.Persons {
		p := w.person()
		w.put(p)
		switch n := w.rng.IntN(1000); {
		case n < 15:
			w.put(w.twin(p))
		case n < 25:
			w.put(w.namesake(p))
		case n < 35:
			w.put(w.son(p))
		}
	}
	for i, dir := range []string{o.First, o.Second} {
		lines := w.lines[i]
		w.rng.Shuffle(len(lines), func(a, b int) { lines[a], lines[b] = lines[b], lines[a] })
		if err := writeLines(filepath.Join(dir, "Patient.ndjson"), lines); err != nil {
			return nil, err
		}
	}
	if o.Out != "" {
		text, err := json.MarshalIndent(w.truth, "", "  ")
		if err == nil {
			err = os.WriteFile(o.Out, append(text, '\n'), 0o644)
		}
		if err != nil {
			return nil, fmt.Errorf("synthetic sources: %w", err)
		}
	}
	return &w.truth, nil
}

func writeLines(path string, lines []string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("synthetic sources: %w", err)
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("synthetic sources: %w", err)
	}
	b := bufio.NewWriter(f)
	for _, line := range lines {
		b.WriteString(line)
		b.WriteByte('\n')
	}
	err = b.Flush()
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// identity is what a registry has of somebody.
type identity struct {
	given, family, sex, street, zip, phone string
	birth                                  time.Time
}

type twofold struct {
	rng   *rand.Rand
	truth Twofold
	next  int
	lines [2][]string
}

// often draws the first of a list most, as names are.
func (w *twofold) often(list []string) string {
	i := int(float64(len(list)) * w.rng.Float64() * w.rng.Float64())
	return list[i]
}

func (w *twofold) one(list []string) string { return list[w.rng.IntN(len(list))] }

func (w *twofold) chance(permille int) bool { return w.rng.IntN(1000) < permille }

func (w *twofold) person() identity {
	p := identity{sex: w.one([]string{"female", "male"}), birth: time.Date(1930, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, w.rng.IntN(34_000))}
	p.given = w.givenFor(p.sex)
	p.family = w.often(commonFamilies)
	if w.chance(600) {
		p.family = w.one(familyStarts) + w.one(familyMiddles) + w.one(familyEnds)
	}
	w.home(&p, "")
	return p
}

func (w *twofold) givenFor(sex string) string {
	if sex == "male" {
		return w.often(maleNames)
	}
	return w.often(femaleNames)
}

// home gives an address and a phone; of a ZIP that begins so, when that is said.
func (w *twofold) home(p *identity, zip3 string) {
	if zip3 == "" {
		zip3 = fmt.Sprintf("%03d", 100+w.rng.IntN(40))
	}
	p.zip = fmt.Sprintf("%s%02d", zip3, 1+w.rng.IntN(60))
	p.street = fmt.Sprintf("%d %s %s", 1+w.rng.IntN(9999), w.one(streetNames), w.one([]string{"Street", "Avenue", "Lane"}))
	p.phone = fmt.Sprintf("(%d) %03d-%04d", 201+w.rng.IntN(700), 200+w.rng.IntN(800), w.rng.IntN(10000))
}

// twin is born with somebody, and is called otherwise.
func (w *twofold) twin(p identity) identity {
	w.truth.Traps["twins"]++
	q := p
	q.sex = w.one([]string{p.sex, p.sex, "female", "male"})
	for q.given == p.given {
		q.given = w.givenFor(q.sex)
	}
	if w.chance(300) { // twins are often called alike
		list := femaleNames
		if q.sex == "male" {
			list = maleNames
		}
		for _, name := range list {
			if name[0] == p.given[0] && name != p.given {
				q.given = name
			}
		}
	}
	return q
}

// namesake has name, sex and birth date of somebody, and lives elsewhere.
func (w *twofold) namesake(p identity) identity {
	w.truth.Traps["namesakes born on one day"]++
	q := p
	area := ""
	if w.chance(200) {
		w.truth.Traps["namesakes born on one day in one area"]++
		area = p.zip[:3]
	}
	w.home(&q, area)
	return q
}

// son has name and home of somebody.
func (w *twofold) son(p identity) identity {
	w.truth.Traps["sons with the name of their father"]++
	p.birth = p.birth.AddDate(20+w.rng.IntN(15), 0, w.rng.IntN(365))
	return p
}

// put writes a person into one source or both.
func (w *twofold) put(p identity) {
	w.truth.Persons++
	w.next++
	first, second := fmt.Sprintf("a%07d", w.rng.IntN(1<<20)*8+w.next%8), fmt.Sprintf("b-%d-%d", w.next, w.rng.IntN(1<<20))
	first = fmt.Sprintf("%s%d", first, w.next)
	in := w.rng.IntN(4)
	if in != 1 {
		w.lines[0] = append(w.lines[0], p.line(first))
	}
	if in != 0 {
		q := p
		if in > 1 {
			w.truth.Pairs = append(w.truth.Pairs, [2]string{first, second})
			w.mistake(&q)
		}
		w.lines[1] = append(w.lines[1], q.line(second))
	}
}

// mistake makes of what a person says what another registry has of it.
func (w *twofold) mistake(p *identity) {
	count := func(name string) { w.truth.Errors[name]++ }
	if w.chance(40) {
		count("family name misspelt")
		p.family = w.misspell(p.family)
	}
	if w.chance(30) {
		count("given name misspelt")
		p.given = w.misspell(p.given)
	} else if pet := petNames[p.given]; pet != "" && w.chance(150) {
		count("pet name")
		p.given = pet
	}
	if p.sex == "female" && p.birth.Year() < 2005 && w.chance(40) {
		count("married name")
		p.family = w.often(commonFamilies)
	}
	if w.chance(20) {
		count("birth date one slip off")
		p.birth = w.slip(p.birth)
	}
	if w.chance(120) {
		count("moved")
		phone, area := p.phone, ""
		if w.chance(600) {
			area = p.zip[:3]
		}
		w.home(p, area)
		if w.chance(700) {
			p.phone = phone
		}
	}
	for _, f := range []struct {
		name     string
		permille int
		field    *string
	}{{"no phone", 150, &p.phone}, {"no ZIP", 50, &p.zip}, {"no sex", 20, &p.sex}} {
		if w.chance(f.permille) {
			count(f.name)
			*f.field = ""
		}
	}
	if w.chance(10) {
		count("no birth date")
		p.birth = time.Time{}
	}
	switch w.rng.IntN(20) { // how another system writes the same
	case 0:
		p.family, p.given = strings.ToUpper(p.family), strings.ToUpper(p.given)
	case 1:
		p.given += " " + string(rune('A'+w.rng.IntN(26))) + "."
	case 2:
		p.family = strings.NewReplacer("e", "é", "u", "ü").Replace(p.family)
	}
}

// misspell changes one letter of a name, or two that stand together.
func (w *twofold) misspell(name string) string {
	b := []byte(name)
	i := 1 + w.rng.IntN(len(b)-2)
	switch w.rng.IntN(4) {
	case 0:
		b[i], b[i+1] = b[i+1], b[i]
	case 1:
		b = append(b[:i], b[i+1:]...)
	case 2:
		b[i] = byte('a' + w.rng.IntN(26))
	default:
		b = append(b[:i], append([]byte{b[i]}, b[i:]...)...)
	}
	return string(b)
}

func (w *twofold) slip(birth time.Time) time.Time {
	y, m, d := birth.Date()
	if d <= 12 && w.chance(500) {
		return time.Date(y, time.Month(d), int(m), 0, 0, 0, 0, time.UTC)
	}
	if w.chance(500) && d%10 != 1 && d > 10 {
		return birth.AddDate(0, 0, -1)
	}
	return time.Date(y-y%10+w.rng.IntN(10), m, min(d, 28), 0, 0, 0, 0, time.UTC)
}

// line is the person as a Patient.
func (p identity) line(id string) string {
	r := map[string]any{
		"resourceType": "Patient", "id": id, "meta": map[string]any{"lastUpdated": "2025-01-02T03:04:05Z"},
		"name": []any{map[string]any{"use": "official", "family": p.family, "given": []string{p.given}}},
	}
	if p.sex != "" {
		r["gender"] = p.sex
	}
	if !p.birth.IsZero() {
		r["birthDate"] = p.birth.Format(time.DateOnly)
	}
	address := map[string]any{"use": "home", "line": []string{p.street}, "country": "US"}
	if p.zip != "" {
		address["postalCode"] = p.zip
	}
	r["address"] = []any{address}
	if p.phone != "" {
		r["telecom"] = []any{map[string]any{"system": "phone", "value": p.phone}}
	}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // it is texts alone
	}
	return string(text)
}

// Names: the frequent first. Pet names are of those that have one.
var (
	maleNames = []string{"James", "Michael", "Robert", "John", "David", "William", "Richard", "Joseph", "Thomas", "Christopher", "Charles", "Daniel", "Matthew", "Anthony", "Mark",
		"Steven", "Andrew", "Kenneth", "Joshua", "Kevin", "Brian", "Timothy", "Ronald", "Jason", "George", "Edward", "Jeffrey", "Ryan", "Jacob", "Nicholas", "Gary", "Eric", "Jonathan",
		"Stephen", "Larry", "Justin", "Scott", "Brandon", "Benjamin", "Samuel", "Gregory", "Frank", "Patrick", "Raymond", "Jack", "Dennis", "Jerry", "Tyler", "Aaron", "Jose", "Adam",
		"Nathan", "Henry", "Zachary", "Douglas", "Peter", "Kyle", "Noah", "Ethan", "Jeremy", "Tim", "Tom", "Jan", "Jon", "Dion", "Deon", "Marco", "Mario"}
	femaleNames = []string{"Mary", "Patricia", "Jennifer", "Linda", "Elizabeth", "Barbara", "Susan", "Jessica", "Karen", "Sarah", "Lisa", "Nancy", "Sandra", "Betty", "Ashley", "Emily",
		"Kimberly", "Margaret", "Donna", "Michelle", "Carol", "Amanda", "Melissa", "Deborah", "Stephanie", "Rebecca", "Sharon", "Laura", "Cynthia", "Dorothy", "Amy", "Kathleen", "Angela",
		"Shirley", "Emma", "Brenda", "Pamela", "Nicole", "Anna", "Samantha", "Katherine", "Christine", "Debra", "Rachel", "Carolyn", "Janet", "Maria", "Olivia", "Heather", "Helen",
		"Catherine", "Diane", "Julie", "Victoria", "Joyce", "Lauren", "Kelly", "Christina", "Joan", "Jean", "Jane", "Janice", "Janine", "Marie", "Maria", "Mia", "Lia"}
	petNames = map[string]string{"James": "Jim", "Michael": "Mike", "Robert": "Bob", "William": "Bill", "Richard": "Dick", "Joseph": "Joe", "Thomas": "Tom", "Christopher": "Chris",
		"Daniel": "Dan", "Matthew": "Matt", "Anthony": "Tony", "Steven": "Steve", "Kenneth": "Ken", "Timothy": "Tim", "Ronald": "Ron", "Edward": "Ted", "Nicholas": "Nick", "Benjamin": "Ben",
		"Samuel": "Sam", "Gregory": "Greg", "Patrick": "Pat", "Zachary": "Zach", "Peter": "Pete", "Patricia": "Pat", "Jennifer": "Jen", "Elizabeth": "Liz", "Barbara": "Barb", "Susan": "Sue",
		"Jessica": "Jess", "Sandra": "Sandy", "Kimberly": "Kim", "Margaret": "Peggy", "Melissa": "Missy", "Deborah": "Debbie", "Rebecca": "Becky", "Cynthia": "Cindy", "Kathleen": "Kathy",
		"Angela": "Angie", "Pamela": "Pam", "Samantha": "Sam", "Katherine": "Kate", "Christine": "Chris", "Victoria": "Vicky", "Catherine": "Cathy", "Janet": "Jan", "Nathan": "Nate"}
	commonFamilies = []string{"Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Rodriguez", "Martinez", "Hernandez", "Lopez", "Gonzalez", "Wilson", "Anderson",
		"Thomas", "Taylor", "Moore", "Jackson", "Martin", "Lee", "Perez", "Thompson", "White", "Harris", "Sanchez", "Clark", "Ramirez", "Lewis", "Robinson", "Walker", "Young", "Allen",
		"King", "Wright", "Scott", "Torres", "Nguyen", "Hill", "Flores", "Green", "Adams", "Nelson", "Baker", "Hall", "Rivera", "Campbell", "Mitchell", "Carter", "Roberts"}
	familyStarts  = []string{"Bar", "Cal", "Dun", "El", "Far", "Gor", "Hal", "Kes", "Lin", "Mor", "Nor", "Pen", "Ros", "Sel", "Tor", "Var", "Wes", "Zim"}
	familyMiddles = []string{"an", "eb", "in", "ow", "ur", "ald", "eck", "ing", "ost", "um"}
	familyEnds    = []string{"berg", "sen", "ton", "ski", "mann", "well", "ford", "quist", "vich", "dale", "ley", "o"}
)
