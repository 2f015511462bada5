// Package spill sorts more records than memory holds. Records go into fixed
// arenas; a full arena is sorted and written as a run; at the end the runs are
// merged. What it holds is opaque bytes under a key, so that it depends on nothing.
//
// Memory is fixed: the arenas, and one read buffer for each of at most fanIn runs.
// When more runs than that wait, they are first merged into longer ones. The order
// is that of the keys alone, which the caller makes unique, so the result does not
// depend on how many arenas were filled, nor by whom.
package spill
