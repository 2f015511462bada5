package datasets

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"farr/datasets/internal/deid"
)

// freshKey is a key and its text.
func freshKey(t testing.TB) (*Key, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	key, err := CreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(text)
}

func TestKeyFromEnvironment(t *testing.T) {
	key, text := freshKey(t)
	t.Setenv("FARR_TEST_KEY", text)
	seen, _ := os.LookupEnv("FARR_TEST_KEY")
	ring := &KeyRing{}
	for range 2 { // the second time from the ring
		got, err := ring.Read("env:FARR_TEST_KEY")
		if err != nil || got.ID() != key.ID() {
			t.Fatalf("%v, %v", got, err)
		}
	}
	if _, set := os.LookupEnv("FARR_TEST_KEY"); set {
		t.Error("the variable is still there")
	}
	if strings.Contains(seen, strings.TrimSpace(text)[12:20]) {
		t.Error("the variable's memory still holds the key")
	}
	if _, err := ReadKey("env:FARR_TEST_KEY"); err == nil || !strings.Contains(err.Error(), "FARR_TEST_KEY is not set") {
		t.Errorf("again: %v", err)
	}
}

func TestKeyFromDescriptor(t *testing.T) {
	key, text := freshKey(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString(text); err != nil {
		t.Fatal(err)
	}
	w.Close()
	// ReadKey closes what it is given, as a process does that owns it: it gets a descriptor of its own.
	given := func(f *os.File) string {
		t.Helper()
		n, err := syscall.Dup(int(f.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		return fmt.Sprintf("fd:%d", n)
	}
	got, err := ReadKey(given(r))
	if err != nil || got.ID() != key.ID() {
		t.Fatalf("%v, %v", got, err)
	}
	open := filepath.Join(t.TempDir(), "open")
	if err := os.WriteFile(open, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(open)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKey(given(f)); err == nil || !strings.Contains(err.Error(), "others can read it") {
		t.Errorf("a file that others can read: %v", err)
	}
}

func TestKeySourcesRefused(t *testing.T) {
	_, text := freshKey(t)
	text = strings.TrimSpace(text)
	bare := strings.TrimPrefix(text, "farr-key-v1:")
	for _, source := range []string{text, strings.ToUpper(text), "x" + text, bare, strings.Repeat("0f", 32), "env:" + text} {
		_, err := ReadKey(source)
		if !errors.Is(err, ErrKeyItself) {
			t.Errorf("%q: %v", source, err)
			continue
		}
		if strings.Contains(err.Error(), bare[:8]) {
			t.Error("the refusal quotes the key")
		}
	}
	for _, source := range []string{"env:", "env:A B", "env:1", "fd:", "fd:x", "fd:1", "fd:2", "fd:-1", "fd:99999999", "env:FARR_NOT_SET", "fd:1000"} {
		if _, err := ReadKey(source); err == nil {
			t.Errorf("%q is taken", source)
		}
	}
}

// A key that stands in this repository is everybody's.
func TestPublishedKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(testKeyText), 0o600); err != nil {
		t.Fatal(err)
	}
	var weak *WeakKeyError
	if _, err := ReadKey(path); !errors.As(err, &weak) {
		t.Errorf("%v", err)
	}
}

// Nothing that holds a key prints it: by any verb, as JSON, gob or a log line.
func TestNothingPrintsAKey(t *testing.T) {
	key, text := freshKey(t)
	bare := strings.TrimPrefix(strings.TrimSpace(text), "farr-key-v1:")
	forms := []string{bare[:10], strings.ToUpper(bare[:10])}
	seed := key.LogSeed() // a sub-key, as bytes, hex and decimal
	forms = append(forms, string(seed[:6]), fmt.Sprintf("%x", seed[:4]), fmt.Sprintf("%X", seed[:4]),
		strings.Trim(fmt.Sprint(seed[:4]), "[]"), fmt.Sprintf("%#v", seed[:3])[7:22])
	for _, holder := range []any{
		key, *key, []*Key{key}, map[string]*Key{"k": key}, &KeyRing{keys: map[string]*Key{"k": key}},
		ExtractRequest{Key: key}, &ExtractRequest{Key: key}, deid.Config{Key: key}, deid.FinishConfig{Key: key},
		&extraction{req: ExtractRequest{Key: key}}, &viewer{key: key}, struct{ k Key }{*key}, struct{ K any }{key}, struct{ k []Key }{[]Key{*key}},
		fmt.Errorf("%v", key),
	} {
		var out bytes.Buffer
		for _, verb := range strings.Split("%v %+v %#v %s %q %x %X %d %b %o %c %U %t", " ") {
			fmt.Fprintf(&out, verb+"\n", holder)
		}
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(h).Info("x", "holder", holder)
		}
		text, _ := json.Marshal(holder)
		out.Write(text)
		_ = gob.NewEncoder(&out).Encode(holder) // refuses what has no exported field
		for _, form := range forms {
			if strings.Contains(out.String(), form) {
				t.Errorf("a %T prints a key", holder)
			}
		}
	}
}

// Nor does anything print an officer's key.
func TestNothingPrintsAnOfficer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "officer")
	officer, err := CreateOfficer(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ReadOfficer(path); err != nil || again.Public() != officer.Public() {
		t.Fatalf("read back %v, %v", again, err)
	}
	encoded := strings.TrimPrefix(strings.TrimSpace(string(text)), officerPrefix)
	seed, err := officerEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	for _, holder := range []any{officer, *officer, struct{ o Officer }{*officer}, struct{ o *Officer }{officer}} {
		var out bytes.Buffer
		for _, verb := range strings.Split("%v %+v %#v %s %q %x %d", " ") {
			fmt.Fprintf(&out, verb+"\n", holder)
		}
		asJSON, _ := json.Marshal(holder)
		out.Write(asJSON)
		for _, form := range []string{encoded[:8], fmt.Sprintf("%x", seed[:4]), strings.Trim(fmt.Sprint(seed[:4]), "[]"), string(seed[:6])} {
			if strings.Contains(out.String(), form) {
				t.Errorf("a %T prints the officer's key", holder)
			}
		}
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadOfficer(path); err == nil {
		t.Error("a file that others can read is taken")
	}
}
