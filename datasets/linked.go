package datasets

import (
	"context"
	"errors"

	"farr/datasets/internal/deid"
	"farr/internal/duck"
)

// linkedPersons are the Patients of an extract whose rows stand under the pseudonym of the same person's Patient in
// another source: from the one to the other.
type linkedPersons map[deid.ID]deid.ID

// linked reads them; none where linkage was not asked for.
func (sn *Snapshot) linked(ctx context.Context) (linkedPersons, error) {
	t, is := sn.Table(deid.PersonLink.Name)
	if !is || len(t.Objects) == 0 {
		return nil, nil
	}
	if err := sn.Check(ctx, t.Name); err != nil {
		return nil, err
	}
	db, err := duck.Open(ctx, duck.Config{AllowedDirs: []string{sn.store.ObjectsDir()}})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.Query(ctx, "read linked persons", "SELECT pid, person FROM "+readParquet(sn.Paths(t.Name)...))
	if err != nil {
		return nil, err
	}
	all := linkedPersons{}
	for rows.Next() {
		var pid, person []byte
		if err := rows.Scan(&pid, &person); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		all[deid.ID(pid)] = deid.ID(person)
	}
	return all, errors.Join(rows.Err(), rows.Close())
}

// is the person of a Patient.
func (l linkedPersons) is(pid deid.ID) deid.ID {
	if person, linked := l[pid]; linked {
		return person
	}
	return pid
}

// all are the pseudonyms of the persons whom some Patients are, and of every Patient of those.
func (l linkedPersons) all(pids []deid.ID) []deid.ID {
	wanted := map[deid.ID]bool{}
	for _, pid := range pids {
		wanted[l.is(pid)] = true
	}
	for pid, person := range l {
		if wanted[person] {
			wanted[pid] = true
		}
	}
	for _, pid := range pids {
		wanted[pid] = true
	}
	list := make([]deid.ID, 0, len(wanted))
	for pid := range wanted {
		list = append(list, pid)
	}
	return list
}
