// Package risk says how well a person could still be found in de-identified rows,
// and holds a gate to what is found.
//
//	r, _ := risk.Measure(ctx, extract, risk.Options{})         // of a snapshot
//	r, _ := risk.MeasureFile(ctx, "rows.csv", quasi, "income") // of any table
//	sn, r, _ := risk.Record(ctx, store, extract, nil)          // kept beside the extract
//	err := risk.DefaultThresholds().Judge(r)                   // a *GateError, exit code 5
//
// # Classes
//
// Rows that agree in all quasi-identifiers are a class; what a stranger may know of a
// neighbour (birth year, sex, place) is a quasi-identifier. A missing value is a
// value like any other: two rows in which the ZIP code is missing agree in it. (So a missing
// value never makes a row look safer by matching everything.) With n rows in c classes:
//
//   - k is the size of the smallest class (Sweeney, "k-anonymity", IJUFKS 10(5), 2002);
//   - prosecutor risk, of one who knows that the person is in the data: 1/k at the
//     highest, c/n on average over rows (El Emam and Dankar, JAMIA 15(5), 2008);
//   - marketer risk, the share whom one would name rightly who matches every row, is
//     c/n too, where the data are the whole population. For a sample both are upper bounds, and
//     so is prosecutor risk for journalist risk, which needs a table of the population;
//   - uniques are rows alone in their class;
//   - l-diversity of a sensitive column (Machanavajjhala et al., ACM TKDD 1(1), 2007):
//     distinct l is the fewest values that a class has; entropy l is exp of the least
//     entropy of the values in a class.
//
// # What a snapshot declares
//
// quasi.txt lists the quasi-identifiers of each profile: data, not code. They are
// taken as they stand at rest, so that no key is needed: in profile shifted a birth year is that
// of the shifted birth date. The sensitive column of a snapshot is the code of a
// condition; there a class has the distinct condition codes of its persons, once a person, and "none" for one who
// has no condition.
//
// # Longitudinal uniqueness
//
// What happened to a person in which year is known to others, too. A trace is a person's set of
// (code, year) pairs, years as they stand at rest, over the tables that quasi.txt lists. A person is
// unique on p pairs when nobody else has all of them. Two readings are given, for p of 2 and 3:
//
//   - any: there are p pairs of the trace that make the person unique. It is what an
//     attacker can do who happens to know the right ones.
//   - drawn: p pairs drawn at random from the trace do (de Montjoye et al., "Unique in the
//     Crowd", Scientific Reports 3:1376, 2013, whose unicity it is).
//
// Shares are of persons drawn at random with the stated seed, all of them where that is not too
// dear; one with fewer than p pairs is not unique on p. Of a trace of more than 64 pairs the
// 64 that the fewest persons have are looked at, and those drawn, so that "any" is then at least that.
//
// # Reference figures
//
// TestAdult holds the figures against those of ARX on the UCI "adult" extract. The file is not
// part of this repository: it is data/adult.csv of github.com/arx-deidentifier/arx (Apache-2.0; the data
// by UCI, CC BY 4.0). Put it to FARR_ADULT, or to farr/adult.csv in the user's cache directory; its SHA-256 is
// c700df9304fbf3c4d4db5938bffc510561bd4a2dfad285a3feef9a20619391c5.
package risk
