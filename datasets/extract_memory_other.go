//go:build !linux

package datasets

// inHugePages does nothing where the system does not ask.
func inHugePages(int64) {}
