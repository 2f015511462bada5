// Package progress carries how far a long step has come, from the layers that
// do the work to the command that may show it.
package progress

// Func is told how much of a step is done. done and total share one unit
// (bytes, rows, statements) that only their ratio matters for; total is 0 while
// it is unknown. A nil Func is silent, so callers need no check. It may be called
// from several goroutines and must return quickly.
type Func func(step string, done, total int64)

// Report calls f unless it is nil.
func (f Func) Report(step string, done, total int64) {
	if f != nil {
		f(step, done, total)
	}
}
