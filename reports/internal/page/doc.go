// Package page writes a report's files: HTML pages, and a CSV and a JSON file for
// each figure. It sees released numbers ([disclose.Count], [disclose.Rate]) and
// text, never an exact count.
//
// The pages need no script and no network: one style sheet, allowed by its hash,
// and drawings from package chart. A sentence that states numbers takes them from
// the same values as the figure below it.
//
// To add a page: a template, a view in a file of its own, a line in [Render].
package page
