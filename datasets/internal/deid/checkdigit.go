package deid

import "strings"

// isLOINC checks form and mod-10 check digit (LOINC Users' Guide, "Check digits").
// Parts and answers begin with LP or LA; a letter counts as its place in ASCII after
// the digit 0, doubled as 2n - 9*(n/5), which for digits is the usual rule.
func isLOINC(s string) bool {
	body, check, ok := strings.Cut(s, "-")
	digits := strings.TrimPrefix(strings.TrimPrefix(body, "LP"), "LA")
	if !ok || len(digits) > 7 || len(check) != 1 || !allDigits(digits) || !allDigits(check) {
		return false
	}
	sum := 0
	for i := range len(body) {
		n := int(body[len(body)-1-i] - '0')
		if i%2 == 0 {
			n = 2*n - 9*(n/5)
		}
		sum += n
	}
	return (10-sum%10)%10 == int(check[0]-'0')
}

// isSNOMED checks that a text is the id of a concept (SNOMED CT Release File Specifications, "SCTID"):
// 6 to 18 digits, the first not 0, the two before the last the partition 00, or 10 after a namespace of 7 digits, and
// the last Verhoeff's check digit. Ids of descriptions and relationships are no codes.
func isSNOMED(s string) bool {
	if len(s) < 6 || len(s) > 18 || !allDigits(s) || s[0] == '0' || !verhoeff(s) {
		return false
	}
	switch s[len(s)-3 : len(s)-1] {
	case "00":
		return true
	case "10":
		return len(s) >= 1+7+2+1
	}
	return false
}

// The tables of Verhoeff's check digit over the dihedral group D5 (SNOMED CT
// Release File Specifications, "Check-digit").
var (
	verhoeffD = [10]string{"0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
		"5987604321", "6598710432", "7659821043", "8765932104", "9876543210"}
	verhoeffP = [8]string{"0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901",
		"2793806415", "7046913258"}
)

func verhoeff(s string) bool {
	c := byte('0')
	for i := range len(s) {
		c = verhoeffD[c-'0'][verhoeffP[i%8][s[len(s)-1-i]-'0']-'0']
	}
	return c == '0'
}
