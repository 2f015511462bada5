// Package control asks whether a measure really changes: control charts of released rates over
// separate periods, the rules that tell a special cause from chance, and how often these rules
// signal when nothing changes.
//
//	released rows -> series (what may be used) -> limits by base -> rules -> signals
//	                                           `-> the same on made-up periods without a change
//
// [Of] makes the chart; [Chart.Null] measures its false signals by the very same steps. Only
// released values are read, so that a limit, a mean or a signal gives nothing away.
//
// What was decided, and by what:
//
//   - Limits are made of the first 12 points and then kept (NHS England, Making data count), until
//     a decision to make them again is recorded in the job file; under 12 points they are trial
//     limits, under 6 there are none (Wheeler DJ, Understanding variation: limits are of use from five or six
//     values on). A level that lasted is not taken as the new normal without a decision.
//   - A point that is hidden or had nobody to count is left out of the limits, and it ends a run, a
//     trend and a zone: "seven in a row" is claimed of seven neighbours only, since the point
//     that is not known may be on the other side. So does a period that is missing.
//   - Where more than one in five periods is hidden there are no limits: what is hidden is small, so the mean of
//     what is shown would be wrong.
//   - A point that is not complete is drawn and left out of everything: it will change.
//   - Laney's p' where the mean denominator is 2,000 or more, or where periods of the baseline vary
//     1.2 times as much as chance or more (Laney 2002; statistics of this project, point 6).
//     Scores that are not proportions: XmR, with great moving ranges left out once.
package control
