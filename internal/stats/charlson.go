package stats

import (
	"strings"
)

// Comorbidity is one condition of Charlson's index.
type Comorbidity struct {
	Name     string
	Weight   int      // Charlson's of 1987
	Updated  int      // Quan's of 2011
	Prefixes []string // of ICD-10 and ICD-10-CM codes, without the dot
	Under    string   // the graver condition that takes its place where both are there
}

// Comorbidities are the 17 conditions with Quan's ICD-10 codes.
//
// Sources: Quan H, Sundararajan V, Halfon P, et al. Coding algorithms for defining
// comorbidities in ICD-9-CM and ICD-10 administrative data. Med Care 2005;43:1130-1139,
// table 1. Charlson ME, Pompei P, Ales KL, MacKenzie CR. J Chronic Dis 1987;40:373-383.
// Quan H, Li B, Couris CM, et al. Am J Epidemiol 2011;173:676-682.
var Comorbidities = []Comorbidity{
	{"myocardial infarction", 1, 0, icd("I21 I22 I252"), ""},
	{"congestive heart failure", 1, 2, icd("I099 I110 I130 I132 I255 I420 I425-9 I43 I50 P290"), ""},
	{"peripheral vascular disease", 1, 0, icd("I70 I71 I731 I738 I739 I771 I790 I792 K551 K558 K559 Z958 Z959"), ""},
	{"cerebrovascular disease", 1, 0, icd("G45 G46 H340 I60-9"), ""},
	{"dementia", 1, 2, icd("F00-3 F051 G30 G311"), ""},
	{"chronic pulmonary disease", 1, 1, icd("I278 I279 J40-7 J60-7 J684 J701 J703"), ""},
	{"rheumatic disease", 1, 1, icd("M05 M06 M315 M32-4 M351 M353 M360"), ""},
	{"peptic ulcer disease", 1, 0, icd("K25-8"), ""},
	{"mild liver disease", 1, 2, icd("B18 K700-3 K709 K713-5 K717 K73 K74 K760 K762-4 K768 K769 Z944"), "moderate or severe liver disease"},
	{"diabetes without complication", 1, 0, each("E10 E11 E12 E13 E14", "0 1 6 8 9"), "diabetes with complication"},
	{"diabetes with complication", 2, 1, each("E10 E11 E12 E13 E14", "2 3 4 5 7"), ""},
	{"hemiplegia or paraplegia", 2, 2, icd("G041 G114 G801 G802 G81 G82 G830-4 G839"), ""},
	{"renal disease", 2, 1, icd("I120 I131 N032-7 N052-7 N18 N19 N250 Z490-2 Z940 Z992"), ""},
	{"malignancy", 2, 2, icd("C0 C10-9 C20-6 C30-4 C37-9 C40 C41 C43 C45-9 C50-8 C60-9 C70-6 C81-5 C88 C90-7"), "metastatic solid tumour"},
	{"moderate or severe liver disease", 3, 4, icd("I850 I859 I864 I982 K704 K711 K721 K729 K765-7"), ""},
	{"metastatic solid tumour", 6, 6, icd("C77-9 C80"), ""},
	{"AIDS", 6, 4, icd("B20-2 B24"), ""},
}

// icd spells ranges of a last digit out: I60-9 is I60 to I69.
func icd(text string) []string {
	var out []string
	for _, word := range strings.Fields(text) {
		from, to, isRange := strings.Cut(word, "-")
		if !isRange {
			out = append(out, word)
			continue
		}
		stem, first := from[:len(from)-1], from[len(from)-1]
		for digit := first; digit <= to[0]; digit++ {
			out = append(out, stem+string(digit))
		}
	}
	return out
}

func each(stems, ends string) []string {
	var out []string
	for _, stem := range strings.Fields(stems) {
		for _, end := range strings.Fields(ends) {
			out = append(out, stem+end)
		}
	}
	return out
}

// Charlson is a person's index by the weights of 1987 and of 2011, of ICD-10 codes with
// or without dots. A condition counts once, and not beside its graver form.
//
// Reference: E11.9 and E11.2 together weigh 2; C50 and C78 weigh 6.
func Charlson(codes []string) (index, updated int) {
	has := map[string]bool{}
	for _, code := range codes {
		code = strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(code), ".", ""))
		for _, c := range Comorbidities {
			for _, prefix := range c.Prefixes {
				if strings.HasPrefix(code, prefix) {
					has[c.Name] = true
				}
			}
		}
	}
	for _, c := range Comorbidities {
		if has[c.Name] && !has[c.Under] {
			index, updated = index+c.Weight, updated+c.Updated
		}
	}
	return index, updated
}
