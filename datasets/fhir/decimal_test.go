package fhir

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// scaled gives the decimal as an integer of hundred-millionths.
func scaled(d Decimal) *big.Int {
	b := d.BigEndian()
	n := new(big.Int).SetBytes(b[:])
	if b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 128))
	}
	return n
}

// wantScaled rounds the number half to even at the eighth digit, in rationals.
func wantScaled(text string) (*big.Int, bool) {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, false
	}
	r.Mul(r, new(big.Rat).SetInt64(1e8))
	twice := new(big.Int).Lsh(r.Num(), 1) // floor((2n + d) / 2d) rounds half up; a tie to odd goes back
	twice.Add(twice, r.Denom())
	double := new(big.Int).Lsh(r.Denom(), 1)
	n, rest := new(big.Int).DivMod(twice, double, new(big.Int))
	if rest.Sign() == 0 && n.Bit(0) == 1 {
		n.Sub(n, big.NewInt(1))
	}
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(28), nil)
	return n, n.CmpAbs(limit) < 0
}

func TestParseDecimal8(t *testing.T) {
	good := map[string]string{
		"0": "0", "-0": "0", "0.0": "0", "0e99": "0", "0.000e-99999999999999999999": "0", "1": "100000000", "-1": "-100000000",
		"9.1": "910000000", "176.35499866729558": "17635499867", "1.5e3": "150000000000", "1E-8": "1", "1e-9": "0", "5e-9": "0", "5.1e-9": "1",
		"1.5e-8": "2", "2.5e-8": "2", "2.50000000000000000000000000000001e-8": "3", "-2.5e-8": "-2", "-3.5e-8": "-4",
		"0.00000000499999999999": "0", "0.000000005": "0", "0.0000000050000001": "1", "0.000000015": "2", "9e-9": "1", "99e-10": "1",
		"99999999999999999999.99999999": "9999999999999999999999999999", "99999999999999999999.999999994": "9999999999999999999999999999",
		"-99999999999999999999.99999999": "-9999999999999999999999999999", "1e19": "1000000000000000000000000000",
		"184467440737.09551615": "18446744073709551615", "184467440737.09551616": "18446744073709551616", "-184467440737.09551616": "-18446744073709551616",
		"0.1e1": "100000000", "100e-2": "100000000", "1e+2": "10000000000", "0." + strings.Repeat("0", 100) + "1e101": "100000000",
		"1" + strings.Repeat("0", 100) + "e-100": "100000000",
	}
	for text, want := range good {
		if got, ok := ParseDecimal8([]byte(text)); !ok || scaled(got).String() != want {
			t.Errorf("%s: %s %v, want %s", text, scaled(got), ok, want)
		}
	}
	for _, text := range []string{
		"", "-", "+1", ".5", "1.", "01", "1e", "1e+", "0x1", "1_0", "NaN", "Infinity", " 1", "1 ", "1,5", "--1", "１",
		"1e20", "100000000000000000000", "-100000000000000000000", "99999999999999999999.999999995", "-99999999999999999999.999999995",
		"1e99999999999999999999", "1e9223372036854775807", "9e18446744073709551616",
	} {
		if got, ok := ParseDecimal8([]byte(text)); ok || got != (Decimal{}) {
			t.Errorf("%q was read as %s", text, scaled(got))
		}
	}
}

func TestParseDecimal8AgainstBig(t *testing.T) {
	overflows, ties := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?`),
			rapid.StringMatching(`-?(0|[1-9][0-9]{0,21})\.[0-9]{7}[0-9]50{0,5}1?`), // near ties
			rapid.StringMatching(`-?9{18,20}\.9{6,12}[4-6]?`),                      // near the limit
		).Draw(t, "number")
		want, fits := wantScaled(text)
		got, ok := ParseDecimal8([]byte(text))
		if ok != fits || ok && scaled(got).Cmp(want) != 0 {
			t.Fatalf("%s: %s %v, want %s %v", text, scaled(got), ok, want, fits)
		}
		if !ok {
			overflows++
		}
		if strings.HasSuffix(text, "5") {
			ties++
		}
	})
	if overflows == 0 || ties == 0 {
		t.Errorf("%d overflows and %d ties were drawn", overflows, ties)
	}
}

func BenchmarkParseDecimal8(b *testing.B) {
	text := []byte("176.35499866729558")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ParseDecimal8(text); !ok {
			b.Fatal("not read")
		}
	}
}
