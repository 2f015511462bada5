package deid

import (
	"testing"
	"time"
)

// The oracle is package time, hour by hour over years with and without changes,
// past the end of a zone's table too. Clocks moved by less than the step of half an hour only before 1900.
func TestZoneAgainstTime(t *testing.T) {
	for _, name := range []string{"UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia"} {
		z, err := LoadZone(name)
		if err != nil {
			t.Fatal(err)
		}
		location, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, year := range []int{1850, 1918, 1945, 1974, 2007, 2011, 2024, 2040, 2099} {
			at := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
			seen := map[int64]int{}
			for ; at.Year() == year; at = at.Add(30 * time.Minute) {
				_, offset := at.In(location).Zone()
				wall, got, clear := z.Wall(at.UnixMilli())
				if got != int64(offset) || wall != at.UnixMilli()+int64(offset)*1000 {
					t.Fatalf("%s at %v: offset %d, want %d", name, at, got, offset)
				}
				seen[wall]++
				if clear && z.UTC(wall) != at.UnixMilli() {
					t.Fatalf("%s at %v: a clear wall time does not lead back", name, at)
				}
				if again, stillClear := z.resolve(wall); clear != stillClear {
					t.Fatalf("%s at %v: clear one way (%v) and not the other, %v", name, at, clear, again)
				}
			}
			at = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
			for ; at.Year() == year; at = at.Add(30 * time.Minute) {
				wall, _, clear := z.Wall(at.UnixMilli())
				if clear == (seen[wall] > 1) {
					t.Fatalf("%s at %v: clear is %v and %d instants have this wall time", name, at, clear, seen[wall])
				}
			}
		}
	}
}

func TestZoneGap(t *testing.T) {
	z, err := LoadZone("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	wall := time.Date(2024, 3, 10, 2, 30, 0, 0, time.UTC).UnixMilli() // clocks went from 2:00 to 3:00
	utc, clear := z.resolve(wall)
	if want := time.Date(2024, 3, 10, 7, 30, 0, 0, time.UTC).UnixMilli(); utc != want || clear {
		t.Errorf("a wall time that does not exist: %d clear %v, want %d and not clear", utc, clear, want)
	}
}

func TestZoneNames(t *testing.T) {
	for _, name := range []string{"", "Local", "Mars/Olympus", "../../etc/passwd"} {
		if _, err := LoadZone(name); err == nil {
			t.Errorf("zone %q is taken", name)
		}
	}
}
