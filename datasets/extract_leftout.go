package datasets

import (
	"context"
	"errors"
	"slices"

	"farr/datasets/internal/deid"
)

// Names in an extract's recipe that say whom it leaves out, by hashes under the project's key: ids
// can be guessed, and so can their plain hash.
const (
	recipeOptOut  = "opt_out"
	recipeRemoved = "removed"
)

// leaveOut holds the request against the store's custody, and prepares whom the extract leaves out:
// those on the opt-out list, and those who were removed from the store.
func (x *extraction) leaveOut(ctx context.Context) error {
	custody, err := x.store.loadCustody(ctx)
	if err != nil {
		return err
	}
	key := x.req.Key
	if x.keyID != "" || key != nil {
		if err := custody.takes(key.ID()); err != nil {
			return err
		}
	}
	var marks []string
	if open := custody.open(); open != nil {
		marks = custody.Removed[open.Key]
	}
	x.marks = marks
	for _, e := range x.sources {
		if e.listed = e.OptOut != ""; e.listed {
			if e.optOut, err = ReadPatientIDs(e.OptOut); err != nil {
				return e.named(err, len(x.sources))
			}
		}
		switch {
		case !e.listed && len(marks) == 0:
			continue
		case key == nil:
			return errors.New("to leave out persons who opted out or were removed, the project key is needed in this profile, too")
		case len(x.req.Cases) > 0 && e.listed:
			return errors.New("cases have no opt-out list: leave the case out")
		}
		e.config.LeftOut = deid.NewLeftOut(key, e.Name, e.optOut, marks)
		x.report.OptOutListed += int64(len(e.optOut))
	}
	return nil
}

// leavesOut says whether there is anybody to leave out.
func (x *extraction) leavesOut() bool {
	return slices.ContainsFunc(x.sources, func(e *feed) bool { return e.config.LeftOut != nil })
}

// nameRemoved adds to the recipe who was removed from the store.
func (x *extraction) nameRemoved() {
	if len(x.marks) > 0 {
		x.recipe[recipeRemoved] = x.req.Key.ListHash(x.marks)
	}
}

// guard holds what must still be so when the extract is published: the key is the store's, and
// nobody was removed meanwhile. The caller holds the writer lock.
func (x *extraction) guard() error {
	if x.keyID != "" {
		if err := x.store.takeKey(x.req.Key); err != nil {
			return err
		}
	}
	if x.onto != nil {
		if _, err := x.store.Open(x.onto.base.id); err != nil { // its objects may have gone with it
			return err
		}
	}
	custody, err := x.store.loadCustodyLocked()
	if err != nil {
		return err
	}
	if open := custody.open(); open != nil && len(custody.Removed[open.Key]) != len(x.marks) {
		return errors.New("persons were removed from the store while this was extracted: run it again")
	}
	return x.refuseMixedLinkage()
}

// Linked says whether the same person was looked for in several sources.
func (sn *Snapshot) Linked() bool {
	_, linked := sn.manifest.Recipe[recipeLinkage]
	return linked
}

// refuseMixedLinkage refuses a linked extract beside one of the same source that is not, and the other way round. A record has the same pseudonym
// in both, and another shift where its person is linked: side by side the two would tell the difference of shifts of two Patients, without the
// key.
func (x *extraction) refuseMixedLinkage() error {
	if x.req.Profile != string(deid.Shifted) {
		return nil
	}
	all, err := x.store.Snapshots()
	if err != nil {
		return err
	}
	for _, id := range all {
		sn, err := x.store.Open(id)
		if err != nil {
			if IsIntegrity(err) {
				continue // verify tells of it
			}
			return err
		}
		linked := sn.Linked()
		if sn.keyID() != x.keyID || linked == x.req.Link || sn.manifest.Recipe[RecipeProfile] != x.req.Profile {
			continue
		}
		names := sn.SourceNames()
		for _, e := range x.sources {
			if !slices.Contains(names, e.Name) {
				continue
			}
			has, asked := "without linkage", "with it"
			if linked {
				has, asked = "with linkage", "without it"
			}
			return &Error{Code: CodeLinkedApart, Subject: "source " + e.Name, Detail: "the store has an extract of it " + has + " under the same key, snapshot " + id +
				", and this one is " + asked + ": side by side they tell how shifts differ; give this one a store of its own, under another key"}
		}
	}
	return nil
}
