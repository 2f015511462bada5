package deid

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// KeyHead begins a key file and names the format of what follows.
const KeyHead = "farr-key-v1:"

// keyBytes is the length of the master key.
const keyBytes = 32

var keyEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Key is a project's key. The master is used once, to derive one sub-key for
// each purpose (RFC 5869), and is not kept. A Key prints as its ID everywhere.
type Key struct {
	name [8]byte
	// Behind a function, because fmt asks no method of what is in an unexported field: it would
	// print an array, and of a pointer what it points to as soon as a verb does not fit.
	sub func() *subKeys
}

type subKeys struct {
	id        []byte // pseudonyms
	shift     []byte // days of the date shift
	seal      []byte // AES-256 of sealed values
	sealNonce []byte // nonces of sealed values
	link      []byte // tokens that tell the same person in two sources
	export    []byte // keys of row-level exports
	log       []byte // signatures of the log's checkpoints
	list      []byte // hashes of lists of ids, and marks of persons who were removed
	statement []byte // hashes of statements, which may hold values
}

// NewKey writes a fresh key as one line of text.
func NewKey(w io.Writer) error {
	master := make([]byte, keyBytes)
	defer clear(master)
	for {
		if _, err := rand.Read(master); err != nil {
			return fmt.Errorf("make a key: %w", err)
		}
		if weakness(master) == "" {
			break
		}
	}
	text := append(keyEncoding.AppendEncode([]byte(KeyHead), master), '\n')
	defer clear(text)
	_, err := w.Write(text)
	return err
}

// ParseKey reads the one line that NewKey wrote. Its errors never quote it. The text is the
// caller's to clear.
func ParseKey(text []byte) (*Key, error) {
	line := bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	encoded, ok := bytes.CutPrefix(line, []byte(KeyHead))
	if !ok {
		return nil, fmt.Errorf("not a key: it does not begin with %q", KeyHead)
	}
	master := make([]byte, keyEncoding.DecodedLen(len(encoded)))
	defer clear(master)
	n, err := keyEncoding.Decode(master, encoded)
	if again := keyEncoding.AppendEncode(nil, master[:n]); err != nil || !bytes.Equal(again, encoded) {
		return nil, errors.New("not a key: what follows the prefix is not lower-case base32")
	}
	if n != keyBytes {
		return nil, fmt.Errorf("not a key: %d bytes where %d are needed", n, keyBytes)
	}
	if why := weakness(master[:n]); why != "" {
		return nil, &WeakKeyError{why}
	}
	return derive(master[:n])
}

// FreshKey is a key that is nowhere but in memory: of a safe-harbor extract, which nobody
// is to link with anything, itself made again included.
func FreshKey() (*Key, error) {
	master := make([]byte, keyBytes)
	defer clear(master)
	if _, err := rand.Read(master); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return derive(master)
}

// derive makes every sub-key of a master by HKDF-SHA256 (RFC 5869), one for each
// purpose, so that what one of them gives away says nothing of another.
func derive(master []byte) (k *Key, err error) {
	sub := &subKeys{}
	k = &Key{sub: func() *subKeys { return sub }}
	for purpose, into := range map[string]*[]byte{
		"id": &sub.id, "shift": &sub.shift, "seal": &sub.seal, "seal-nonce": &sub.sealNonce,
		"link": &sub.link, "export": &sub.export, "log": &sub.log, "list": &sub.list, "statement": &sub.statement,
	} {
		if *into, err = hkdf.Key(sha256.New, master, nil, "farr v1 "+purpose, 32); err != nil {
			return nil, fmt.Errorf("derive a sub-key: %w", err)
		}
	}
	name, err := hkdf.Key(sha256.New, master, nil, "farr v1 key-id", len(k.name))
	if err != nil {
		return nil, fmt.Errorf("derive the key's ID: %w", err)
	}
	copy(k.name[:], name)
	return k, nil
}

// LogSeed is the seed of the Ed25519 key that signs the log's checkpoints: 32 bytes.
func (k *Key) LogSeed() []byte { return k.sub().log }

// StatementHash is HMAC-SHA256 of a statement's text, in hex: an unkeyed hash of a text that may
// hold a birth date could be looked up by trying them all.
func (k *Key) StatementHash(text string) string {
	mac := hmac.New(sha256.New, k.sub().statement)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// ForExport makes the key of one row-level export, by its name: its pseudonyms and
// shifts have nothing to do with the store's nor with those of an export by another name. The name
// holds all that must part two exports: the profile too.
func (k *Key) ForExport(name string) (*Key, error) {
	master, err := hkdf.Key(sha256.New, k.sub().export, nil, "farr v1 export "+name, keyBytes)
	if err != nil {
		return nil, fmt.Errorf("derive the key of an export: %w", err)
	}
	return derive(master)
}

// ID names the key, 16 hex digits derived from it. It is not secret.
func (k Key) ID() string { return hex.EncodeToString(k.name[:]) }

// String implements fmt.Stringer with the ID.
func (k Key) String() string { return "key " + k.ID() }

// Format implements fmt.Formatter: every verb prints the ID.
func (k Key) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

// MarshalText implements encoding.TextMarshaler, and so JSON, with the ID.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// LogValue implements slog.LogValuer with the ID.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.ID()) }

// gcm is AES-256-GCM under the sealing sub-key.
func (k *Key) gcm() cipher.AEAD {
	aead, err := cipher.NewGCM(newAES(k.sub().seal))
	if err != nil {
		panic("deid: AES is refused by GCM: " + err.Error())
	}
	return aead
}

func newAES(key []byte) cipher.Block {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("deid: a 32-byte key is refused by AES: " + err.Error())
	}
	return block
}
