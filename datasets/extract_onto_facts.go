package datasets

import (
	"encoding/json"
	"maps"
)

const (
	// factAges counts the persons of whom a record states an age, where ages may have to be hidden.
	factAges = "ages_stated"
	// factLoad holds the facts of an increment's own lines. The others are of all lines from the full load on.
	factLoad = "load"
)

// decodeFacts reads facts, as a manifest has them, into a struct.
func decodeFacts(facts map[string]any, into any) error {
	text, err := json.Marshal(facts)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// addUp makes facts of all lines of the facts of an increment's own and those of the extract that it adds to.
func (o *onto) addUp(own map[string]any) (map[string]any, error) {
	x := o.x
	var now, before map[string]any
	if err := decodeFacts(own, &now); err != nil {
		return nil, err
	}
	if err := decodeFacts(o.base.manifest.Facts, &before); err != nil {
		return nil, err
	}
	replaced, removed := x.final.Replaced, x.final.Removed
	total := func(counts map[string]int64) (n int64) {
		for _, one := range counts {
			n += one
		}
		return n
	}
	load := logged(own)
	load["onto"] = o.base.id
	load["sequence"], load["replaced"], load["removed"] = int64(o.sequence), total(replaced), total(removed)
	load["by_type"], load["as_of"], load["observable"] = own["by_type"], own["as_of"], own["observable"]

	sum := maps.Clone(now)
	for _, name := range []string{
		"read", "stored", "superseded", "not_in_policy", "dropped_by_policy", "rejected", "by_type", "drop_reasons", "reject_reasons",
		"values_dropped", "elements_not_in_policy", "codes_mapped", "codes_unmapped", "deleted", "linked", factIssues,
	} {
		if all := plus(before[name], now[name]); all != nil {
			sum[name] = all
		}
	}
	byType, _ := sum["by_type"].(map[string]any)
	move := func(counts map[string]int64, to string) {
		for typ, n := range counts {
			one, _ := byType[typ].(map[string]any)
			for _, m := range []map[string]any{one, sum} {
				m["stored"] = plus(m["stored"], -n)
				m[to] = plus(m[to], n)
			}
		}
	}
	move(replaced, "superseded")
	move(removed, "deleted")
	sum[factLoad] = load
	return sum, nil
}

// plus adds numbers, and the numbers of maps by name. nil is nothing.
func plus(a, b any) any {
	switch b := b.(type) {
	case nil:
		return whole(a)
	case map[string]any:
		first, _ := a.(map[string]any)
		sum := map[string]any{}
		for name, v := range first {
			sum[name] = whole(v)
		}
		for name, v := range b {
			sum[name] = plus(sum[name], v)
		}
		return sum
	}
	return number(a) + number(b)
}

// whole is a value with numbers as int64.
func whole(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case map[string]any:
		return plus(nil, v)
	}
	return number(v)
}

// number is a count, as JSON gives it or as it was made here.
func number(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case float64:
		return int64(v)
	}
	return 0
}
