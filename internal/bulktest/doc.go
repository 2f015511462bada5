// Package bulktest is a FHIR Bulk Data server for tests, which errs as its script says. It shares no code with the client: what
// it takes for right it checks by the specification itself.
package bulktest
