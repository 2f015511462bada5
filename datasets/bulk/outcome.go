package bulk

import (
	"encoding/json"
	"slices"
)

// outcome is what is read of an OperationOutcome: words of the specification alone, since texts may quote a record.
type outcome struct {
	Issue []struct{ Severity, Code string }
}

// severities and issueTypes are the codes of FHIR R4 that may be named; others count as "other".
var (
	severities = []string{"fatal", "error", "warning", "information"}
	issueTypes = []string{"invalid", "structure", "required", "value", "invariant", "security", "login", "unknown", "expired", "forbidden",
		"suppressed", "processing", "not-supported", "duplicate", "multiple-matches", "not-found", "deleted", "too-long", "code-invalid",
		"extension", "too-costly", "business-rule", "conflict", "transient", "lock-error", "no-store", "exception", "timeout", "incomplete",
		"throttled", "informational"}
	// passingTypes are "transient" and the codes below it that are not how servers say that they broke.
	passingTypes = []string{"transient", "lock-error", "no-store", "timeout", "incomplete", "throttled"}
)

func parseOutcome(body []byte) (o outcome) {
	var raw struct {
		ResourceType string
		Issue        []struct{ Severity, Code string }
	}
	if json.Unmarshal(body, &raw) == nil && raw.ResourceType == "OperationOutcome" {
		o.Issue = raw.Issue
	}
	return o
}

// transient says whether the server counts on being well again.
func (o outcome) transient() bool {
	for _, issue := range o.Issue {
		if slices.Contains(passingTypes, issue.Code) {
			return true
		}
	}
	return false
}

// names are its issues as severity/code.
func (o outcome) names() (names []string) {
	known := func(word string, words []string) string {
		if slices.Contains(words, word) {
			return word
		}
		return "other"
	}
	for _, issue := range o.Issue {
		names = append(names, known(issue.Severity, severities)+"/"+known(issue.Code, issueTypes))
	}
	return names
}
