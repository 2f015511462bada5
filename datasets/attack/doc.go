// Package attack measures what the date shift of an extract gives away. It attacks as someone would who holds
// the store and not the key: it reads the open columns, and for each person it counts the shifts among 1 to 365
// days that remain possible, or likely.
//
//	figures, err := attack.Measure(ctx, snapshot)   // per attack: least and median number of shifts that remain
//
// The claim of a shift is never that it cannot be inferred. It is that no formula gives it, and that against each
// known attack so many candidates remain; this package says how many.
//
// # Attacks that cannot err
//
// They rest on how an extract is made, so the true shift is always among what they leave.
//
//   - offset: an open wall time names one instant, because the extractor seals the others. A candidate that moves
//     an open time into an hour that a change of clocks skips or repeats is impossible.
//   - newest: the manifest says the newest true day of a clinical event. No event of a person lies after it, so
//     the shift is at most the days from that person's newest open event to it. Where the as-of day was given by
//     hand it says less; then the newest open day of all persons, plus one, stands in for it if that is later.
//
// # Attacks that rest on what is generally so
//
//   - vaccine: no dose of a product was given before its launch ([launches]). Records that say otherwise mislead it.
//
// # Attacks on habits
//
// A habit is learned from the store itself, as an attacker would learn it: visits keep to some days of the
// week (weekday), dates heap on the first of a month or of a year (month), doses against influenza have a season
// (season), and what a machine writes in UTC steps by an hour on the local clock when daylight saving begins, or
// the other way round (clock). How strong the habit is comes by expectation
// maximisation over the shifts of a sample of persons (Dempster, Laird and Rubin 1977), each shift equally likely
// beforehand. A habit is used only if it explains the sample better than no habit does, by more than 10 nats
// beyond the penalty of BIC (Schwarz 1978). Then the decision for each person is the smallest set of shifts that
// has 99 % of the probability. So a habit may lead to a wrong answer for 1 % of the persons, or more where the
// habit is not everyone's.
//
// Two things follow for who extracts. The newest day gives much away, of whom was seen shortly before the load: the
// shift is backwards, so the days to the newest day bound it, and a person whose newest event lies close to
// it and whose shift is short is told. Where the figure of clock is low, the declared zone is not the clock of what
// wrote the times, and another zone (often UTC) keeps more.
//
// Not measured: holidays on which clinics are closed (25 visits lose a quarter of the candidates, to who knows the
// holidays; too little to be learned from data), dates that the attacker knows from elsewhere (one known date
// of a person is the shift), and results tables, which name true periods.
//
// all together is what one attacker has who tries everything: the habits' probabilities multiplied, within
// what the other attacks leave.
package attack
