// Package content reads published FHIR quality measures as they come: Measure,
// Library with ELM, ValueSet, and the test cases that their authors ship.
//
//	p, err := content.Load(path)      // folder, repository's input tree, or Bundle
//	sn, err := p.Publish(ctx, store)  // pinned by hash
//	p, err = content.Open(ctx, sn)    // the same again, from the store
//	cases, err := content.Cases(path) // persons and what is expected of them
//
// Nothing is changed on the way: a measure runs as its author published it. What
// is missing or broken is named, all at once.
package content
