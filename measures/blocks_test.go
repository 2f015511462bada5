package measures

import (
	"fmt"
	"testing"
)

// Who is born on 29 February turns on 1 March in common years, in both macros.
func TestAge(t *testing.T) {
	f := newFixture(t, "")
	f.engine("2019")
	for _, c := range []struct {
		birth, day string
		age        int
	}{
		{"2000-02-29", "2018-02-28", 17},
		{"2000-02-29", "2018-03-01", 18},
		{"2000-02-29", "2020-02-28", 19},
		{"2000-02-29", "2020-02-29", 20},
		{"1960-12-31", "2019-12-30", 58},
		{"1960-12-31", "2019-12-31", 59},
		{"1960-01-01", "1960-01-01", 0},
	} {
		var age int
		var turnsBefore bool
		err := f.db.QueryRow(t.Context(), "age", fmt.Sprintf(
			"SELECT age_on(DATE '%[1]s', DATE '%[2]s'), birthday(DATE '%[1]s', %[3]d) <= DATE '%[2]s' AND birthday(DATE '%[1]s', %[3]d + 1) > DATE '%[2]s'",
			c.birth, c.day, c.age), &age, &turnsBefore)
		if err != nil {
			t.Fatal(err)
		}
		if age != c.age || !turnsBefore {
			t.Errorf("born %s, on %s: age %d (birthdays agree: %t), want %d", c.birth, c.day, age, turnsBefore, c.age)
		}
	}
}
