// Package leak searches what a program wrote for planted markers, in every form in which a marker may have come
// out: as it is, encoded, escaped, turned round, hashed without a key; in files, in compressed files, in
// the decoded pages and dictionaries of Parquet, in the batches of Arrow.
//
//	f := leak.NewFinder(leak.Marker{Name: "narrative", Text: "Quackenbushsky"})
//	hits, err := f.Search("page.html", data)
//
// It is for tests: a marker that is found is a leak, and a search that finds none says how much it looked at.
package leak
