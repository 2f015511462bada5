package jobs

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"farr/internal/source"
)

// Duration is a length of time in a job file: 90s, 15m, 4h, 2d, 1w, or parts one after the other (1h30m).
type Duration time.Duration

var durationPart = regexp.MustCompile(`([0-9]+)(s|m|h|d|w)`)

var durationUnits = map[string]time.Duration{
	"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

// longestDuration bounds a duration: what is longer is a slip of the pen.
const longestDuration = 10 * 366 * 24 * time.Hour

// UnmarshalSource reads the form above.
func (d *Duration) UnmarshalSource(v source.Value) error {
	text := v.Text()
	parts := durationPart.FindAllStringSubmatch(text, -1)
	var total time.Duration
	whole := ""
	for _, p := range parts {
		whole += p[0]
		n, err := strconv.ParseInt(p[1], 10, 32)
		if unit := durationUnits[p[2]]; err != nil || time.Duration(n) > longestDuration/unit {
			total = longestDuration + 1
			break
		}
		if total += time.Duration(n) * durationUnits[p[2]]; total > longestDuration {
			break // before it runs over
		}
	}
	switch {
	case total > longestDuration:
		return source.Diagnostic{Code: "bad-duration", Message: "longer than ten years"}
	case whole != text || text == "":
		return source.Diagnostic{Code: "bad-duration", Message: fmt.Sprintf("%q is not a length of time", text), Hint: "90s, 15m, 4h, 2d or 1w"}
	}
	*d = Duration(total)
	return nil
}

// String gives the form of a job file.
func (d Duration) String() string {
	rest := time.Duration(d)
	var b strings.Builder
	for _, unit := range []string{"w", "d", "h", "m", "s"} {
		if n := rest / durationUnits[unit]; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, unit)
			rest -= n * durationUnits[unit]
		}
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}
