package plan

// passes are what a compiled program goes through before it is printed, in this order. None
// changes what a program answers; a program without them gives the same tables.
var passes = []struct {
	name string
	why  string // it is there, and stands where it does
	run  func(g *gen, s *Statement)
}{
	{"members", "a value set is asked of each row once and not by each retrieve; while relations are as they were compiled, " +
		"since it adds columns to joins wherever they are", (*gen).members},
	{"prune", "what nobody reads is not computed, joined or kept; before share, which would bind it", (*gen).prune},
	{"share", "what is said twice is bound once: planning takes its time by the text", (*gen).share},
	{"rebase", "lists that only read the rows they were asked of stand on those, not on each other; " +
		"after prune and share, when it is known what they read", (*gen).rebase},
	{"prune", "what share has made idle goes, and each relation gives the columns that are left", (*gen).prune},
	{"semi", "a list that is only asked whether it has an element is a semi join, and comes before what is computed of each row; " +
		"after prune, when what else is read of it is gone", (*gen).semi},
	{"prune", "what was read for rows that are gone early", (*gen).prune},
}

// optimise takes a program's statements through the passes, and what is derived of the
// extract's tables through the first.
func (g *gen) optimise() {
	for _, p := range passes {
		for i := range g.order {
			p.run(g, &g.order[i])
		}
	}
	g.derivations.members()
}

func (g *gen) prune(s *Statement) { s.prune() }

func (g *gen) share(s *Statement) { share(s.with, s.from) }

func (g *gen) rebase(s *Statement) { rebase(s.with, s.from) }

func (g *gen) semi(s *Statement) {
	s.with = inline(s.with, s.from)
	semi(s.with, s.from, s.list)
}
