package fhir

// FHIR releases, as [Doc.NotR4] names them.
const (
	DSTU2 = "DSTU2"
	STU3  = "STU3"
	R5    = "R5"
)
