// Package disk is the door through which farr changes files that last: what it publishes, and what is on its way to
// its place. Each call is a fault point. A program built with the tag faults lists the points that it passes, or fails at
// one of them (see faults.go); without the tag a point is nothing at all.
//
// It also holds the three habits of publishing: a private folder for what is on its way (Private), a file that is there whole or
// not at all (WriteNew, ReplaceFile), and a folder that takes another's place in one step (Replace).
package disk
