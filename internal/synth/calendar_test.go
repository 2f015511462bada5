package synth

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestCivilAgainstTimePackage(t *testing.T) {
	for d := civil(1895, 1, 1); d < civil(2105, 1, 1); d++ {
		want := time.Unix(int64(d)*86400, 0).UTC()
		y, m, dom := d.date()
		if y != want.Year() || m != int(want.Month()) || dom != want.Day() {
			t.Fatalf("day %d is %d-%d-%d, want %s", d, y, m, dom, want.Format(time.DateOnly))
		}
		if back := civil(y, m, dom); back != d {
			t.Fatalf("civil(%d,%d,%d) = %d, want %d", y, m, dom, back, d)
		}
	}
	for k, want := range map[int]string{-27: "2021-10-01", -13: "2022-12-01", -12: "2023-01-01", -1: "2023-12-01", 0: "2024-01-01", 12: "2025-01-01", 23: "2025-12-01"} {
		if got := addMonths(civil(2024, 1, 1), k).String(); got != want {
			t.Errorf("2024-01-01 + %d months = %s, want %s", k, got, want)
		}
	}
}

func TestAgeOn(t *testing.T) {
	for _, c := range []struct {
		birth, on day
		age       int
	}{
		{civil(2000, 2, 29), civil(2018, 2, 28), 17},
		{civil(2000, 2, 29), civil(2018, 3, 1), 18},
		{civil(2000, 2, 29), civil(2020, 2, 29), 20},
		{civil(1975, 12, 31), civil(2025, 12, 30), 49},
		{civil(1975, 12, 31), civil(2025, 12, 31), 50},
		{civil(1976, 1, 1), civil(2025, 12, 31), 49},
	} {
		if got := ageOn(c.birth, c.on); got != c.age {
			t.Errorf("born %s is %d on %s, want %d", c.birth, got, c.on, c.age)
		}
	}
}

func newYork(t testing.TB) clock {
	t.Helper()
	loc, err := time.LoadLocation(zoneName)
	if err != nil {
		t.Fatal(err)
	}
	return clock{loc}
}

// Every moment that is written must read back as the same instant, whatever offset it
// is written with, and as its own wall time in the zone.
func TestMomentsReadBack(t *testing.T) {
	c, rng := newYork(t), rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		wall := civil(1950, 1, 1).wall() + rng.Int64N(150*365*dayMS/1000)*1000
		m := c.at(wall)
		switch rng.IntN(4) {
		case 0:
			m.zulu, m.written = true, 0
		case 1:
			m.written = int16(rng.IntN(27)-12) * 60
		case 2:
			m.prec, m.wall = toMilli, m.wall+rng.Int64N(1000)
		}
		s := string(m.append(nil))
		got, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		if got.UnixMilli() != m.utc() {
			t.Fatalf("%s reads as %d, want %d", s, got.UnixMilli(), m.utc())
		}
		local := got.In(c.loc)
		if asWall := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.UTC).UnixMilli(); asWall != m.wall {
			t.Fatalf("%s is wall time %d in the zone, want %d", s, asWall, m.wall)
		}
		if moved := m.wall - wall; moved < 0 || moved >= 1000 && moved-3_600_000 < 0 || moved-3_600_000 >= 1000 {
			t.Fatalf("wall time %d became %d", wall, m.wall)
		}
	}
}

func TestRepeatedHour(t *testing.T) {
	c := newYork(t)
	for y := 2007; y < 2060; y++ {
		d := repeatedHour(y)
		noonBefore := time.Unix(int64(d-1)*86400+17*3600, 0).In(c.loc)
		_, before := noonBefore.Zone()
		_, after := noonBefore.Add(24 * time.Hour).Zone()
		if before-after != 3600 {
			t.Errorf("%s: offsets %d and %d, want one hour back", d, before, after)
		}
	}
}

func TestPeriods(t *testing.T) {
	list := func(start, end string) []string {
		a, _ := time.Parse(time.DateOnly, start)
		b, _ := time.Parse(time.DateOnly, end)
		var ids []string
		for _, p := range periodsOf(dayOf(a), dayOf(b)) {
			ids = append(ids, p.id)
		}
		return ids
	}
	full := list("2023-01-01", "2025-12-31")
	if len(full) != 24+24+3 || full[0] != "2024-01" || full[23] != "2025-12" || full[24] != "P12M/2024-01" || full[47] != "P12M/2025-12" || full[50] != "2025" {
		t.Errorf("three years give %v", full)
	}
	if part := list("2024-03-15", "2024-06-29"); len(part) != 4 || part[0] != "2024-04" || part[1] != "2024-05" {
		t.Errorf("a part of a year gives %v", part)
	}
	if n := len(list("2024-03-15", "2024-04-10")); n != 0 {
		t.Errorf("no whole month gives %d periods", n)
	}
}
