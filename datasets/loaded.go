package datasets

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"time"

	"farr/datasets/internal/deid"
	"farr/internal/stats"
)

// factLoaded says of several sources how the records of each type came from each: a list of loadedFrom. Of one source the rows
// themselves say it.
const factLoaded = "loaded"

// SourceFeed is how the records of one type came from one of several sources.
type SourceFeed struct {
	Source, Type string
	Never        bool // the source was said to have the type (ExtractRequest.Expect), and sent none
	Before       bool // the last record is of before the five years that end with the as-of day
	// First and Last are the months of the first and the last record in these years, as their first days; zero where it could not be judged:
	// of a few records, perhaps of one person, no month is told.
	First, Last    time.Time
	Usual, Longest int  // days, see stats.Silence
	Judged         bool // there were days enough to know a habit
	// Ended is the true day of the last record, where none came for so long that it is no chance (stats.SilenceOf); else zero.
	Ended time.Time
}

// loadedFrom is a SourceFeed in a manifest. A true day beside shifted dates would narrow how far these are shifted, so it is sealed where
// dates are. There are no counts, which a removal would make stale.
type loadedFrom struct {
	Source  string `json:"source"`
	Type    string `json:"type"`
	Never   bool   `json:"never,omitempty"`
	Before  bool   `json:"before,omitempty"`
	First   string `json:"first_month,omitempty"`
	Last    string `json:"last_month,omitempty"`
	Usual   int    `json:"usual_days,omitempty"`
	Longest int    `json:"longest_days,omitempty"`
	Judged  bool   `json:"judged"`
	Ended   string `json:"ended,omitempty"` // a day, or its seal
}

// FeedYears is how many years before the as-of day a habit is known by: what came before says little of what is usual now.
const FeedYears = 5

const monthForm = "2006-01"

// loaded is the fact of several sources; nil where nothing can be said of days.
func (x *extraction) loaded() []loadedFrom {
	f := x.final
	if !x.several() || x.plan.InYears() || !f.HasAsOf {
		return nil
	}
	var all []loadedFrom
	first := dayNumber(dayOf(f.AsOf).AddDate(-FeedYears, 0, 0))
	for at, came := range f.Came {
		var days []int // from first on
		for _, day := range slices.Sorted(maps.Keys(came)) {
			if day >= first && day <= f.AsOf {
				days = append(days, int(day-first))
			}
		}
		switch name := x.sources[at.Source].Name; {
		case len(days) > 0:
			all = append(all, x.loadedOn(name, at.Type, first, days))
		case len(came) > 0 && slices.Max(slices.Collect(maps.Keys(came))) < first:
			all = append(all, loadedFrom{Source: name, Type: at.Type, Before: true})
		}
	}
	for _, e := range x.sources {
		for _, typ := range lacking(e.expectedTypes(), func(typ string) bool { return x.cameFrom(e, typ) }) {
			all = append(all, loadedFrom{Source: e.Name, Type: typ, Never: true})
		}
	}
	slices.SortFunc(all, func(a, b loadedFrom) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Source, b.Source)) })
	return all
}

// lacking are the types of which nothing is stored.
func lacking(types []string, stored func(typ string) bool) (some []string) {
	for _, typ := range types {
		if !stored(typ) {
			some = append(some, typ)
		}
	}
	return some
}

// awaited are the types that a source is said to have, or a server is asked for and the policy has.
func (x *extraction) awaited(e *feed) []string {
	types, known := slices.Clone(e.Expect), x.policy.Types()
	if e.Bulk != nil {
		for _, typ := range e.Bulk.Types {
			if slices.Contains(known, typ) {
				types = append(types, typ)
			}
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(types)))
}

// cameFrom says whether something of a type is stored that one of several sources sent; of years no origin is kept, and what was read counts.
func (x *extraction) cameFrom(e *feed, typ string) bool {
	if x.final.Came == nil {
		return e.worker.byType[typ] != nil
	}
	return x.final.Came[deid.Origin{Source: e.number, Type: typ}] != nil
}

// tellAbsent tells what is absent of one source, by the facts of an extract with all that it adds to. Several say their own.
func (x *extraction) tellAbsent(facts map[string]any) {
	var all struct {
		ByType map[string]TypeCount `json:"by_type"`
	}
	if x.several() || decodeFacts(facts, &all) != nil { // what cannot be decoded is told by who needs it
		return
	}
	x.report.Absent = lacking(x.awaited(x.sources[0]), func(typ string) bool { return all.ByType[typ].Stored > 0 })
}

// loadedOn judges a feed by the days with records, counted from a first one.
func (x *extraction) loadedOn(source, typ string, first int64, days []int) loadedFrom {
	day := func(i int) time.Time { return dayOf(first + int64(days[i])) }
	last := day(len(days) - 1)
	l := loadedFrom{Source: source, Type: typ}
	s, err := stats.SilenceOf(days, int(x.final.AsOf-first))
	if err != nil {
		return l
	}
	l.First, l.Last = day(0).Format(monthForm), last.Format(monthForm)
	l.Usual, l.Longest, l.Judged = s.Usual, s.Longest, true
	switch {
	case s.Ended && deid.Profile(x.req.Profile) == deid.Shifted:
		sealed := deid.NewSealer(x.project).Seal(nil, l.place(), deid.Value{WallMs: last.UnixMilli()})
		l.Ended = base64.StdEncoding.EncodeToString(sealed)
	case s.Ended:
		l.Ended = last.Format(time.DateOnly)
	}
	return l
}

// place is what the seal of the day is bound to.
func (l loadedFrom) place() deid.Place {
	sum := sha256.Sum256([]byte(l.Source + "\x00" + l.Type))
	return deid.Place{Table: factLoaded, Column: "ended", RID: deid.ID(sum[:16])}
}

// dayOf is a day by its number since 1970-01-01, and dayNumber the number of a day.
func dayOf(number int64) time.Time { return time.Unix(number*86400, 0).UTC() }

func dayNumber(day time.Time) int64 { return day.Unix() / 86400 }

// SourceFeeds are how the records of each type came from each of several sources, by type and source; none of an extract of
// one source, under safe-harbor, or of an older farr. The key opens days that are sealed; without one that is an error of code
// [CodeKeyRequired].
func (sn *Snapshot) SourceFeeds(ctx context.Context, key *Key) ([]SourceFeed, error) {
	damaged := func(err error) error {
		return &Error{Code: CodeBadManifest, Subject: "snapshot " + sn.id, Detail: fmt.Sprintf("how records came from its sources cannot be read: %v", err)}
	}
	var facts struct {
		Loaded []loadedFrom `json:"loaded"`
	}
	if err := decodeFacts(sn.manifest.Facts, &facts); err != nil {
		return nil, damaged(err)
	}
	var out []SourceFeed
	for _, l := range facts.Loaded {
		f, sealed, err := l.open()
		if err != nil {
			return nil, damaged(err)
		}
		if sealed != nil {
			if err := sn.mayOpen(ctx); err != nil {
				return nil, err
			}
			switch of := sn.keyID(); {
			case key == nil:
				return nil, &Error{Code: CodeKeyRequired, Subject: "snapshot " + sn.id, Detail: "until when records of a source came is sealed, and only key " + of + " opens it"}
			case key.ID() != of:
				return nil, &Error{Code: CodeWrongKey, Subject: "snapshot " + sn.id, Detail: "it was made with key " + of + " and this is " + key.ID()}
			}
			v, err := deid.NewSealer(key).Open(sealed, l.place())
			if err != nil {
				return nil, damaged(err)
			}
			f.Ended = time.UnixMilli(v.WallMs).UTC()
		}
		out = append(out, f)
	}
	return out, nil
}

// open is the feed, and the day of its last record where that is sealed.
func (l loadedFrom) open() (f SourceFeed, sealed []byte, err error) {
	f = SourceFeed{Source: l.Source, Type: l.Type, Never: l.Never, Before: l.Before, Usual: l.Usual, Longest: l.Longest, Judged: l.Judged}
	if l.First == "" {
		return f, nil, nil
	}
	if f.First, err = time.Parse(monthForm, l.First); err != nil {
		return f, nil, err
	}
	if f.Last, err = time.Parse(monthForm, l.Last); err != nil || l.Ended == "" {
		return f, nil, err
	}
	if f.Ended, err = time.Parse(time.DateOnly, l.Ended); err == nil {
		return f, nil, nil
	}
	f.Ended = time.Time{}
	sealed, err = base64.StdEncoding.DecodeString(l.Ended)
	return f, sealed, err
}
