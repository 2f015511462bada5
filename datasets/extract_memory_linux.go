package datasets

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// inHugePages lets so much of the heap come in huge pages, where the system gives them to who asks: an increment is done before
// it has used its memory twice, and a sixth of its time went into the 24,000 small pages of it. In a process that has done nothing
// else, what is allocated and dropped here is not touched and takes no memory; the heap, which fills from its lowest address, grows
// into it.
func inHugePages(heap int64) {
	_ = unix.Madvise(make([]byte, heap), unix.MADV_HUGEPAGE) // as well without
	runtime.GC()
}
