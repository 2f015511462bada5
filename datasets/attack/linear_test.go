package attack

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"farr/datasets/internal/deid"
)

// linearShift is the shift of a widely used anonymisation tool for FHIR: a hash that is a polynomial of base
// 131 over the bytes of id and key, modulo 101 days. Its source is Microsoft's Tools for Health Data
// Anonymization, DateTimeUtility.GetDateShiftValue: offset = (offset*131 + byte) mod 101, then less 50.
func linearShift(id, key []byte) int {
	offset := 0
	for _, b := range append(append([]byte(nil), id...), key...) {
		offset = (offset*131 + int(b)) % 101
	}
	return offset - 50
}

// knownPairs predicts shifts modulo m from known pairs of an id and a shift, on the assumption that the shift is a
// polynomial in base b over the id, plus what the key contributes: with ids of one length the key's part is
// factor*id + rest, and two pairs give both.
func knownPairs(m, b int, ids [][]byte, shift func(id []byte) int) (right, predicted int) {
	value := func(id []byte) (v int) {
		for _, c := range id {
			v = (v*b + int(c)) % m
		}
		return v
	}
	norm := func(n int) int { return ((n % m) + m) % m }
	// The first two ids with different values are what the attacker knows.
	first, second := ids[0], ids[0]
	for _, id := range ids[1:] {
		if value(id) != value(first) {
			second = id
			break
		}
	}
	for factor := range m {
		rest := norm(shift(first) - factor*value(first))
		if norm(factor*value(second)+rest) != norm(shift(second)) {
			continue
		}
		for _, id := range ids {
			predicted++
			if norm(factor*value(id)+rest) == norm(shift(id)) {
				right++
			}
		}
		return right, predicted
	}
	return 0, 0
}

// Two known pairs predict every other shift of a linear hash, and tell nothing of ours.
func TestKnownPairs(t *testing.T) {
	var ids [][]byte
	for i := range 20_000 {
		sum := sha256.Sum256(binary.BigEndian.AppendUint32(nil, uint32(i)))
		ids = append(ids, sum[:16])
	}
	key := []byte("a key of that tool, which its user believes to be secret")
	right, n := knownPairs(101, 131, ids, func(id []byte) int { return linearShift(id, key) })
	t.Logf("linear hash: %d of %d shifts predicted from two known pairs", right, n)
	if right != n || n != len(ids) {
		t.Errorf("the attack predicts %d of %d shifts of a linear hash, want all: it has no teeth", right, n)
	}
	shifter := deid.NewShifter(constantKey(t))
	right, n = knownPairs(deid.ShiftDays, 131, ids, func(id []byte) int { return int(shifter.Days(deid.ID(id))) })
	t.Logf("ours: %d of %d, where chance gives %d", right, n, len(ids)/deid.ShiftDays)
	if right > 2*len(ids)/deid.ShiftDays {
		t.Errorf("two known pairs predict %d of %d shifts, and chance gives %d", right, n, len(ids)/deid.ShiftDays)
	}
}

// Every shift from 1 to 365 days is as likely as any other: chi-squared over a million pseudonyms, with 364
// degrees of freedom, whose 0.999 quantile is 454.3; and the shifts of pseudonyms that follow one another
// do not hang together: chi-squared over pairs of sevenths of a week, 48 degrees of freedom, 0.999 quantile 84.0.
func TestShiftsAreUniform(t *testing.T) {
	shifter := deid.NewShifter(constantKey(t))
	const n = 1_000_000
	var counts [shifts + 1]int
	var pairs [7][7]int
	before := 0
	for i := range n {
		var pid deid.ID
		binary.BigEndian.PutUint64(pid[8:], uint64(i))
		s := int(shifter.Days(pid))
		if s < 1 || s > shifts {
			t.Fatalf("a shift of %d days", s)
		}
		counts[s]++
		pairs[before%7][s%7]++
		before = s
	}
	chi := 0.0
	for _, c := range counts[1:] {
		d := float64(c) - float64(n)/shifts
		chi += d * d / (float64(n) / shifts)
	}
	if t.Logf("chi-squared %.1f over %d shifts, 364 degrees of freedom", chi, n); chi > 454.3 || chi < 284 {
		t.Errorf("chi-squared %.1f", chi)
	}
	// Of 1 to 365, a seventh residue has 52 days and one has 53.
	size := func(r int) float64 {
		if r == shifts%7 {
			return 53
		}
		return 52
	}
	chi = 0
	for i := range 7 {
		for k := range 7 {
			want := float64(n) * size(i) * size(k) / (shifts * shifts)
			d := float64(pairs[i][k]) - want
			chi += d * d / want
		}
	}
	if t.Logf("chi-squared %.1f over pairs", chi); chi > 84 {
		t.Errorf("chi-squared of pairs %.1f", chi)
	}
}
