package datasets

// #include <stdlib.h>
// #include <string.h>
//
// // erase overwrites a variable where it lies, which for one that the process was started with is
// // the block that the kernel shows as /proc/PID/environ.
// static void erase(const char *name) {
//     volatile char *value = getenv(name);
//     if (value != NULL) {
//         for (size_t n = strlen((const char *)value); n > 0; n--) value[n - 1] = 0;
//     }
// }
import "C"

import (
	"fmt"
	"os"
	"unsafe"
)

// takeVariable reads a variable and erases it: from the environment of this process, so that
// no child has it, and from the memory of the process, where unsetting alone leaves it.
func takeVariable(name string) ([]byte, error) {
	value, set := os.LookupEnv(name)
	if !set || value == "" {
		return nil, fmt.Errorf("read key: the variable %s is not set", name)
	}
	text := []byte(value)
	// The runtime's own copy is on the heap, and so is one that os.Setenv made.
	clear(unsafe.Slice(unsafe.StringData(value), len(value)))
	cname := C.CString(name)
	C.erase(cname)
	C.free(unsafe.Pointer(cname))
	if err := os.Unsetenv(name); err != nil {
		clear(text)
		return nil, fmt.Errorf("read key: erase the variable %s: %w", name, err)
	}
	return text, nil
}
