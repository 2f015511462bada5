package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"farr/datasets"
)

// rejectsShown is how many rejected lines are printed for a person; --json has more.
const rejectsShown = 20

func (a *app) extract() *cobra.Command {
	var req datasets.ExtractRequest
	var store, key string
	var withRisk bool
	var server bulkFlags
	var sources sourceFlags
	cmd := &cobra.Command{
		Use:   "extract {--source DIR | --bulk URL | --sources FILE} --store DIR --key FILE",
		Short: "read a FHIR R4 export into a de-identified snapshot",
		Long: `Streams every line of *.ndjson, and every entry of Bundles in *.json, gzip or not, through
validation and the de-identification policy into Parquet, and publishes a snapshot. The
resourceType inside decides, not the file's name; JSON that is no FHIR is passed over. Bad lines are listed by place and reason, never by their text;
above --max-reject nothing is published. The same request again is a skip. The residual risk of
the snapshot is measured and kept beside it (farr risk shows all of it).

Profiles: shifted (the dates of each patient moved by a secret number of days; measures are exact with
the key), limited (true dates, five-digit ZIP, city and state), safe-harbor (of every date the year
alone, no birth year where it would show an age over 89; pseudonyms under a key that is never
written, so no key is needed, and one that is given only signs the log; no measure can be computed).

--onto current (or the ID of an extract) adds to an earlier extract what is new or changed since: the source has those
resources alone, and says what is gone by Bundles of DELETE entries. The snapshot is what reading everything again
gives. Where that cannot be had exactly (several sources, linked patients, stated ages, persons left out, another policy, key,
zone or map), the command says why, and everything is to be loaded. With --bulk the server is asked for what changed since the
earlier extract's export (_since), of the same request; what it says is deleted goes. A group, a type filter, a server that does not name what
was deleted or whose time went back: these need everything, too. --onto newest is the newest extract of that request that can be added to.` + bulkHelp + sourcesHelp,
		RunE: func(cmd *cobra.Command, _ []string) error {
			needed := []string{"source", "store", "key"}
			if server.request.URL != "" {
				needed[0] = "bulk"
			}
			if sources.file != "" {
				needed[0] = "sources"
			}
			if req.Profile == datasets.ProfileSafeHarbor {
				needed = needed[:2]
			}
			if err := require(cmd, needed...); err != nil {
				return err
			}
			if err := checkExtractFlags(req); err != nil {
				return usageError{err}
			}
			if cmd.Flags().Changed("onto") && req.Onto == "" { // of a variable that is empty, and not a full load
				return usageError{errors.New("--onto is empty: want current, newest or the ID of an extract")}
			}
			var err error
			if req.Key, err = optionalKey(key); err != nil {
				return err
			}
			if req.Bulk, err = server.client(cmd, a.waits, req.Source); err != nil {
				return err
			}
			if req.Bulk != nil {
				defer req.Bulk.Close()
			}
			closeAll, err := sources.read(cmd, a.waits, &req)
			if err != nil {
				return err
			}
			defer closeAll()
			s, err := datasets.CreateStore(cmd.Context(), store)
			if err != nil {
				return err
			}
			defer s.Close()
			s.KeepWitness(key)
			req.Progress = a.progress()
			report, err := datasets.Extract(cmd.Context(), s, req)
			var tooMany *datasets.TooManyRejectsError
			if err != nil && !errors.As(err, &tooMany) { // the counts of a reading that broke off add up to nothing
				return err
			}
			answer := extractAnswer{ExtractReport: report}
			if withRisk && err == nil {
				if answer.Risk, err = a.riskOf(cmd, s, report.Snapshot); err != nil {
					return err
				}
			}
			return errors.Join(err, a.print(answer, func(w io.Writer) error { return writeExtract(w, answer) }))
		},
	}
	f := cmd.Flags()
	f.StringVar(&req.Source, "source", "", "folder of the export")
	server.add(cmd)
	sources.add(cmd)
	f.StringVar(&store, "store", "", "folder of the store; made when missing")
	f.StringVar(&key, "key", "", "project key: its file, fd:3 or env:NAME (farr keys new)")
	f.StringVar(&req.SourceName, "source-name", "main", "name of the source, part of every pseudonym")
	f.StringVar(&req.Zone, "zone", "UTC", "time zone of the source's wall clock, for example America/New_York")
	f.StringVar(&req.Profile, "profile", "shifted", "shifted, limited or safe-harbor, which needs no key")
	f.StringVar(&req.Onto, "onto", "", "extract to add to: current, its ID, or with --bulk newest; a full load when not given")
	f.StringVar(&req.OptOut, "opt-out", "", "file of patients to leave out with all that is theirs: id or Patient/id, one a line; of a person with several, each")
	f.StringVar(&req.SitesFile, "sites", "", "CSV file id,label with the labels of organizations and locations")
	f.StringVar(&req.Policy, "policy", "", "folder of policy tables of your own (farr policy export); those that come with farr when not given")
	f.StringArrayVar(&req.ConceptMaps, "concept-map", nil, "map of local codes to standard codes: FHIR R4 ConceptMap as JSON, or CSV source_system,source_code,target_system,target_code (repeatable)")
	f.StringSliceVar(&req.MapBy, "map-by", datasets.UsedEquivalences, "equivalences of concept maps that are used")
	f.StringSliceVar(&req.Expect, "expect", nil, "types of FHIR that the source is said to have; one of them that is not there is told, and a measure that rests on it is incomplete, but lacks nothing where it rests on another; all when not given")
	f.StringVar(&req.Observable, "observable", "auto", "rule of observable time: auto, enrolment-gap45 or contact")
	f.StringVar(&req.AsOf, "as-of", "", "last day that the data know; the newest event when not given")
	f.Float64Var(&req.MaxReject, "max-reject", datasets.DefaultMaxReject, "greatest share of rejected lines, 0 to 1")
	f.BoolVar(&withRisk, "risk", true, "measure the residual risk of the snapshot, too; it takes longer than the extraction, and farr risk does it later as well")
	return cmd
}

// extractAnswer is what became of every line, and the residual risk of what was stored.
type extractAnswer struct {
	*datasets.ExtractReport
	Risk *riskAnswer `json:"risk,omitempty"`
}

// checkExtractFlags finds every flag whose value cannot be meant.
func checkExtractFlags(req datasets.ExtractRequest) error {
	var mistakes []error
	oneOf := func(flag, value string, known ...string) {
		if !slices.Contains(known, value) {
			mistakes = append(mistakes, fmt.Errorf("--%s %q: want %s", flag, value, strings.Join(known, " or ")))
		}
	}
	oneOf("profile", req.Profile, datasets.Profiles()...)
	oneOf("observable", req.Observable, "auto", "enrolment-gap45", "contact")
	for _, name := range req.MapBy {
		oneOf("map-by", name, datasets.Equivalences...)
	}
	if _, err := time.LoadLocation(req.Zone); err != nil || req.Zone == "" || req.Zone == "Local" {
		mistakes = append(mistakes, fmt.Errorf("--zone %q: no such time zone; want a name such as America/New_York", req.Zone))
	}
	if !(req.MaxReject >= 0 && req.MaxReject <= 1) {
		mistakes = append(mistakes, fmt.Errorf("--max-reject %g: want a share from 0 to 1, such as 0.01", req.MaxReject))
	}
	if _, err := time.Parse(time.DateOnly, req.AsOf); err != nil && req.AsOf != "" {
		mistakes = append(mistakes, fmt.Errorf("--as-of %q: want a day such as 2025-12-31", req.AsOf))
	}
	return errors.Join(mistakes...)
}

func writeExtract(w io.Writer, r extractAnswer) error {
	p := printer{w: w}
	switch {
	case r.Skipped && r.Bulk != nil && r.Bulk.Since != nil:
		p.line("snapshot %s stays: nothing changed at the server since", r.Snapshot)
	case r.Skipped:
		p.line("snapshot %s was made already from the same input: skipped", r.Snapshot)
	case r.Snapshot != "":
		p.line("snapshot %s", r.Snapshot)
	}
	p.line("%d lines read = %d stored + %d superseded + %d of types not in the policy + %d dropped by policy + %d rejected",
		r.Read, r.Stored, r.Superseded, r.NotInPolicy, r.DroppedByPolicy, r.Rejected)
	if r.OptedOut+r.OptOutListed > 0 {
		p.line("  + %d of persons who opted out or were removed; of %d ids on the list, %d are in no line", r.OptedOut, r.OptOutListed, r.OptOutUnmatched)
	}
	if r.Merged > 0 {
		p.line("  + %d Patients whose row is that of the same person in another source", r.Merged)
	}
	if r.Deleted > 0 {
		p.line("  + %d of resources that the source deletes", r.Deleted)
	}
	if r.Onto != "" {
		p.line("added to extract %.12s: of its resources %d were replaced and %d deleted", r.Onto, r.Replaced, r.Removed)
	}
	writeBulk(&p, "", r.Bulk)
	writeAbsent(&p, "", r.Absent)
	for _, one := range r.Sources {
		writeSource(&p, one)
	}
	writeLinkage(&p, r.Linkage)
	for _, reason := range slices.Sorted(maps.Keys(r.RejectReasons)) {
		p.line("  rejected, %s: %d", reason, r.RejectReasons[reason])
	}
	for _, reason := range slices.Sorted(maps.Keys(r.DropReasons)) {
		p.line("  dropped, %s: %d", reason, r.DropReasons[reason])
	}
	for _, path := range slices.Sorted(maps.Keys(r.CodesMapped)) {
		p.line("  codes mapped, %s: %d", path, r.CodesMapped[path])
	}
	for _, path := range slices.Sorted(maps.Keys(r.CodesUnmapped)) {
		p.line("  codes that no map knows, %s: %d", path, r.CodesUnmapped[path])
	}
	for i, reject := range r.Rejects {
		if i == rejectsShown {
			p.line("  and %d more; --json lists them", r.Rejected-rejectsShown)
			break
		}
		from := ""
		if reject.Source != "" {
			from = reject.Source + ": "
		}
		p.line("  %s%s:%d (byte %d): %s", from, reject.File, reject.Line, reject.Offset, reject.Reason)
	}
	for _, name := range r.Ignored {
		p.line("not read: %s", name)
	}
	if l := r.Linked; l != nil {
		p.line("links between patients: %d followed, %d of them to a patient who is not in the load; %d patients share a shift", l.Followed, l.NotInLoad, l.Persons)
		if l.Self+l.Others+l.Unusable > 0 {
			p.line("  not followed: %d to the patient itself, %d to a RelatedPerson, %d by no literal reference", l.Self, l.Others, l.Unusable)
		}
	}
	if r.AsOf != "" {
		p.line("data as of %s; observable time by %s", r.AsOf, r.Observable)
		if r.AsOf > time.Now().Format(time.DateOnly) {
			p.line("  this day is yet to come, and every feed seems to have stopped before it: a record may have a wrong date; --as-of says the last day that the data know")
		}
	}
	if r.Risk != nil {
		p.line("residual risk: %s", r.Risk.Summary())
	}
	return p.err
}

// printer writes lines and keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}
