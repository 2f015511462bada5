// Package reports turns results into a bundle: a folder of pages that opens
// offline, prints, needs no script, and says for each number where it came from.
//
//	exact counts (input)  ->  disclose  ->  control, page  ->  files, written whole or not at all
//
// [Build] reads results, a file of targets and an audience, and writes
//
//	index.html           what changed since the report before, measures against their targets
//	measures/<id>.html   one measure: finding, populations, control chart, sites, funnel, groups, gaps, definition
//	cohorts/<id>.html    one cohort: attrition, Table 1, new cases over time, by group and place, age by sex, outcomes, survival, definition
//	data-quality.html    what fails, feeds that were incomplete, completeness by site, and which measures each touches
//	run.html             lineage, and the command that makes it again
//	data/<figure>.csv    the numbers of each figure, and .json
//	signals.json         how far the charts knew, for the report after this one
//	report.pdf           where asked for: all pages as one printed document, by Chromium
//	licences.txt         notices of the software that drew the charts
//	manifest.json        SHA-256 of each of these files
//
// A figure that rests on a type of record that was never loaded, or on a feed that had stopped, is marked: it is incomplete,
// is judged by no rule and no target and compared with nothing, and a zero of it is "not known" (incomplete.go, disclose.Lack).
// A month in which a site's feed had fewer records than its others allow for is told, and its figures are judged with a word of
// warning (quality.go). Of a site's feed that stopped outsiders learn which one and since which month: the attack on hidden numbers
// knows that the months after it are empty.
//
// Pages are in English, or in the language of a file (package text); data files are in English.
//
// The same inputs give the same bytes. An audience must be named: internal shows
// everything and marks every page, external does not show what the policy hides.
package reports
