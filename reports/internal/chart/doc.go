// Package chart draws farr's charts as SVG, without a browser.
//
// A chart's option is built with go-echarts, put into the house style, and
// rendered by echarts' own server-side rendering inside a JavaScript engine
// written in Go. The result is rebuilt element by element from a list of what a
// drawing may contain, so that it is safe to place in a page under a policy
// without inline styles or scripts, and ids are named after the figure.
//
// Charts take only [disclose.Rate] values. A function in an option is an object
// {"$fn": name}, looked up in runtime.js; text from data is always a string, so
// no label can become code. The same chart gives the same bytes.
//
// To add a chart: one file with its options, and its golden files in testdata.
package chart
