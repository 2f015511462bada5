//go:build !linux

package datasets

// inHugePages does nothing where there is no way to ask for them.
func inHugePages(int64) {}
