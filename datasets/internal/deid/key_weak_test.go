package deid

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// parseMaster reads a key of these bytes.
func parseMaster(master []byte) error {
	_, err := ParseKey([]byte(KeyHead + keyEncoding.EncodeToString(master) + "\n"))
	return err
}

// refused wants a key to be refused as weak, in words that quote nothing of it.
func refused(t interface{ Fatalf(string, ...any) }, name string, master []byte) {
	err := parseMaster(master)
	var weak *WeakKeyError
	if !errors.As(err, &weak) {
		t.Fatalf("%s: %v", name, err)
	}
	text := keyEncoding.EncodeToString(master)
	for i := 0; i+8 <= len(text); i++ {
		if strings.Contains(err.Error(), text[i:i+8]) {
			t.Fatalf("%s: the error quotes the key", name)
		}
	}
}

// Keys that nobody drew at random are refused, whatever their bytes.
func TestWeakKeysProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		block := rapid.SliceOfN(rapid.Byte(), 1, 16).Draw(t, "block")
		refused(t, "repeated", bytes.Repeat(block, keyBytes)[:keyBytes])

		start, step := rapid.Byte().Draw(t, "start"), rapid.Byte().Draw(t, "step")
		counted := make([]byte, keyBytes)
		for i := range counted {
			counted[i] = start + byte(i)*step
		}
		refused(t, "counted", counted)

		first := rapid.Uint32().Draw(t, "first")
		numbers := make([]byte, keyBytes)
		for i := range keyBytes / 4 {
			binary.BigEndian.PutUint32(numbers[4*i:], first&0xffff0000+uint32(i))
		}
		refused(t, "numbers", numbers)

		text := rapid.StringMatching(`[ -~]{32}`).Draw(t, "text")
		refused(t, "typed", []byte(text))
		refused(t, "hex", []byte(hex.EncodeToString([]byte(text)[:16])))
		refused(t, "base64", []byte(base64.StdEncoding.EncodeToString([]byte(text)[:24])))

		few := rapid.SliceOfN(rapid.SampledFrom([]byte{7, 9, 200, 31, 64, 77, 90, 255}), keyBytes, keyBytes).Draw(t, "few")
		refused(t, "few bytes", few)
	})
	for _, word := range []string{"", "password", "changeme", "farr", "secret\n"} {
		sum := sha256.Sum256([]byte(word))
		refused(t, "hash of "+word, sum[:])
	}
	for _, words := range []string{"thisisthekeyofourhospitaldonotgiveittoanybodyatall", "correcthorsebatterystapleisagoodpassphraseforeveryone"} {
		master, err := keyEncoding.DecodeString((words + strings.Repeat("a", 52))[:51] + "a")
		if err != nil {
			t.Fatal(err)
		}
		refused(t, "words", master)
	}
}

// A key of any other length, a longer one too, is no key.
func TestKeyLengths(t *testing.T) {
	for n := range 80 {
		master := make([]byte, n)
		rand.Read(master)
		if err := parseMaster(master); (err == nil) != (n == keyBytes) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// Random keys are taken.
func TestRandomKeysPass(t *testing.T) {
	master := make([]byte, keyBytes)
	for range 20_000 {
		rand.Read(master)
		if why := weakness(master); why != "" {
			t.Fatalf("a random key %s", why)
		}
	}
}
