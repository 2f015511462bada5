package source

import "strings"

// Nearest finds the candidate that was probably meant by name: equal but for case,
// or at most a third of its letters away (insertions, deletions, substitutions and
// swaps of neighbours each count one). The first of equally near ones wins, so the
// order of candidates decides. The result is empty when nothing is near.
func Nearest(name string, candidates []string) string {
	folded := []rune(strings.ToLower(name))
	best, bestDistance := "", 1+max(1, len(folded)/3)
	for _, c := range candidates {
		if d := distance(folded, []rune(strings.ToLower(c))); d < bestDistance && c != name {
			best, bestDistance = c, d
		}
	}
	return best
}

// DidYouMean is the hint of Nearest, or empty.
func DidYouMean(name string, candidates []string) string {
	if n := Nearest(name, candidates); n != "" {
		return `did you mean "` + n + `"?`
	}
	return ""
}

// distance is the optimal string alignment distance of a and b.
func distance(a, b []rune) int {
	// Three rows of the table are alive: two back, one back and the present one.
	two, one, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(one[j]+1, row[j-1]+1, one[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one, row = one, row, two
	}
	return one[len(b)]
}
