package datasets

import (
	"errors"
	"fmt"
)

// Code names a kind of store failure for scripts and exit codes. It is stable:
// a code once published keeps its meaning.
type Code string

// The codes. Those that IsIntegrity reports mean that bytes at rest are not
// what was written.
const (
	CodeNotAStore       Code = "not-a-store"        // the folder holds something else
	CodeStoreFormat     Code = "store-format"       // written by a farr of another format version
	CodeLocked          Code = "locked"             // another process is publishing
	CodeNotFound        Code = "snapshot-not-found" // no such snapshot or pointer
	CodeAmbiguousID     Code = "ambiguous-id"       // a prefix that several snapshots share
	CodeDamagedObject   Code = "damaged-object"     // an object is missing or its bytes changed
	CodeDamagedManifest Code = "damaged-manifest"   // a manifest's bytes are not those of its ID
	CodeDamagedPointer  Code = "damaged-pointer"    // a pointer or index entry that leads nowhere
	CodeDamagedLog      Code = "damaged-log"        // the log is not what was written, or does not know what is there
	CodeDamagedLayout   Code = "damaged-layout"     // a link or foreign file where farr writes
	CodeOpenToOthers    Code = "open-to-others"     // a folder of the store that others can enter
	CodeBadPlace        Code = "bad-place"          // a file system on which nothing can be published safely
	CodeNoRoom          Code = "no-room"            // more on the disk than it may take
	CodeDamagedReport   Code = "damaged-report"     // a file of a report is not what its manifest says
	CodeBadManifest     Code = "bad-manifest"       // a manifest that may not be published
	CodeKeyRequired     Code = "key-required"       // shifted data, and no key was given
	CodeDatesInYears    Code = "dates-in-years"     // measures are asked of an extract that has no days
	CodeWrongKey        Code = "wrong-key"          // a key of another project
	CodeNotPermitted    Code = "not-permitted"      // it needs a permit
	CodeKeyDestroyed    Code = "key-destroyed"      // a key that may not be used any more
	CodeLinkedApart     Code = "linked-apart"       // linked and not linked side by side would tell shifts
	CodeDamagedCustody  Code = "damaged-custody"    // the file of keys and removals is not what the log says
)

// Error is a store failure that a caller may branch on. Subject says what it is
// about (an object, a snapshot, a pointer) and never holds a value from a row.
type Error struct {
	Code    Code
	Subject string
	Detail  string
	Err     error // the cause, or nil
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %s", e.Code, e.Subject)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// PrivacyGate marks what is not permitted as stopped by a privacy gate: exit code 5.
func (e *Error) PrivacyGate() bool { return e.Code == CodeNotPermitted }

// CodeOf returns the code of the first *Error in err's chain, or "".
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// IsIntegrity reports whether err says that bytes at rest are not what was written.
func IsIntegrity(err error) bool {
	switch CodeOf(err) {
	case CodeDamagedObject, CodeDamagedManifest, CodeDamagedPointer, CodeDamagedLog, CodeDamagedCustody, CodeDamagedLayout, CodeDamagedReport:
		return true
	}
	return false
}
