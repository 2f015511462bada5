package datasets

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKeyFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	key, err := CreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadKey(path)
	if err != nil || again.ID() != key.ID() || len(key.ID()) != 16 {
		t.Fatalf("read back %v, %v; want %v", again, err, key)
	}
	if _, err := CreateKey(path); err == nil {
		t.Error("an existing key was overwritten")
	}
	text, _ := os.ReadFile(path)
	encoded := strings.TrimPrefix(strings.TrimSpace(string(text)), "farr-key-v1:")
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", key)
	asJSON, _ := json.Marshal(map[string]any{"key": key})
	inside := fmt.Sprintf("%v %+v %#v", struct{ k Key }{*key}, struct{ k *Key }{key}, struct{ k []Key }{[]Key{*key}})
	if len(inside) > 600 { // four sub-keys of 32 bytes would be longer
		t.Errorf("a key in an unexported field prints as %s", inside)
	}
	for _, printed := range []string{
		fmt.Sprint(key), fmt.Sprintf("%v %+v %#v %s %q %x %d", key, key, key, key, key, key, key), fmt.Sprint(*key), fmt.Sprintf("%#v", *key),
		string(asJSON), log.String(),
	} {
		if strings.Contains(printed, encoded[:8]) || !strings.Contains(printed, key.ID()) {
			t.Errorf("a key prints as %s", printed)
		}
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o610} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadKey(path); err == nil {
			t.Errorf("a key file of mode %o is taken", mode)
		}
	}
}

func TestWeakKeys(t *testing.T) {
	for name, text := range map[string]string{
		"empty":      "",
		"no prefix":  strings.TrimPrefix(testKeyText, "farr-key-v1:"),
		"short":      "farr-key-v1:e7hzpd4h2lwxs4kyq3n6v5tjb2",
		"constant":   "farr-key-v1:" + strings.Repeat("a", 52),
		"counted":    "farr-key-v1:aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq", // 0, 1, ... 31
		"repeated":   "farr-key-v1:e7hzpd4he7hzpd4he7hzpd4he7hzpd4he7hzpd4he7hzpd4he7ha",
		"upper case": strings.ToUpper(testKeyText),
		"two lines":  testKeyText + testKeyText,
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadKey(path); err == nil {
			t.Errorf("%s key is taken", name)
		} else if len(text) > 20 && strings.Contains(err.Error(), text[14:20]) {
			t.Errorf("%s key: the error quotes it", name)
		}
	}
}
