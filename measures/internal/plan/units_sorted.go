package plan

import (
	"maps"
	"slices"
)

var sortedUnits = slices.Sorted(maps.Keys(units))
