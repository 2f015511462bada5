package datasets

import (
	"errors"
	"strings"
)

// CheckSourceName says whether an extract takes that name of a source.
func CheckSourceName(name string) error {
	if !namePattern.MatchString(strings.ReplaceAll(name, "-", "_")) {
		return errors.New("a source's name is 1 to 100 lower-case letters, digits, - and _, beginning with a letter")
	}
	return nil
}
