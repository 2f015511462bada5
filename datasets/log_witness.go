package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"farr/datasets/internal/auditlog"
	"farr/internal/disk"
)

// witnessSuffix ends the name of the folder beside a key file that keeps checkpoints.
const witnessSuffix = ".checkpoints"

// KeepWitness lets the newest signed checkpoint be kept beside the key file, in
// KEYFILE.checkpoints, one file for each store. The key is kept apart from the store, so who can
// roll the store back cannot roll its witness back. A key that comes from elsewhere than
// a file has no witness, and neither has one in a folder that cannot be written.
func (s *Store) KeepWitness(keySource string) {
	if keySource == "" || !IsKeyFile(keySource) {
		return
	}
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	s.logs.witness = keySource + witnessSuffix
}

// Witness reads the checkpoint of this store that is kept beside a key file; "" without one.
func (s *Store) Witness(keySource string) (string, error) {
	if keySource == "" || !IsKeyFile(keySource) {
		return "", nil
	}
	head, err := auditlog.ReadHead(s.logFiles())
	if err != nil || head.IsZero() {
		return "", err
	}
	text, err := os.ReadFile(witnessFile(keySource+witnessSuffix, head.Origin))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}

// witnessFile is named for the store's log.
func witnessFile(folder, origin string) string {
	return filepath.Join(folder, strings.ReplaceAll(origin, "/", "-"))
}

// contradicted refuses a log that does not hold the checkpoint that was kept of it: nothing is
// added to it and nothing signed. It was rolled back, or is another copy of the store's.
func (s *Store) contradicted(l *auditlog.Log) error {
	if s.logs.witness == "" {
		return nil
	}
	file := witnessFile(s.logs.witness, l.Origin())
	kept, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	if c, err := ParseCheckpoint(string(kept)); err == nil {
		if holds, err := l.Agrees(c); err != nil || holds {
			return err
		}
	}
	return &Error{Code: CodeDamagedLog, Subject: "log of " + s.dir,
		Detail: "it does not hold the checkpoint that was kept beside the key: it was rolled back (farr audit verify); if you put an older copy of the store in its place, remove " + file}
}

// witness replaces the kept checkpoint by the newest one.
func (s *Store) witness(l *auditlog.Log) error {
	text := l.Note()
	if s.logs.witness == "" || text == "" {
		return nil
	}
	unwritable := func(err error) bool { return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) }
	if err := disk.Mkdir(s.logs.witness, 0o700); unwritable(err) {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("witness: %w", err)
	}
	if err := disk.ReplaceFile(witnessFile(s.logs.witness, l.Origin()), []byte(text)); err != nil && !unwritable(err) {
		return fmt.Errorf("witness: %w", err)
	}
	return nil
}
