package datasets

import (
	"context"
	"fmt"

	"farr/internal/duck"
)

// RestPrefix begins the names of the tables at rest in NumberedSchema, and PersonDays is the
// column of PersonTable with how many days to add to each of a person's dates.
const (
	RestPrefix = "raw_"
	PersonDays = "days"
)

// AttachRest makes the tables of an extract, as they stand at rest, in NumberedSchema, with
// PersonTable beside them. It opens each person's shift and nothing else: no sealed date is in
// the session. A shift beside a date at rest is a true date, so of a shifted extract it spills nothing to disk.
func AttachRest(ctx context.Context, db *duck.Session, sn *Snapshot, key *Key) error {
	v, err := newViewer(ctx, db, sn, key)
	if err != nil {
		return fmt.Errorf("attach snapshot %.12s: %w", sn.id, err)
	}
	for _, stage := range []func(context.Context) error{v.checkObjects, v.keepOffDisk, v.attachRaw, v.findPersons} {
		if err := stage(ctx); err != nil {
			return fmt.Errorf("attach snapshot %.12s: %w", sn.id, err)
		}
	}
	return nil
}
