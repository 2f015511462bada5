package conformance

import (
	"fmt"
	"strings"

	"farr/measures/internal/evaluate"
)

// parseQuarantine reads a list of doubtful cases: a line each, the case's id as
// measure folder/case folder, then why. Lines that begin with # are remarks. A case
// may be named by the first eight characters of its folder, or more. A line that begins
// with "inferred:" or "declared:" is of runs that tell profiles in that way, and of no other.
func parseQuarantine(file string, text []byte, profiles evaluate.Profiles) (map[string]string, error) {
	list := map[string]string{}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		id, reason, _ := strings.Cut(line, " ")
		only := evaluate.Profiles(strings.TrimSuffix(id, ":"))
		if named := only == evaluate.Inferred || only == evaluate.Declared; named {
			id, reason, _ = strings.Cut(strings.TrimSpace(reason), " ")
		} else {
			only = profiles
		}
		folder, name, ok := strings.Cut(id, "/")
		reason = strings.TrimSpace(reason)
		switch {
		case !ok || folder == "" || len(name) < 8:
			return nil, fmt.Errorf("%s:%d: a line begins with measure/case, the case by at least 8 characters", file, number)
		case reason == "":
			return nil, fmt.Errorf("%s:%d: no reason why the case is doubtful", file, number)
		case only != profiles:
			continue
		case list[id] != "":
			return nil, fmt.Errorf("%s:%d: the case is there twice", file, number)
		}
		list[id] = reason
	}
	return list, nil
}

// doubt is the reason why a case is quarantined, "" when it is not.
func doubt(list map[string]string, folder, name string) string {
	for n := len(name); n >= 8; n-- {
		if reason := list[folder+"/"+name[:n]]; reason != "" {
			return reason
		}
	}
	return ""
}
