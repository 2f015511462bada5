package datasets

import (
	"context"
	"fmt"
	"strings"

	"farr/datasets/internal/auditlog"
)

// SignLog lets the key sign every checkpoint from now on, as long as the Store is open. An
// entry introduces its public key with the first signature. A nil key changes nothing, nor does one
// that signs already, nor one that is none of the store's. Entries of commands without a key are covered by
// the next signature.
func (s *Store) SignLog(key *Key) error {
	if key == nil {
		return nil
	}
	signer, err := signerOf(key)
	if err != nil {
		return err
	}
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	s.logs.signers = []*auditlog.Signer{signer}
	return nil
}

// LogVerifier is the public key that checks a key's signatures under the log, as
// name+hash+key. It is not secret: keep it where the store's writers cannot change it.
func LogVerifier(key *Key) (string, error) {
	signer, err := signerOf(key)
	if err != nil {
		return "", err
	}
	return signer.Verifier(), nil
}

// PassLog lets the log go from the project's old key to the next: an entry introduces the next
// one's public key, both sign it, and the next signs from then on. Without it a
// new key's signatures are by somebody that no earlier one vouched for.
func (s *Store) PassLog(ctx context.Context, old, next *Key) error {
	signers := make([]*auditlog.Signer, 2)
	for i, key := range []*Key{old, next} {
		var err error
		if signers[i], err = signerOf(key); err != nil {
			return err
		}
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return fmt.Errorf("log %s: %w", logVerifier, err)
	}
	defer unlock()
	s.logs.mu.Lock()
	s.logs.signers = signers
	s.logs.mu.Unlock()
	if _, err := s.record(LogEntry{Kind: logPassed, Facts: map[string]any{"from": old.ID(), "to": next.ID()}}, nil); err != nil {
		return err
	}
	return s.SignLog(next)
}

// isOurs says whether a signer's key is one of the store's epochs, or the store has none: the key of
// another project that somebody gave by mistake is not let into the log.
func (s *Store) isOurs(signer *auditlog.Signer) bool {
	c, err := s.readCustody()
	return err == nil && (len(c.Epochs) == 0 || c.of(strings.TrimPrefix(signer.Name(), signerPrefix)) != nil)
}

// signerPrefix begins the name of a signer; the ID of its key follows.
const signerPrefix = "farr-key-"

func signerOf(key *Key) (*auditlog.Signer, error) {
	return auditlog.NewSigner(signerPrefix+key.ID(), key.LogSeed())
}

// introduce logs the public keys of signers that the log does not name yet. Those before
// one sign its entry too, and so vouch for it.
func (s *Store) introduce(l *auditlog.Log) error {
	for i, signer := range s.logs.signers {
		text := signer.Verifier()
		if s.logs.named[text] {
			continue
		}
		if s.logs.named == nil {
			s.logs.named = map[string]bool{}
		}
		entries, err := s.LogEntries()
		if err != nil {
			return err
		}
		for _, e := range entries {
			if v, _ := e.Facts[factVerifier].(string); e.Kind == logVerifier && v != "" {
				s.logs.named[v] = true
			}
		}
		if s.logs.named[text] {
			continue
		}
		if i == 0 && !s.isOurs(signer) {
			s.logs.signers = nil
			return nil
		}
		if _, err := s.put(l, LogEntry{Kind: logVerifier, Facts: map[string]any{factVerifier: text}}, s.logs.signers[:i+1], nil); err != nil {
			return err
		}
		s.logs.named[text] = true
	}
	return nil
}
