package datasets

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
)

// extractMemory is what the Go heap of an extract may grow to before garbage is
// collected. What is alive is about a third of it, whatever the size of the input.
const extractMemory = 96 << 20

// incrementMemory is that of an increment: one of a small change is done before it has used as much.
const incrementMemory = 64 << 20

// memoryHeld is true while an extract has set the collector's pace.
var memoryHeld atomic.Bool

// holdMemory lets the collector start at a fixed heap size in bytes, where it would start at
// twice of what is alive: peak memory is then the same for small and large
// input, and there are fewer collections. Where more than half of it is alive (a line
// of 64 MB, coverage of a million persons), the size follows. A limit set from outside
// holds. The pace belongs to the process, so an extract that runs beside another leaves it alone.
func holdMemory(heap int64) (release func()) {
	if !memoryHeld.CompareAndSwap(false, true) {
		return func() {}
	}
	outside := debug.SetMemoryLimit(-1)
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var (
		mu       sync.Mutex
		released bool
	)
	debug.SetMemoryLimit(min(heap, outside))
	percent := debug.SetGCPercent(-1)

	// A finalizer that renews itself runs after each collection.
	type sentinel struct{ _ [16]byte }
	var afterCollection func(*sentinel)
	afterCollection = func(*sentinel) {
		mu.Lock()
		defer mu.Unlock()
		if released {
			return
		}
		metrics.Read(live)
		alive := int64(live[0].Value.Uint64())
		debug.SetMemoryLimit(min(max(heap, 2*alive+heap/4), outside))
		runtime.SetFinalizer(&sentinel{}, afterCollection)
	}
	runtime.SetFinalizer(&sentinel{}, afterCollection)
	return func() {
		mu.Lock()
		defer mu.Unlock()
		released = true
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(outside)
		memoryHeld.Store(false)
	}
}
