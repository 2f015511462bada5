package datasets

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"farr/internal/disk"
	"farr/internal/source"
)

// Officer is the key of who permits crosswalks: an Ed25519 key that is no key of the project. Who
// extracts and measures needs the project's key every day and this one never, so that the
// two can lie with two people.
type Officer struct {
	public ed25519.PublicKey
	sign   func(text []byte) []byte // hides the private key as Key hides its own
}

func newOfficer(seed []byte) *Officer {
	private := ed25519.NewKeyFromSeed(seed)
	return &Officer{private.Public().(ed25519.PublicKey), func(text []byte) []byte { return ed25519.Sign(private, text) }}
}

const officerPrefix = "farr-officer-v1:"

var officerEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// CreateOfficer makes an officer's key in a new file that its owner alone can read.
func CreateOfficer(path string) (*Officer, error) {
	seed := make([]byte, ed25519.SeedSize)
	defer clear(seed)
	if _, err := rand.Read(seed); err != nil {
		return nil, fmt.Errorf("create officer's key: %w", err)
	}
	text := []byte(officerPrefix + officerEncoding.EncodeToString(seed) + "\n")
	defer clear(text)
	if err := disk.WriteNew(path, text, 0o600); err != nil {
		return nil, fmt.Errorf("create officer's key: %w", err)
	}
	return newOfficer(seed), nil
}

// ReadOfficer reads an officer's key from its source, as ReadKey does.
func ReadOfficer(source string) (*Officer, error) {
	text, err := readSecret(source)
	defer clear(text)
	if err != nil {
		return nil, err
	}
	encoded, ok := bytes.CutPrefix(bytes.TrimRight(text, "\r\n"), []byte(officerPrefix))
	seed, err := officerEncoding.DecodeString(string(encoded))
	defer clear(seed)
	if !ok || err != nil || len(seed) != ed25519.SeedSize {
		return nil, &fs.PathError{Op: "read officer's key", Path: source, Err: errors.New("not an officer's key (farr keys officer makes one)")}
	}
	return newOfficer(seed), nil
}

// Public is the officer's public key, 64 hex digits. It is not secret.
func (o *Officer) Public() string {
	return hex.EncodeToString(o.public)
}

// Format implements fmt.Formatter: every verb prints the public key.
func (o Officer) Format(f fmt.State, _ rune) { io.WriteString(f, "officer "+o.Public()) }

// MarshalText implements encoding.TextMarshaler, and so JSON, with the public key.
func (o Officer) MarshalText() ([]byte, error) { return []byte("officer " + o.Public()), nil }

// SetOfficer lets the store take permits of the officer. A store that has one changes to another
// only with the key of the one it has.
func (s *Store) SetOfficer(ctx context.Context, next, now *Officer) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return fmt.Errorf("set officer: %w", err)
	}
	defer unlock()
	err = s.changeCustody(Event{Kind: "officer", Facts: map[string]any{"officer": next.Public()}}, func(c *custody) error {
		switch {
		case c.Officer == next.Public():
			return errNoChange
		case c.Officer != "" && (now == nil || now.Public() != c.Officer):
			return &Error{Code: CodeNotPermitted, Subject: "officer " + c.Officer, Detail: "the store has an officer, whose key is needed to name another"}
		}
		c.Officer = next.Public()
		return nil
	})
	if err != nil {
		return fmt.Errorf("set officer: %w", err)
	}
	return nil
}

// Permit allows one account to make crosswalks in one store.
type Permit struct {
	Format  int    `json:"format"`
	What    string `json:"what"`    // "crosswalk"
	Store   string `json:"store"`   // origin of the store's log
	Who     string `json:"who"`     // account on the machine
	Until   string `json:"until"`   // last day, YYYY-MM-DD
	Persons int    `json:"persons"` // most persons in all; who is given twice counts twice
	Reason  string `json:"reason"`
	// Signature is Ed25519 of the officer over the canonical JSON without it, hex.
	Signature string `json:"signature,omitempty"`
}

// Permit signs a permit for a store. Store, Format and What are filled in.
func (s *Store) Permit(ctx context.Context, o *Officer, p Permit) (*Permit, error) {
	if _, err := time.Parse(time.DateOnly, p.Until); err != nil {
		return nil, fmt.Errorf("permit: the last day %q is no day YYYY-MM-DD", p.Until)
	}
	if p.Who == "" || p.Persons < 1 || badReason(p.Reason) {
		return nil, errors.New("permit: it needs an account, a number of persons from 1, and a reason: one line of at most 200 characters")
	}
	c, err := s.loadCustody(ctx)
	if err != nil {
		return nil, err
	}
	if c.Officer != o.Public() {
		return nil, &Error{Code: CodeNotPermitted, Subject: "officer " + o.Public(), Detail: "not this store's officer"}
	}
	head, err := s.LogHead()
	if err != nil {
		return nil, err
	}
	p.Format, p.What, p.Store, p.Signature = formatVersion, "crosswalk", head.Origin, ""
	text, err := canonicalJSON(p)
	if err != nil {
		return nil, err
	}
	p.Signature = hex.EncodeToString(o.sign(text))
	return &p, nil
}

func badReason(reason string) bool {
	return strings.TrimSpace(reason) == "" || len([]rune(reason)) > 200 || strings.ContainsAny(reason, "\r\n")
}

// ReadPermit reads a permit as Permit's JSON.
func ReadPermit(path string) (*Permit, error) {
	text, err := source.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read permit: %w", err)
	}
	var p Permit
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return nil, &fs.PathError{Op: "read permit", Path: path, Err: errors.New("not a permit (farr keys permit makes one)")}
	}
	return &p, nil
}

// permits says whether the permit allows it: the officer's signature, this store, the account, the day.
func (s *Store) permits(ctx context.Context, p *Permit, who string, now time.Time) error {
	refuse := func(format string, args ...any) error {
		return &Error{Code: CodeNotPermitted, Subject: "crosswalk", Detail: fmt.Sprintf(format, args...)}
	}
	c, err := s.loadCustody(ctx)
	if err != nil {
		return err
	}
	head, err := s.LogHead()
	if err != nil {
		return err
	}
	switch {
	case c.Officer == "":
		return refuse("the store has no officer who could permit it; farr keys officer names one")
	case p == nil:
		return refuse("it needs a permit of the store's officer; farr keys permit makes one")
	}
	unsigned := *p
	unsigned.Signature = ""
	text, err := canonicalJSON(unsigned)
	if err != nil {
		return err
	}
	public, _ := hex.DecodeString(c.Officer)
	signature, _ := hex.DecodeString(p.Signature)
	switch {
	case len(public) != ed25519.PublicKeySize || !ed25519.Verify(public, text, signature):
		return refuse("the permit is not signed by the store's officer, or was changed")
	case p.Format != formatVersion || p.What != "crosswalk" || p.Store != head.Origin:
		return refuse("the permit is for another store or another thing")
	case p.Who != who:
		return refuse("the permit is for another account")
	case now.Format(time.DateOnly) > p.Until:
		return refuse("the permit ended on %s", p.Until)
	}
	return nil
}

// Officer is the public key of the store's officer, "" where it has none.
func (s *Store) Officer(ctx context.Context) (string, error) {
	c, err := s.loadCustody(ctx)
	if err != nil {
		return "", err
	}
	return c.Officer, nil
}

// sortedPairs are pairs by source id.
func sortedPairs(pairs []Pair) []Pair {
	slices.SortFunc(pairs, func(a, b Pair) int { return strings.Compare(a.SourceID, b.SourceID) })
	return pairs
}
