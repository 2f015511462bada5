package rawwalk

// truth is CQL's logic of three values; the zero value is null.
type truth int8

const (
	no      truth = -1
	unknown truth = 0
	yes     truth = 1
)

func is(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (a truth) and(b truth) truth { return min(a, b) }

func (a truth) or(b truth) truth { return max(a, b) }
