// Package source reads the files a person writes: it decodes YAML strictly into
// a struct and reports every mistake at once, each with its place in the file, a
// stable code and, where it can, what was probably meant.
//
//	var job Job
//	doc, _ := source.DecodeYAML("nightly.yaml", data, &job)   // shape
//	if job.Days < 0 {
//		doc.Report("bad-value", "days is negative", "", "days")  // meaning
//	}
//	return doc.Err()                                          // everything, sorted
//
// The checks of meaning run on whatever did decode, so a wrong type on line 3
// does not hide an unknown measure on line 30.
//
// The YAML accepted is the plain part of it: one document of mappings with text
// keys, lists and scalars. Anchors, aliases, merge keys and tags are refused: in a
// file that is read by several people, what a line means should be seen on that
// line.
package source
