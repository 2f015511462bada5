// Package evaluate computes published measures on an extract: it compiles a measure's
// ELM to SQL and runs it for all subjects and periods at once. Production and the
// measures' own test cases go this one way.
//
//	c, err := evaluate.NewCompiler(pkg, evaluate.Inferred)
//	p, err := c.Compile(measure)               // every mistake at once, before anything runs
//	s, err := evaluate.Open(ctx, db, programs)
//	err = s.Ask(ctx, periods, subjects)        // who, and when
//	err = s.Run(ctx, p)                        // leaves a table for each group
//
// The session's schema fhir is the extract's. What is made here are temporary tables and
// views, which come before all others by plain name: SQL of authors must have run before.
//
// Time is the wall time of the extract's zone throughout: a measure that asks on which
// day something happened means the day on the calendar in that place.
package evaluate
