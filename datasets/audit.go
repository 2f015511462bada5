package datasets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"farr/datasets/internal/auditlog"
)

// AuditRequest is what is known from elsewhere when a log is checked. All of it may be empty.
type AuditRequest struct {
	Verifiers []string // public keys in LogVerifier's form that are trusted
	Kept      []string // checkpoints that were kept elsewhere, in any form that ParseCheckpoint reads
	From, To  int64    // sizes between which a proof of consistency is wanted; To 0 is the whole log
}

// AuditReport says what the log is and everything that is wrong with it.
type AuditReport struct {
	Checkpoint  string          `json:"checkpoint"` // origin, size and root of the whole log
	Entries     int64           `json:"entries"`
	Checkpoints int             `json:"signed_checkpoints"`
	Signed      int64           `json:"signed_entries"` // entries that a trusted signature pins
	Verifiers   []AuditVerifier `json:"verifiers"`
	Kept        []string        `json:"kept_checkpoints"` // those of elsewhere that hold
	Unfinished  bool            `json:"unfinished"`       // the last append was cut off; the next command heals it
	Adopted     int             `json:"adopted"`          // snapshots that are older than the log
	Proof       *AuditProof     `json:"proof,omitempty"`
	Problems    []Problem       `json:"problems"`
}

// AuditVerifier is a public key that the log introduces.
type AuditVerifier struct {
	Verifier string `json:"verifier"`
	Entry    int64  `json:"entry"`   // that introduces it
	Signed   int64  `json:"signed"`  // entries under its newest signature
	Trusted  bool   `json:"trusted"` // named by the request, or the log's first, or one end of a rotation whose other end is trusted
}

// AuditProof proves that the longer log begins with the shorter one (RFC 6962, section 2.1.2).
type AuditProof struct {
	From   string   `json:"from"` // checkpoints
	To     string   `json:"to"`
	Hashes []string `json:"hashes"` // base64
}

// Err is nil when nothing is wrong, else an error that says how much is.
func (r AuditReport) Err() error { return VerifyReport{Problems: r.Problems}.Err() }

// Audit recomputes the whole log, checks its signatures and the checkpoints that were
// kept elsewhere, and holds it against what is in the store: every snapshot and pointer has its
// entry, and what an entry published is there. It changes nothing.
func (s *Store) Audit(ctx context.Context, req AuditRequest) (AuditReport, error) {
	for {
		before, err := auditlog.Read(s.logFiles())
		if err != nil {
			return AuditReport{}, fmt.Errorf("audit: %w", err)
		}
		a := auditor{store: s, req: req, view: before}
		if err := a.run(); err != nil {
			return AuditReport{}, fmt.Errorf("audit: %w", err)
		}
		if len(a.report.Problems) == 0 || ctx.Err() != nil {
			return a.report, ctx.Err()
		}
		// A living writer moves names while they are read: what is wrong is so only when the log
		// stood still meanwhile.
		after, err := auditlog.Read(s.logFiles())
		if err != nil {
			return AuditReport{}, fmt.Errorf("audit: %w", err)
		}
		if before.Head() == after.Head() && string(before.Pending) == string(after.Pending) {
			return a.report, nil
		}
	}
}

// auditor is one reading of a log.
type auditor struct {
	store   *Store
	req     AuditRequest
	view    *auditlog.View
	entries []LogEntry
	report  AuditReport
}

func (a *auditor) run() error {
	a.report = AuditReport{Verifiers: []AuditVerifier{}, Kept: []string{}, Problems: []Problem{}}
	head := a.view.Head()
	if a.report.Entries = head.Size; !head.IsZero() {
		a.report.Checkpoint = head.String()
	}
	a.report.Checkpoints = len(a.view.Notes)
	a.report.Unfinished = a.view.Pending != nil || a.view.Torn > 0
	a.read()
	if len(a.view.Faults()) == 0 && len(a.report.Problems) == 0 {
		if err := a.signatures(); err != nil {
			return err
		}
		a.kept()
		if err := a.prove(); err != nil {
			return err
		}
	}
	for _, f := range a.view.Faults() {
		a.problem(f.Subject, "%s", f.Detail)
	}
	if err := a.foreign(); err != nil {
		return err
	}
	return a.holdAgainst()
}

func (a *auditor) problem(subject, format string, args ...any) {
	a.report.Problems = append(a.report.Problems, Problem{CodeDamagedLog, subject, fmt.Sprintf(format, args...)})
}

// read parses the entries. Their order is in them, and in the tree.
func (a *auditor) read() {
	for i, line := range a.view.Lines {
		subject := fmt.Sprintf("log entry %d", i)
		e, err := parseLogEntry(line)
		canonical, err2 := canonicalJSON(e)
		switch {
		case err != nil || err2 != nil:
			a.problem(subject, "it is not an entry")
			continue
		case e.Seq != int64(i):
			a.problem(subject, "it says that it is entry %d", e.Seq)
		case string(canonical) != string(line):
			a.problem(subject, "it is not spelt as farr spells entries")
		}
		if origin, _ := e.Facts[factOrigin].(string); (i == 0) != (e.Kind == logBegin) || i == 0 && origin != a.view.Head().Origin {
			a.problem(subject, "a log begins with one entry that names it, and only there")
		}
		a.entries = append(a.entries, e)
	}
}

// signatures checks every signed checkpoint, and who vouched for whom.
func (a *auditor) signatures() error {
	var known []auditlog.Known
	for _, e := range a.entries {
		text, _ := e.Facts[factVerifier].(string)
		if e.Kind != logVerifier {
			continue
		}
		v, err := note.NewVerifier(text)
		if err != nil {
			a.problem(fmt.Sprintf("log entry %d", e.Seq), "it introduces no public key")
			continue
		}
		known = append(known, auditlog.Known{Verifier: v, Entry: e.Seq})
		a.report.Verifiers = append(a.report.Verifiers, AuditVerifier{Verifier: text, Entry: e.Seq})
	}
	signed := a.view.SignedBy(known)
	for i, k := range known {
		r := &a.report.Verifiers[i]
		r.Signed = signed[k.Name()]
		if len(a.req.Verifiers) > 0 {
			r.Trusted = slices.Contains(a.req.Verifiers, r.Verifier)
		} else {
			r.Trusted = i == 0
		}
		r.Trusted = r.Trusted || a.view.Vouched(known, i, func(older int) bool { return a.report.Verifiers[older].Trusted })
	}
	// A key that passed the log to a trusted one is as good: the trusted one's signature pins all
	// that stands before it, the older key's entry among it.
	for i := range slices.Backward(known) {
		for j := i + 1; j < len(known) && !a.report.Verifiers[i].Trusted; j++ {
			a.report.Verifiers[i].Trusted = a.report.Verifiers[j].Trusted && a.view.Vouched(known, j, func(older int) bool { return older == i })
		}
	}
	for i, k := range known {
		if r := a.report.Verifiers[i]; r.Trusted {
			a.report.Signed = max(a.report.Signed, r.Signed)
		} else if len(a.req.Verifiers) > 0 {
			a.problem(fmt.Sprintf("log entry %d", k.Entry), "it introduces %s, which is not a public key that was given, and none of them vouches for it", k.Name())
		}
	}
	for _, text := range a.req.Verifiers {
		v, err := note.NewVerifier(text)
		if err != nil {
			return fmt.Errorf("public key %q: want name+hash+key, as farr audit verify prints it", text)
		}
		if !slices.ContainsFunc(a.report.Verifiers, func(r AuditVerifier) bool { return r.Verifier == text }) {
			a.problem("log signatures", "none is by %s: this is not its log, or the log was written anew", v.Name())
		}
	}
	return nil
}

// kept holds the log against checkpoints of elsewhere.
func (a *auditor) kept() {
	for _, text := range a.req.Kept {
		c, err := ParseCheckpoint(text)
		if err != nil {
			a.problem("checkpoint kept elsewhere", "%s", err)
			continue
		}
		if fault := a.view.Holds(c); fault != nil {
			a.problem(fault.Subject, "%s", fault.Detail)
			continue
		}
		a.report.Kept = append(a.report.Kept, c.String())
	}
}

func (a *auditor) prove() error {
	from, to := a.req.From, a.req.To
	if to == 0 {
		to = a.report.Entries
	}
	if from == 0 {
		return nil
	}
	if from < 1 || from > to || to > a.report.Entries {
		return fmt.Errorf("no proof from %d to %d entries: the log has %d", from, to, a.report.Entries)
	}
	hashes, err := a.view.Prove(from, to)
	if err != nil {
		return err
	}
	a.report.Proof = &AuditProof{From: a.view.At(from).String(), To: a.view.At(to).String(), Hashes: []string{}}
	for _, h := range hashes {
		a.report.Proof.Hashes = append(a.report.Proof.Hashes, h.String())
	}
	return nil
}

// foreign finds what is in the log's folder and not the log's.
func (a *auditor) foreign() error {
	names, err := readNames(a.store.root, logDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, name := range names {
		if !slices.Contains(auditlog.Names, name) {
			a.report.Problems = append(a.report.Problems, Problem{CodeDamagedLayout, path.Join(logDir, name), "no file of farr's"})
		}
	}
	return err
}

// holdAgainst compares the log with the snapshots and pointers of the store.
func (a *auditor) holdAgainst() error {
	s := a.store
	there := map[string]bool{}
	ids, err := s.Snapshots()
	if err != nil {
		return err
	}
	for _, id := range ids {
		there[id] = true
	}
	if a.report.Entries == 0 && len(a.view.Faults()) == 0 {
		if len(ids) > 0 {
			a.problem("log", "%s", noLog)
		}
		return nil
	}
	b := newBook(a.entries)
	a.report.Adopted = b.adopted
	next, _ := parseLogEntry(a.view.Pending)
	for _, id := range ids {
		switch at, known := b.published[id]; {
		case known && b.retired[id] > at:
			a.problem("snapshot "+id, "entry %d retires it, and it is still there", b.retired[id])
		case !known && next.Publishes != id:
			a.problem("snapshot "+id, "the log does not know it: the log was rolled back, or the snapshot was not made by farr")
		}
	}
	for id, at := range b.published {
		if !there[id] && b.retired[id] <= at {
			a.problem("snapshot "+id, "entry %d published it, and it is gone", at)
		}
	}
	return a.holdPointers(b, next)
}

func (a *auditor) holdPointers(b book, next LogEntry) error {
	names, err := readNames(a.store.root, pointersDir)
	if err != nil {
		return err
	}
	for name, id := range b.points {
		if id != "" && !slices.Contains(names, name) {
			a.problem("pointer "+name, "entry %d set it, and it is gone", b.pointed[name])
		}
	}
	for _, name := range names {
		id, err := a.store.readPointer(path.Join(pointersDir, name))
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				return err
			}
			a.report.Problems = append(a.report.Problems, Problem{e.Code, e.Subject, e.Detail})
			continue
		}
		if id == b.points[name] || id == next.Points[name] {
			continue
		}
		if b.points[name] == "" {
			a.problem("pointer "+name, "the log does not know it")
		} else {
			a.problem("pointer "+name, "entry %d lets it name %s, and it names %s", b.pointed[name], b.points[name], id)
		}
	}
	return nil
}

// book is what the entries say about the store.
type book struct {
	published map[string]int64 // snapshot to the last entry that published it
	retired   map[string]int64 // snapshot to the last entry that retired it
	points    map[string]string
	pointed   map[string]int64
	adopted   int
}

func newBook(entries []LogEntry) book {
	b := book{map[string]int64{}, map[string]int64{}, map[string]string{}, map[string]int64{}, 0}
	for _, e := range entries {
		if e.Publishes != "" {
			b.published[e.Publishes] = e.Seq
		}
		for _, id := range e.Retires {
			b.retired[id] = e.Seq
		}
		for name, id := range e.Points {
			b.points[name], b.pointed[name] = id, e.Seq
		}
		if ids, ok := e.Facts[factAdopted].([]any); ok && e.Kind == logBegin {
			for _, id := range ids {
				if id, ok := id.(string); ok {
					b.published[id] = e.Seq
					b.adopted++
				}
			}
		}
	}
	return b
}

// ParseCheckpoint reads a checkpoint in any form that farr gives it: one line, three
// lines, or signed.
func ParseCheckpoint(text string) (Checkpoint, error) {
	if signed, err := auditlog.ParseSigned(strings.TrimRight(text, "\n") + "\n"); err == nil {
		return signed.Checkpoint, nil
	}
	return auditlog.ParseCheckpoint(text)
}
