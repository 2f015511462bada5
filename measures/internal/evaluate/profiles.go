package evaluate

import "fmt"

// Profiles says what tells whether a resource is of the profile that a retrieve asks for.
// QI-Core has profiles of one resource type that differ in whether something was done.
type Profiles string

const (
	// Inferred goes by what a resource says: a retrieve of what was done leaves out what its
	// status, doNotPerform, a modifier or a profile of its own says was not, and a retrieve of
	// what was not done takes that alone. Ordinary records name no profiles, and need it.
	Inferred Profiles = "inferred"
	// Declared goes by meta.profile alone, as engines do that trust it: a retrieve of a profile
	// takes the resources that declare it, so one that declares none is of none but its type's
	// own. The Patient is the subject, whatever it declares.
	Declared Profiles = "declared"
)

// declared is whether profiles are declared; the empty one is Inferred.
func (p Profiles) declared() (bool, error) {
	switch p {
	case "", Inferred:
		return false, nil
	case Declared:
		return true, nil
	}
	return false, fmt.Errorf("profiles %q: they are %s or %s", string(p), Inferred, Declared)
}
