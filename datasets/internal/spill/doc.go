// Package spill sorts more records than memory holds, and finds what was added with
// different partners. Records go into fixed arenas; a full arena is sorted and written as
// a run; at the end the runs are merged. What it holds is opaque bytes under a key, so that it
// depends on nothing.
//
// Records of one key mostly come one after another, so they are moved and compared as a
// group. Records of one key come out in no particular order: who needs one sorts them.
//
// Memory is fixed: the arenas, and one read buffer for each of at most fanIn runs.
// When more runs than that wait, they are first merged into longer ones. So the result does
// not depend on how many arenas were filled, nor by whom.
package spill
