// Package faults holds the test that ends a running job at its fault points (package disk), runs it again, and holds what is
// there against what an undisturbed run leaves: make faults takes every case, make test a few.
package faults
