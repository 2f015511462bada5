package evaluate

import (
	"farr/internal/source"
	"farr/measures/internal/content"
	"farr/measures/internal/elm"
)

// Lacking names the value sets that a measure asks for and that the package has not, or not
// whole, without compiling it. The error says why its definitions cannot be found.
func (c *Compiler) Lacking(m *content.Measure) (source.Diagnostics, error) {
	linked, libraries, main, err := c.linked(m)
	if err != nil {
		return nil, err
	}
	if mistakes := checkGroups(m); len(mistakes) > 0 {
		return nil, mistakes.Err()
	}
	var names []string
	for _, w := range c.wants(m) {
		names = append(names, w.Define)
	}
	urls := []string{} // of none, none
	for _, d := range linked.Reachable(main, names) {
		ask := func(n *elm.Node) {
			if l := linked.Find(d.Library, n.LibraryName); l != nil {
				urls = append(urls, l.ValueSets[n.Name])
			}
		}
		var visit func(n *elm.Node)
		visit = func(n *elm.Node) {
			switch {
			case n.Type == "ValueSetRef":
				ask(n)
			case n.ValueSet != nil && n.ValueSet.Type == "": // as InValueSet names one
				ask(n.ValueSet)
			}
			n.Children(visit)
		}
		visit(d.Node)
	}
	_, lacking := c.pkg.Terminology(libraries, urls)
	return lacking, nil
}
