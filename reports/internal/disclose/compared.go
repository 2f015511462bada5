package disclose

// ExactCompared is a level of a characteristic, or a number where Level is empty, in two groups of a cohort's members.
type ExactCompared struct {
	Characteristic, Title, Level string
	Members, Of                  [2]int64 // at the level, or with the number; and all of the group
	Mean, SD                     [2]float64
}

// Compared is such a row as it may be shown.
type Compared struct {
	Characteristic, Title, Level string
	Shares                       [2]Rate
	Mean, SD                     [2]Figure
}

// compared releases a comparison to readers inside alone: every characteristic by group is a table of many small
// numbers, beside the one of all members.
func (p Policy) compared(rows []ExactCompared) []Compared {
	if p.hides() {
		return nil
	}
	var out []Compared
	for _, r := range rows {
		c := Compared{Characteristic: r.Characteristic, Title: r.Title, Level: r.Level}
		for i := range c.Shares {
			share := float64(r.Members[i]) / float64(r.Of[i])
			c.Shares[i] = p.rate(Percent, cell{den: r.Of[i], num: r.Members[i]}, share, share, share, "", true)
			if r.Level == "" {
				c.Mean[i], c.SD[i] = figure(r.Mean[i], -1, false), figure(r.SD[i], -1, false)
			}
		}
		out = append(out, c)
	}
	return out
}
