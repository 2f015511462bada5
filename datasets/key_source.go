package datasets

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"farr/datasets/bulk"
	"farr/datasets/internal/deid"
	"farr/internal/source"
)

// A key comes from where no list of processes shows it:
//
//	project.key   a file that its owner alone can read
//	fd:3          an open file descriptor: a pipe, or such a file
//	env:NAME      a variable, which is erased from this process once read
//
// It is never an argument itself.
const (
	fromDescriptor  = "fd:"
	fromEnvironment = "env:"
)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// ErrKeyItself says that a key stands where the name of its source belongs. It does not quote it.
var ErrKeyItself = errors.New("this is a key itself, not where a key is: arguments stand in the shell's history and in the list of processes. " +
	"Make a new key, since this one is no secret any more, and give its file, fd:3 or env:NAME")

// bareKey matches 32 bytes as base32, hex or base64.
var bareKey = regexp.MustCompile(`^([a-z2-7]{52}|[A-Z2-7]{52}|[0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=?)$`)

// CheckKeySource refuses what cannot name a key's source, before anything is read.
func CheckKeySource(source string) error {
	name, fromEnv := strings.CutPrefix(source, fromEnvironment)
	number, fromFD := strings.CutPrefix(source, fromDescriptor)
	switch n, err := strconv.Atoi(number); {
	case HoldsKey(source):
		return ErrKeyItself
	case fromEnv && !variableName.MatchString(name):
		return errors.New("a key's source env:NAME needs the name of a variable")
	case fromFD && (err != nil || n < 0 || n == 1 || n == 2 || n > 1<<20):
		return errors.New("a key's source fd:N needs the number of a descriptor that is open for reading")
	case bareKey.MatchString(source):
		if _, err := os.Lstat(source); err != nil { // a file may be called so
			return ErrKeyItself
		}
	}
	return nil
}

// HoldsKey says whether a text has a key in it, as it stands in a key file: one of farr's, or a private key as PEM, as the base64 of
// one or as a JWK.
func HoldsKey(text string) bool { return keyText.MatchString(text) }

var keyText = regexp.MustCompile(`(?i:farr-(key|officer)-v[0-9]+:)|BEGIN [A-Z ]*PRIVATE KEY|"d"\s*:\s*"[\w-]{20}|^\s*MI[GHI][\w+/\s]{97}`)

// IsKeyFile says whether a key's source is a file.
func IsKeyFile(source string) bool {
	return !strings.HasPrefix(source, fromDescriptor) && !strings.HasPrefix(source, fromEnvironment)
}

// ReadKey reads a key from its source: a file, fd:N or env:NAME. It refuses a file that
// others than its owner can read, and a key that is malformed, weak or published. A
// descriptor is closed and a variable erased, so that each can be read once: see KeyRing.
func ReadKey(source string) (*Key, error) {
	text, err := readSecret(source)
	defer clear(text)
	if err != nil {
		return nil, err
	}
	key, err := deid.ParseKey(text)
	if err == nil && published[key.ID()] {
		err = &WeakKeyError{Why: "stands in a public place"}
	}
	if err != nil {
		return nil, &fs.PathError{Op: "read key", Path: source, Err: err}
	}
	return key, nil
}

// readSecret reads what a source holds. The caller clears it.
func readSecret(from string) ([]byte, error) {
	if err := CheckKeySource(from); err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	if name, is := strings.CutPrefix(from, fromEnvironment); is {
		return takeVariable(name)
	}
	if number, is := strings.CutPrefix(from, fromDescriptor); is {
		n, _ := strconv.Atoi(number) // checked
		return readKeyFile(from, os.NewFile(uintptr(n), from))
	}
	f, err := source.Open(from)
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		err = path.Err // what names no file may be a key, and is not quoted
	}
	if err != nil {
		return nil, fmt.Errorf("read key: the file that was named: %w", err)
	}
	return readKeyFile(from, f)
}

// WeakKeyError says why a key protects nothing.
type WeakKeyError = deid.WeakKeyError

// published are the IDs of keys that farr's own tests show to everybody.
var published = map[string]bool{"2d3850e2c2cf27b7": true, "e532bb016515868a": true}

// readKeyFile reads and closes an open file or pipe.
func readKeyFile(source string, f *os.File) ([]byte, error) {
	refuse := func(err error) ([]byte, error) {
		return nil, &fs.PathError{Op: "read key", Path: source, Err: err}
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("read key: %w", err)
	case !info.Mode().IsRegular() && IsKeyFile(source):
		return refuse(errors.New("not a regular file"))
	case info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0:
		return refuse(fmt.Errorf("others can read it (mode %04o); chmod 600 it, and make a new key if someone did", info.Mode().Perm()))
	}
	text := make([]byte, keyFileBytes+1)
	n, err := io.ReadFull(f, text)
	switch {
	case err == nil:
		clear(text)
		return refuse(errors.New("not a key: too long"))
	case err != io.EOF && err != io.ErrUnexpectedEOF:
		clear(text)
		return nil, fmt.Errorf("read key: %w", err)
	}
	return text[:n], nil
}

// KeyRing keeps the keys of sources that can be read once, for work that comes back to them.
// The zero value is ready. It is safe for concurrent use.
type KeyRing struct {
	mu      sync.Mutex
	keys    map[string]*Key
	clients map[string]*bulk.Key
}

// KeySourceError is a key that its source does not give: a file that is not there, that others can read, or that holds no key.
type KeySourceError struct{ Err error }

func (e *KeySourceError) Error() string { return e.Err.Error() }

// Unwrap gives the reason.
func (e *KeySourceError) Unwrap() error { return e.Err }

// Read is ReadKey, the same key when asked again.
func (r *KeyRing) Read(source string) (*Key, error) { return ringed(r, &r.keys, source, ReadKey) }

// ReadClient is ReadClientKey, the same key when asked again.
func (r *KeyRing) ReadClient(source string) (*bulk.Key, error) {
	return ringed(r, &r.clients, source, ReadClientKey)
}

// ringed reads a key of one kind, or gives that which was read of a source that can be read once. A file is read again: it may
// have been replaced.
func ringed[K any](r *KeyRing, kept *map[string]*K, source string, read func(string) (*K, error)) (*K, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if key := (*kept)[source]; key != nil {
		return key, nil
	}
	key, err := read(source)
	if err != nil {
		return nil, &KeySourceError{err}
	}
	if !IsKeyFile(source) {
		if *kept == nil {
			*kept = map[string]*K{}
		}
		(*kept)[source] = key
	}
	return key, nil
}
