package measures

import (
	"context"

	"farr/measures/internal/conformance"
)

// TestRequest is which measures to test on the cases that their authors ship.
type TestRequest = conformance.Request

// TestReport is what became of the cases: Cases = Passed + Failed + Quarantined.
type TestReport = conformance.Report

// Test runs the test cases of published measures by the way that production goes, and
// compares every population's count with the expected one.
func Test(ctx context.Context, r TestRequest) (*TestReport, error) { return conformance.Run(ctx, r) }

// The verdicts on a case that need a word.
const (
	TestFailed      = conformance.Failed
	TestQuarantined = conformance.Quarantined
)
