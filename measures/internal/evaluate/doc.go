// Package evaluate computes published measures on an extract: it compiles a measure's
// ELM to SQL and runs it for all subjects and periods at once. Production and the
// measures' own test cases go this one way.
//
//	c, err := evaluate.NewCompiler(pkg, evaluate.Inferred)
//	p, err := c.Compile(measure)               // every mistake at once, before anything runs
//	s, err := evaluate.Open(ctx, db, programs)
//	err = s.Ask(ctx, periods, nil)             // who, and when: everybody
//	err = s.Begin(ctx)                         // initial populations; from here on only who is in one
//	err = s.Run(ctx, p)                        // leaves a table for each group
//
// What takes the time is not evaluating logic but reading, planning and joining, so each is
// done once. The extract is read once for all programs of a session, the columns that one of
// them reads and the rows that one of their retrieves wants (elements.go). Initial populations
// come first, and the rest is read and computed for their members alone; who is in none counts
// for nothing. Defines that several programs share, by text, are made once (run.go). Persons
// and subjects are whole numbers. The test cases of a package ask each program about other
// persons: they use Hold, which keeps the elements of everybody, in place of Begin.
//
// The session's schema fhir is the extract's. What is made here are temporary tables and
// views, which come before all others by plain name: SQL of authors must have run before.
//
// Time is the wall time of the extract's zone throughout: a measure that asks on which
// day something happened means the day on the calendar in that place.
package evaluate
