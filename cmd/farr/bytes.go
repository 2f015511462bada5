package main

import (
	"fmt"
	"math"

	"github.com/dustin/go-humanize"
)

// leastMemory is what the engine needs to begin at all.
const leastMemory = 100_000_000

// bytesValue is a flag for an amount of memory, as 512MB or 4GiB.
type bytesValue int64

func (b *bytesValue) Set(text string) error {
	n, err := humanize.ParseBytes(text)
	if err != nil || n < leastMemory || n > math.MaxInt64 {
		return fmt.Errorf("an amount is a number with MB or GB, as 512MB or 4GB, and %s at least", humanize.Bytes(leastMemory))
	}
	*b = bytesValue(n)
	return nil
}

func (b *bytesValue) String() string {
	if b == nil || *b == 0 {
		return ""
	}
	return humanize.Bytes(uint64(*b))
}

func (b *bytesValue) Type() string { return "amount" }
