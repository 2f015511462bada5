// Package elm reads the Expression Logical Model that CQL is translated to, and
// links libraries.
//
// Read takes one library's JSON to a tree of nodes that keep their place in the
// CQL. Link takes a set of libraries to a Program: every include is found by name,
// cycles and translation errors are named, all at once, and every reference can
// then be resolved to its definition.
package elm
