//go:build !linux

package disk

import "errors"

// exchange is not offered here.
func exchange(a, b string) error { return errors.ErrUnsupported }
