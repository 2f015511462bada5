// Package conformance runs the test cases that measure authors ship, by the way
// that production goes: each case is extracted as a source of its own to Parquet, and
// the SQL of the measure runs on the keyed views of that extract.
//
//	report, err := conformance.Run(ctx, conformance.Request{Dir: dir})
//
// A case passes when every population of every group has the expected count. A
// quarantined case is one whose expectation a reason says is doubtful: its failure is
// no failure, and its success is one, so that the list cannot outlive its reasons.
package conformance
