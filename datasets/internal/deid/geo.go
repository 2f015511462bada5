package deid

import (
	"bytes"
	"strings"
)

// restrictedZIP3 are the three-digit ZIP areas with 20,000 people or fewer in the
// census of 2000, 2010 or 2020: the union of the list that HHS printed in its
// guidance of 2012 and the lists made from later counts, since 45 CFR
// 164.514(b)(2)(i)(B) asks for current data and the lists disagree.
const restrictedZIP3 = " 036 059 063 102 103 202 203 204 205 369 556 692 753 772 790 821 823 830 831 878 879 884 890 893 "

// unassignedZIP3 hold no households of their own: military mail (090-098, 340,
// 962-966), unused and unique prefixes.
const unassignedZIP3 = " 000 001 002 003 004 090 091 092 093 094 095 096 097 098 099 213 269 340 343 345 348 353 " +
	"419 428 429 517 518 519 529 533 536 552 568 578 579 589 621 632 642 643 659 663 682 694 695 696 697 698 699 " +
	"702 709 715 732 742 771 817 818 819 839 848 849 854 858 861 862 866 867 868 869 872 876 886 887 888 892 896 899 " +
	"909 929 962 963 964 965 966 987 "

// zip3 is the first three digits of a ZIP code where they may be shown, else "000".
// A text that is no ZIP code is lost.
func zip3(text []byte) (string, bool) {
	zip, ok := zip5(text)
	if !ok {
		return "", false
	}
	prefix := zip[:3]
	if strings.Contains(restrictedZIP3, " "+prefix+" ") || strings.Contains(unassignedZIP3, " "+prefix+" ") {
		return "000", true
	}
	return prefix, true
}

// zip5 is the five digits of 12345, 12345-6789 or 123456789, in ASCII.
func zip5(text []byte) (string, bool) {
	digits := text
	if len(text) == 10 && text[5] == '-' {
		digits = append(append(make([]byte, 0, 9), text[:5]...), text[6:]...)
	}
	if len(digits) != 5 && len(digits) != 9 || !allDigits(string(digits)) {
		return "", false
	}
	return string(digits[:5]), true
}

// state is the postal code of a US state or territory, from itself or its name.
func state(text []byte) (string, bool) {
	name := strings.ToUpper(string(bytes.TrimSpace(text)))
	if len(name) == 2 && strings.Contains(stateNames, "|"+name+"=") {
		return name, true
	}
	if len(name) > 2 {
		if at := strings.Index(stateNames, "="+name+"|"); at >= 2 {
			return stateNames[at-2 : at], true
		}
	}
	return "", false
}

const stateNames = "|AL=ALABAMA|AK=ALASKA|AZ=ARIZONA|AR=ARKANSAS|CA=CALIFORNIA|CO=COLORADO|CT=CONNECTICUT|DE=DELAWARE" +
	"|DC=DISTRICT OF COLUMBIA|FL=FLORIDA|GA=GEORGIA|HI=HAWAII|ID=IDAHO|IL=ILLINOIS|IN=INDIANA|IA=IOWA|KS=KANSAS" +
	"|KY=KENTUCKY|LA=LOUISIANA|ME=MAINE|MD=MARYLAND|MA=MASSACHUSETTS|MI=MICHIGAN|MN=MINNESOTA|MS=MISSISSIPPI" +
	"|MO=MISSOURI|MT=MONTANA|NE=NEBRASKA|NV=NEVADA|NH=NEW HAMPSHIRE|NJ=NEW JERSEY|NM=NEW MEXICO|NY=NEW YORK" +
	"|NC=NORTH CAROLINA|ND=NORTH DAKOTA|OH=OHIO|OK=OKLAHOMA|OR=OREGON|PA=PENNSYLVANIA|RI=RHODE ISLAND" +
	"|SC=SOUTH CAROLINA|SD=SOUTH DAKOTA|TN=TENNESSEE|TX=TEXAS|UT=UTAH|VT=VERMONT|VA=VIRGINIA|WA=WASHINGTON" +
	"|WV=WEST VIRGINIA|WI=WISCONSIN|WY=WYOMING|AS=AMERICAN SAMOA|GU=GUAM|MP=NORTHERN MARIANA ISLANDS|PR=PUERTO RICO" +
	"|VI=VIRGIN ISLANDS|"

// city is a city's name for a limited data set, by form only.
func city(text []byte) (string, bool) {
	if len(text) == 0 || len(text) > 40 {
		return "", false
	}
	for _, r := range string(text) {
		if r < ' ' || r >= '0' && r <= '9' || strings.ContainsRune(`@/\<>"=;:`, r) {
			return "", false
		}
	}
	return string(text), true
}
