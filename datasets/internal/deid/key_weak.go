package deid

import (
	"crypto/sha256"
	"crypto/subtle"
)

// WeakKeyError says why a key protects nothing. It holds no part of the key.
type WeakKeyError struct{ Why string }

func (e *WeakKeyError) Error() string {
	return "the key " + e.Why + ", so it protects nothing; make one with farr keys new"
}

// weakness says what gives away that nobody drew a key at random, "" when nothing does. Each
// test refuses a random key less often than once in 10^7; NewKey draws again.
func weakness(master []byte) string {
	var seen [256]bool
	distinct, printable := 0, 0
	steps := map[byte]bool{}
	for i, b := range master {
		if !seen[b] {
			seen[b] = true
			distinct++
		}
		if b >= ' ' && b <= '~' || b == '\n' || b == '\t' || b == '\r' {
			printable++
		}
		if i > 0 {
			steps[b-master[i-1]] = true
		}
	}
	switch {
	case distinct == 1:
		return "is one byte again and again"
	case len(steps) < 4:
		return "is counted up or down"
	case distinct < 20: // 32 random bytes hold so few once in 10^9 keys
		return "is repeated"
	case printable == len(master): // once in 5 * 10^13 keys
		return "is text that somebody typed"
	case words(master):
		return "is made of words"
	case known(master):
		return "is a hash of a word that everybody tries first"
	}
	return ""
}

// words says whether the key's own letters read like language: no digit among 52 characters of
// base32, which a random key has once in 50,000, and of the letters 20 vowels, as English has (40 %),
// where 10 are expected. Both together come once in 5 * 10^7 random keys.
func words(master []byte) bool {
	vowels := 0
	for _, c := range keyEncoding.AppendEncode(nil, master) {
		switch {
		case c < 'a':
			return false
		case c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u':
			vowels++
		}
	}
	return vowels >= 20
}

// known tells keys that are the SHA-256 of an obvious word: the way to get 32 bytes of a password.
func known(master []byte) bool {
	for _, word := range []string{
		"", "farr", "Farr", "key", "secret", "password", "Password", "passw0rd", "changeme", "change-me", "default",
		"example", "test", "testing", "demo", "admin", "root", "123456", "12345678", "0", "1", "hospital", "fhir", "FHIR", "deid",
	} {
		for _, end := range []string{"", "\n"} {
			sum := sha256.Sum256([]byte(word + end))
			if subtle.ConstantTimeCompare(sum[:], master) == 1 {
				return true
			}
		}
	}
	return false
}
