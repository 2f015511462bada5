package auditlog

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Signer signs checkpoints for one key.
type Signer struct {
	key      ed25519.PrivateKey
	verifier note.Verifier
	text     string
}

// NewSigner makes a signer of a 32-byte seed. name says whose key it is, as in
// "farr-key-0011223344556677".
func NewSigner(name string, seed []byte) (*Signer, error) {
	key := ed25519.NewKeyFromSeed(seed)
	text, err := note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, fmt.Errorf("signer of the log: %w", err)
	}
	verifier, err := note.NewVerifier(text)
	if err != nil {
		return nil, fmt.Errorf("signer of the log: %w", err)
	}
	return &Signer{key, verifier, text}, nil
}

// Verifier is the public key in note's form, name+hash+key. It is not secret.
func (s *Signer) Verifier() string { return s.text }

// Name, KeyHash and Sign make it a note.Signer.
func (s *Signer) Name() string                     { return s.verifier.Name() }
func (s *Signer) KeyHash() uint32                  { return s.verifier.KeyHash() }
func (s *Signer) Sign(text []byte) ([]byte, error) { return ed25519.Sign(s.key, text), nil }

// seal is a checkpoint with its signatures and the empty line that ends it.
func seal(c Checkpoint, signers []*Signer) ([]byte, error) {
	var all []note.Signer
	for _, s := range signers {
		all = append(all, s)
	}
	text, err := note.Sign(&note.Note{Text: c.Text()}, all...)
	if err != nil {
		return nil, fmt.Errorf("sign the log: %w", err)
	}
	return append(text, '\n'), nil
}

// Signed is a checkpoint with its signatures.
type Signed struct {
	Checkpoint
	Sigs []note.Signature
	Note string // as signed, without the empty line behind
}

// ParseSigned reads one signed checkpoint, in the one spelling that seal gives it.
func ParseSigned(text string) (Signed, error) {
	body, sigs, ok := strings.Cut(text, "\n\n")
	c, err := ParseCheckpoint(body)
	if !ok || err != nil || c.Text() != body+"\n" {
		return Signed{}, ErrCheckpoint
	}
	s := Signed{Checkpoint: c, Note: text}
	for line := range strings.Lines(sigs) {
		line, whole := strings.CutSuffix(line, "\n")
		line, dash := strings.CutPrefix(line, "— ")
		name, sig, named := strings.Cut(line, " ")
		raw, err := base64.StdEncoding.Strict().DecodeString(sig)
		if !whole || !dash || !named || err != nil || len(raw) != 4+ed25519.SignatureSize {
			return Signed{}, ErrCheckpoint
		}
		s.Sigs = append(s.Sigs, note.Signature{Name: name, Hash: binary.BigEndian.Uint32(raw), Base64: sig})
	}
	if len(s.Sigs) == 0 {
		return Signed{}, ErrCheckpoint
	}
	return s, nil
}

// splitSigned reads the file of checkpoints. place is where it ends to be one.
func splitSigned(text []byte) (all []Signed, place int, err error) {
	for place < len(text) {
		body := bytes.Index(text[place:], []byte("\n\n"))
		if body < 0 {
			return all, place, ErrCheckpoint
		}
		end := bytes.Index(text[place+body+2:], []byte("\n\n"))
		if end < 0 {
			return all, place, ErrCheckpoint
		}
		next := place + body + 2 + end + 2
		s, err := ParseSigned(string(text[place : next-1]))
		if err != nil {
			return all, place, err
		}
		all, place = append(all, s), next
	}
	return all, place, nil
}

// signers are those of the verifiers whose signature under the note is right. A
// verifier that signed and whose signature is wrong is an error; one that is not known is not.
func (s Signed) signers(verifiers []note.Verifier) (by []string, err error) {
	text := []byte(s.Text())
	for _, sig := range s.Sigs {
		i := slices.IndexFunc(verifiers, func(v note.Verifier) bool { return v.Name() == sig.Name && v.KeyHash() == sig.Hash })
		if i < 0 {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(sig.Base64)
		if err != nil || !verifiers[i].Verify(text, raw[4:]) {
			return nil, fmt.Errorf("the signature of %s is wrong", sig.Name)
		}
		by = append(by, sig.Name)
	}
	return by, nil
}
