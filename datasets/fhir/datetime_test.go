package fhir

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDateTime(t *testing.T) {
	at := func(y, mo, d, h, mi, s, ms int, p Precision) DateTime {
		return DateTime{Year: y, Month: mo, Day: d, Hour: h, Minute: mi, Second: s, Milli: ms, Precision: p}
	}
	off := func(t DateTime, minutes int) DateTime {
		t.HasOffset, t.OffsetMinutes = true, minutes
		return t
	}
	good := map[string]DateTime{
		"2019":                                at(2019, 1, 1, 0, 0, 0, 0, Year),
		"0001":                                at(1, 1, 1, 0, 0, 0, 0, Year),
		"9999-12-31":                          at(9999, 12, 31, 0, 0, 0, 0, Day),
		"2019-02":                             at(2019, 2, 1, 0, 0, 0, 0, Month),
		"2020-02-29":                          at(2020, 2, 29, 0, 0, 0, 0, Day),
		"2000-02-29":                          at(2000, 2, 29, 0, 0, 0, 0, Day),
		"2019-03-04T05:06":                    at(2019, 3, 4, 5, 6, 0, 0, Minute),
		"2019-03-04T05:06Z":                   off(at(2019, 3, 4, 5, 6, 0, 0, Minute), 0),
		"2019-03-04T05:06:07":                 at(2019, 3, 4, 5, 6, 7, 0, Second),
		"2019-03-04T05:06:07Z":                off(at(2019, 3, 4, 5, 6, 7, 0, Second), 0),
		"2019-03-04T05:06:07-05:00":           off(at(2019, 3, 4, 5, 6, 7, 0, Second), -300),
		"2019-03-04T05:06:07-00:30":           off(at(2019, 3, 4, 5, 6, 7, 0, Second), -30),
		"2019-03-04T05:06:07+05:45":           off(at(2019, 3, 4, 5, 6, 7, 0, Second), 345),
		"2019-03-04T05:06:07+14:00":           off(at(2019, 3, 4, 5, 6, 7, 0, Second), 840),
		"2019-03-04T23:59:59.9+00:00":         off(at(2019, 3, 4, 23, 59, 59, 900, Millisecond), 0),
		"2019-03-04T05:06:07.089Z":            off(at(2019, 3, 4, 5, 6, 7, 89, Millisecond), 0),
		"2019-03-04T05:06:07.089999999999Z":   off(at(2019, 3, 4, 5, 6, 7, 89, Millisecond), 0),
		"2019-03-04T05:06:07.1":               at(2019, 3, 4, 5, 6, 7, 100, Millisecond),
		"2016-12-31T23:59:60Z":                off(at(2016, 12, 31, 23, 59, 59, 0, Second), 0),
		"2016-12-31T23:59:60.2Z":              off(at(2016, 12, 31, 23, 59, 59, 999, Millisecond), 0),
		"1904-01-01T00:00:00.000000000-10:30": off(at(1904, 1, 1, 0, 0, 0, 0, Millisecond), -630),
	}
	for s, want := range good {
		if got, ok := ParseDateTime([]byte(s)); !ok || got != want {
			t.Errorf("%s: %+v %v, want %+v", s, got, ok, want)
		}
	}
	for _, s := range []string{
		"", "0000", "19", "201", "20199", "-2019", "+2019", "2019-", "2019-1", "2019-00", "2019-13", "2019/01", "201901", "2019-01-",
		"2019-01-1", "2019-01-00", "2019-01-32", "2019-04-31", "2019-02-29", "1900-02-29", "2100-02-29", "2019-01-01T", "2019-01-01 05:06:07",
		"2019-01-01Z", "2019-01T05:06:07Z", "2019T05:06:07Z", "2019-01-01T05", "2019-01-01T05Z", "2019-01-01T5:06:07Z", "2019-01-01T24:00:00Z",
		"2019-01-01T05:60:00Z", "2019-01-01T05:06:61Z", "2019-01-01T05:06:7Z", "2019-01-01T05:06:07.Z", "2019-01-01T05:06:07,1Z",
		"2019-01-01T05:06:Z", "2019-01-01t05:06:07Z", "2019-01-01T05:06:07z", "2019-01-01T05:06:07ZZ", "2019-01-01T05:06:07+05",
		"2019-01-01T05:06:07+0500", "2019-01-01T05:06:07+5:00", "2019-01-01T05:06:07+14:01", "2019-01-01T05:06:07+15:00",
		"2019-01-01T05:06:07-05:60", "2019-01-01T05:06:07 +05:00", " 2019", "2019 ", "２０１９", "2019-01-01T05:06:07Z\x00",
		"2019-W01", "2019-001", "today",
	} {
		got, ok := ParseDateTime([]byte(s))
		if ok || got != (DateTime{}) {
			t.Errorf("%q was read as %+v", s, got)
		}
	}
}

// Against package time, for any instant of the years 1 to 9999: text there, calendar back.
func TestDateTimeAgainstTime(t *testing.T) {
	first, last := time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC).Unix(), time.Date(9999, 12, 30, 0, 0, 0, 0, time.UTC).Unix()
	rapid.Check(t, func(t *rapid.T) {
		offset := rapid.IntRange(-839, 840).Draw(t, "offset")
		millis := rapid.Int64Range(0, 999).Draw(t, "millis")
		instant := time.Unix(rapid.Int64Range(first, last).Draw(t, "seconds"), millis*1e6).In(time.FixedZone("", offset*60))
		text := instant.Format("2006-01-02T15:04:05.000Z07:00")
		got, ok := ParseDateTime([]byte(text))
		if !ok || !got.HasOffset || got.OffsetMinutes != offset || got.Precision != Millisecond {
			t.Fatalf("%s: %+v %v", text, got, ok)
		}
		if utc := got.LocalMillis() - int64(offset)*60_000; utc != instant.UnixMilli() {
			t.Fatalf("%s: %d ms, want %d", text, utc, instant.UnixMilli())
		}
	})
}

// The ends of the months are those of package time, and so are the days counted from 1970.
func TestMonthEnds(t *testing.T) {
	for year := 1; year <= 9999; year += 1 + 3*(year%2) {
		for month := 1; month <= 12; month++ {
			for day := 27; day <= 32; day++ {
				text := fmt.Appendf(nil, "%04d-%02d-%02d", year, month, day)
				got, ok := ParseDateTime(text)
				date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
				if want := date.Day() == day; ok != want {
					t.Fatalf("%s: %v, want %v", text, ok, want)
				}
				if ok && got.LocalDay() != date.Unix()/86400 {
					t.Fatalf("%s: day %d, want %d", text, got.LocalDay(), date.Unix()/86400)
				}
			}
		}
	}
}

func FuzzParseDateTime(f *testing.F) {
	f.Add("2019-03-04T05:06:07.089-05:00")
	f.Add("2020-02-29")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := ParseDateTime([]byte(s))
		if !ok {
			return
		}
		if strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789-:.+TZ", r) }) {
			t.Fatalf("%q was read as %+v", s, got)
		}
		if !strings.HasPrefix(s, fmt.Sprintf("%04d", got.Year)) || got.Precision >= Day && s[:10] != fmt.Sprintf("%04d-%02d-%02d", got.Year, got.Month, got.Day) {
			t.Fatalf("%q was read as %+v", s, got)
		}
	})
}

func BenchmarkParseDateTime(b *testing.B) {
	text := []byte("2011-10-14T23:37:54.530+00:00")
	b.ReportAllocs()
	for b.Loop() {
		t, ok := ParseDateTime(text)
		if !ok || t.LocalMillis() == 0 {
			b.Fatal("not read")
		}
	}
}
