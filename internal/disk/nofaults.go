//go:build !faults

package disk

// fault is none.
type fault struct{}

func (*fault) strike() error { return nil }

// at is nothing: the compiler drops it and what would follow.
func at(op, name string) *fault { return nil }

// Point is a fault point of a change that goes through another library, such as a commit.
func Point(op, name string) error { return nil }
