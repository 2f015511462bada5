package deid

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"

	"farr/datasets/fhir"
)

// A token is an HMAC under the key's link sub-key alone, made here again from the master.
func TestTokenIsKeyed(t *testing.T) {
	master := []byte("0123456789abcdefghijklmnopqrstuv")
	key, err := derive(master)
	if err != nil {
		t.Fatal(err)
	}
	link, err := hkdf.Key(sha256.New, master, nil, "farr v1 link", 32)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, link)
	for _, field := range []string{"farr-link-1", "family", "okafor"} {
		binary.Write(mac, binary.BigEndian, uint32(len(field)))
		mac.Write([]byte(field))
	}
	if got, want := newClaims(key).hash("family", "okafor"), mac.Sum(nil); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

// Codes of American Soundex as the National Archives give them: a double letter, letters of one code side by side, with h or w
// between them, and with a vowel.
func TestSoundex(t *testing.T) {
	for name, want := range map[string]string{
		"washington": "w252", "lee": "l000", "gutierrez": "g362", "pfister": "p236", "jackson": "j250", "tymczak": "t522", "vandeusen": "v532", "ashcraft": "a261",
		"": "", "李": "",
	} {
		if got := soundex(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

func TestSlip(t *testing.T) {
	for days, want := range map[string]bool{
		"1960-05-06 1960-06-05": true, "1960-05-06 1969-05-06": true, "1960-05-06 1960-05-16": true, "1960-05-06 1960-05-06": false,
		"1960-05-06 1961-05-07": false, "1960-12-31 1961-01-01": false, "1960-05-06 2060-05-06": false, "1999-05-06 1909-05-06": true,
	} {
		a, b, _ := strings.Cut(days, " ")
		x, _ := ParseDay(a)
		y, _ := ParseDay(b)
		if got := slip(x, y); got != want || slip(y, x) != want {
			t.Errorf("%s: %v", days, got)
		}
	}
}

// What a Patient says is folded, whatever it looks like, and what is no name is none.
func TestClaims(t *testing.T) {
	key, err := FreshKey()
	if err != nil {
		t.Fatal(err)
	}
	zone, err := LoadZone("UTC")
	if err != nil {
		t.Fatal(err)
	}
	claim := func(members string) claim {
		var d fhir.Doc
		if why := d.Parse([]byte(`{"resourceType":"Patient","id":"p",` + members + `}`)); why != "" {
			t.Fatal(why)
		}
		c := newClaims(key)
		c.take(&Extractor{zone: zone}, d.Root(), 0, false)
		return c.list[0]
	}
	same := func(field int, a, b string) {
		t.Helper()
		if x, y := claim(a), claim(b); len(x.field(field)) == 0 || !meet(x.field(field), y.field(field)) {
			t.Errorf("%s and %s are not alike", a, b)
		}
	}
	same(linkFamily, `"name":[{"family":"O'Brien"}]`, `"name":[{"family":"OBRIEN "}]`)
	same(linkFamily, `"name":[{"family":"Nuñez"}]`, `"name":[{"family":"Nun\u0303ez"},{"family":"Other"}]`)
	same(linkFamily, `"name":[{"use":"maiden","family":"Birch"},{"family":"Elm"}]`, `"name":[{"family":"birch"}]`)
	same(linkGiven, `"name":[{"given":["Robert","J"]}]`, `"name":[{"given":["Bobby Lee"]}]`)
	long := strings.Repeat("wolfeschlegelsteinhausen", 20)
	same(linkFamily, `"name":[{"family":"`+long+`"}]`, `"name":[{"family":"`+long+`bergerdorff"}]`)
	if c := claim(`"name":[{"family":"` + long + `"}]`); len(c.near) < 30 || len(c.near) > 41 {
		t.Errorf("%d forms of a long name", len(c.near))
	}
	for family, forms := range map[string]bool{"Lý": false, "Ngô": false, "Đỗ": false, "李明": false, "Ivanov": true, "Иванов": true} {
		if c := claim(`"name":[{"family":"` + family + `"}]`); len(c.near) > 0 != forms {
			t.Errorf("%s has %d forms", family, len(c.near))
		}
	}
	if c := claim(`"name":[{"family":"Ли","given":["Я"]}]`); len(c.field(linkGiven)) > 0 {
		t.Error("one letter is a given name")
	}
	same(linkPhone, `"telecom":[{"system":"phone","value":"+1 (212) 555-1234"}]`, `"telecom":[{"system":"email","value":"x"},{"system":"sms","value":"2125551234"}]`)
	same(linkZIP5, `"address":[{"postalCode":"10027-1234"}]`, `"address":[{"postalCode":"10453"},{"postalCode":"10027"}]`)
	same(linkStreet, `"address":[{"postalCode":"10027","line":["5 Elm St., Apt 2"]}]`, `"address":[{"postalCode":"100271234","line":["5 ELM ST APT 2"]}]`)
	for _, members := range []string{
		`"name":[{"family":"Unknown","given":["Baby"]}]`, `"name":[{"family":"","given":[""]}]`, `"name":[{"family":5,"given":"Ann"}]`, `"name":"Ann"`, `"name":[null,[],"x"]`,
		`"telecom":[{"system":"phone","value":"555-1234"},{"system":"phone","value":"0000000000"}]`, `"address":[{"postalCode":"SW1A 1AA"},{"postalCode":"00000"},{"postalCode":"10O27"}]`,
		`"birthDate":"1960-05"`, `"birthDate":"1900-01-01"`, `"gender":"other"`, `"name":[{"use":"nickname","family":"Okafor"}]`,
	} {
		if c := claim(members); len(c.tokens) > 0 || c.born != noLinkDay || c.sex != 0 {
			t.Errorf("%s says something: %+v", members, c)
		}
	}
}

// Every line of the list of pet names is of letters, and no form is the full form of its own line.
func TestNamesOfTheList(t *testing.T) {
	for line := range strings.SplitSeq(strings.TrimSpace(linkNames), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		seen := map[string]bool{}
		for _, word := range strings.Fields(line) {
			if seen[word] || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") != "" {
				t.Errorf("%s in %q", word, line)
			}
			seen[word] = true
		}
		if len(seen) < 2 {
			t.Errorf("%q says nothing", line)
		}
	}
}
