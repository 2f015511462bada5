//go:build unix && !linux

package jobs

// exchange puts the folder fresh at latest.
func exchange(fresh, latest string) error { return replace(fresh, latest) }
