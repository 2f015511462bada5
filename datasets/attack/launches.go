package attack

import (
	"fmt"
	"strings"
)

// launches are products whose first doses in the United States came on or soon after a known day: CVX code and the
// day on which the Food and Drug Administration first licensed the product or authorised its use in an emergency.
// A code that several products share has the day of the first. Sources: codes from the CDC's CVX table; days from
// the FDA's letters of approval and authorisation, as Immunize.org's timeline of vaccines lists them.
const launches = `
100 2000-02-17 pneumococcal conjugate, 7-valent
110 2002-12-13 DTaP-hepatitis B-IPV
114 2005-01-14 meningococcal ACWY conjugate, diphtheria toxoid
115 2005-05-03 Tdap
94  2005-09-06 measles, mumps, rubella, varicella
116 2006-02-03 rotavirus, pentavalent
121 2006-05-25 zoster, live
62  2006-06-08 HPV, 4-valent
119 2008-04-03 rotavirus, monovalent
120 2008-06-20 DTaP-Hib-IPV
130 2008-06-24 DTaP-IPV
118 2009-10-16 HPV, 2-valent
135 2009-12-23 influenza, high dose
136 2010-02-19 meningococcal ACWY conjugate, CRM197
133 2010-02-24 pneumococcal conjugate, 13-valent
149 2012-02-29 influenza, live, quadrivalent
150 2012-12-14 influenza, quadrivalent
162 2014-10-29 meningococcal B, FHbp
165 2014-12-10 HPV, 9-valent
163 2015-01-23 meningococcal B, 4C
171 2016-05-23 influenza, cell culture, quadrivalent
185 2016-10-07 influenza, recombinant, quadrivalent
187 2017-10-20 zoster, recombinant
189 2017-11-09 hepatitis B, CpG adjuvant
146 2018-12-21 DTaP-IPV-Hib-hepatitis B
197 2019-11-04 influenza, high dose, quadrivalent
205 2020-02-21 influenza, adjuvanted, quadrivalent
203 2020-04-23 meningococcal ACWY conjugate, tetanus toxoid
208 2020-12-11 COVID-19, mRNA, Pfizer-BioNTech, from 12 years
207 2020-12-18 COVID-19, mRNA, Moderna, from 12 years
212 2021-02-27 COVID-19, Janssen
216 2021-06-08 pneumococcal conjugate, 20-valent
215 2021-07-16 pneumococcal conjugate, 15-valent
218 2021-10-29 COVID-19, mRNA, Pfizer-BioNTech, 5 to 11 years
219 2022-06-17 COVID-19, mRNA, Pfizer-BioNTech, to 4 years
228 2022-06-17 COVID-19, mRNA, Moderna, to 5 years
211 2022-07-13 COVID-19, Novavax
229 2022-08-31 COVID-19, mRNA, Moderna, bivalent
300 2022-08-31 COVID-19, mRNA, Pfizer-BioNTech, bivalent
303 2023-05-03 RSV, adjuvanted
305 2023-05-31 RSV, bivalent
309 2023-09-11 COVID-19, mRNA, Pfizer-BioNTech, 2023-2024
312 2023-09-11 COVID-19, mRNA, Moderna, 2023-2024
313 2023-10-03 COVID-19, Novavax, 2023-2024
326 2024-05-31 RSV, mRNA
327 2024-06-17 pneumococcal conjugate, 21-valent
`

// influenza are the CVX codes of seasonal vaccines against influenza.
const influenza = "15 16 88 111 135 140 141 144 149 150 151 153 155 158 161 166 168 171 185 186 197 205"

// vaccinesSQL is a SELECT of (code, launch DATE or NULL, flu BOOLEAN). Codes have no leading zero.
func vaccinesSQL() string {
	flu := map[string]bool{}
	for code := range strings.FieldsSeq(influenza) {
		flu[code] = true
	}
	var rows []string
	for line := range strings.Lines(strings.TrimSpace(launches)) {
		fields := strings.Fields(line)
		rows = append(rows, fmt.Sprintf("('%s', DATE '%s', %v)", fields[0], fields[1], flu[fields[0]]))
		delete(flu, fields[0])
	}
	for code := range flu {
		rows = append(rows, fmt.Sprintf("('%s', NULL, true)", code))
	}
	return "SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") v(code, launch, flu)"
}
