package deid

import (
	"encoding/hex"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

func testKey(t testing.TB, text string) *Key {
	t.Helper()
	k, err := ParseKey([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const keyText = "farr-key-v1:e7hzpd4h2lwxs4kyq3n6v5tjb2mrc7ofa5guixd2wzkqe4ylh3sq"
const otherKeyText = "farr-key-v1:q3n6v5tjb2mrc7ofa5guixd2wzkqe4ylh3sqe7hzpd4h2lwxs4ka"

// Every number of days is as likely as any other: chi-square over 365 cells,
// 364 degrees of freedom, whose 0.999 quantile is 454.
func TestShiftIsUniform(t *testing.T) {
	s := NewShifter(testKey(t, keyText))
	other := NewShifter(testKey(t, otherKeyText))
	const n = 365 * 200
	var counts [ShiftDays + 1]int
	same := 0
	for i := range n {
		pid := ID{byte(i), byte(i >> 8), byte(i >> 16)}
		days := s.Days(pid)
		if days < 1 || days > ShiftDays {
			t.Fatalf("a shift of %d days", days)
		}
		if days != s.Days(pid) {
			t.Fatal("a patient's shift changes")
		}
		if days == other.Days(pid) {
			same++
		}
		counts[days]++
	}
	chi := 0.0
	for _, c := range counts[1:] {
		chi += math.Pow(float64(c)-n/ShiftDays, 2) / (n / ShiftDays)
	}
	if chi > 454 {
		t.Errorf("chi-square %.0f", chi)
	}
	if same > n/ShiftDays*2 {
		t.Errorf("%d of %d shifts are equal under another key", same, n)
	}
}

func TestSealOpensOnlyInItsPlace(t *testing.T) {
	s, other := NewSealer(testKey(t, keyText)), NewSealer(testKey(t, otherKeyText))
	at := Place{Table: "encounter_location", Column: "period_start", Ordinal: 2, PID: ID{1}, RID: ID{2}}
	value := Value{WallMs: -1234567890123, Prec: 6, HasOffset: true, OffsetMinutes: -330}
	sealed := s.Seal(nil, at, value)
	if again := s.Seal(nil, at, value); string(again) != string(sealed) {
		t.Error("equal values seal differently in one place")
	}
	if got, err := s.Open(sealed, at); err != nil || got != value {
		t.Errorf("opened %+v, %v", got, err)
	}
	if _, err := other.Open(sealed, at); err == nil {
		t.Error("another key opens it")
	}
	nonces := map[string]bool{string(sealed[:sealNonceBytes]): true}
	for name, change := range map[string]func(*Place){
		"table": func(p *Place) { p.Table = "encounter" }, "column": func(p *Place) { p.Column = "period_end" },
		"ordinal": func(p *Place) { p.Ordinal = 3 }, "pid": func(p *Place) { p.PID[5]++ }, "rid": func(p *Place) { p.RID[5]++ },
	} {
		elsewhere := at
		change(&elsewhere)
		if _, err := s.Open(sealed, elsewhere); err == nil {
			t.Errorf("it opens with another %s", name)
		}
		// One nonce for two values would break GCM.
		nonce := string(s.Seal(nil, elsewhere, value)[:sealNonceBytes])
		if nonces[nonce] {
			t.Errorf("another %s has the same nonce", name)
		}
		nonces[nonce] = true
	}
	for i := range sealed {
		broken := append([]byte{}, sealed...)
		broken[i] ^= 1
		if _, err := s.Open(broken, at); err == nil {
			t.Errorf("byte %d may be changed", i)
		}
	}
	if _, err := s.Open(sealed[:sealBytes-1], at); err == nil {
		t.Error("a cut seal opens")
	}
}

// Of NIST SP 800-38B, examples of CMAC-AES256: the message of 512 bits.
func TestCMAC(t *testing.T) {
	unhex := func(text string) []byte {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	m := newCMAC(unhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"))
	message := unhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" +
		"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")
	const want = "e1992190549f6ed5696a2c056c315410"
	for range 2 {
		if got := hex.EncodeToString(m.of((*[sealTextBytes]byte)(message))[:]); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	s := NewSealer(testKey(b, keyText))
	buf := make([]byte, 0, sealBytes)
	b.ReportAllocs()
	for b.Loop() {
		s.Seal(buf, Place{Table: "observation", Column: "issued"}, Value{WallMs: 1})
	}
}

func BenchmarkPseudonym(b *testing.B) {
	p := NewPseudonyms(testKey(b, keyText), "main")
	b.ReportAllocs()
	for b.Loop() {
		p.Of("Observation", []byte("af5597a6-304d-4c8f-b596-60d17d445714"))
	}
}

// A purpose's sub-key is no other's, and an export's key is nobody else's.
func TestSubKeysDiffer(t *testing.T) {
	var text strings.Builder
	if err := NewKey(&text); err != nil {
		t.Fatal(err)
	}
	k, err := ParseKey([]byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	one, err := k.ForExport("one")
	if err != nil {
		t.Fatal(err)
	}
	again, _ := k.ForExport("one")
	two, _ := k.ForExport("two")
	if one.ID() != again.ID() {
		t.Error("an export's key is another each time")
	}
	seen := map[string]bool{}
	purposes := reflect.TypeFor[subKeys]().NumField()
	for _, key := range []*Key{k, one, two} {
		sub := key.sub()
		subs := [][]byte{sub.id, sub.shift, sub.seal, sub.sealNonce, sub.link, sub.export, key.LogSeed(), sub.list, sub.statement}
		if len(subs) != purposes {
			t.Fatalf("%d sub-keys are compared and there are %d", len(subs), purposes)
		}
		for _, sub := range append(subs, key.name[:]) {
			for i := 0; i+8 <= len(sub); i++ { // not even a part
				if part := string(sub[i : i+8]); seen[part] {
					t.Fatal("two purposes share bytes")
				} else {
					seen[part] = true
				}
			}
		}
	}
	ids := map[ID]bool{}
	for _, key := range []*Key{k, one, two} {
		for _, source := range []string{"main", "other"} {
			p := NewPseudonyms(key, source)
			for _, typ := range []string{"Patient", "Observation", "Encounter"} {
				for n := range 2000 {
					ids[p.Of(typ, []byte(strconv.Itoa(n)))] = true
				}
			}
		}
	}
	if len(ids) != 3*2*3*2000 {
		t.Errorf("%d pseudonyms of %d resources", len(ids), 3*2*3*2000)
	}
}
