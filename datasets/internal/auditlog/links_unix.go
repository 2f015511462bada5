//go:build unix

package auditlog

import (
	"io/fs"
	"syscall"
)

// linked tells whether a file has a second name: a copy of a store made with hard links. To write in
// place would write into both.
func linked(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink > 1
}
