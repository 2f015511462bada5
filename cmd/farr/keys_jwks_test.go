package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"farr/jobs"
)

// clientKey writes a client's private key and gives its path.
func clientKey(t testing.TB, dir string, curve elliptic.Curve) (path string, secret []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err = private.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "client.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, secret
}

func TestKeysJWKS(t *testing.T) {
	path, secret := clientKey(t, t.TempDir(), elliptic.P384())
	set := answer[struct{ Keys []map[string]any }](t, "keys", "jwks", "--client-key", path)
	if len(set.Keys) != 1 || set.Keys[0]["alg"] != "ES384" || set.Keys[0]["crv"] != "P-384" || set.Keys[0]["kid"] == "" {
		t.Errorf("set %v", set)
	}
	if out := must(t, "keys", "jwks", "--client-key", path); strings.Contains(out, base64.RawURLEncoding.EncodeToString(secret)) {
		t.Error("the private half is printed")
	}
	refused := func(want, path string) {
		t.Helper()
		if e := farr(t, "keys", "jwks", "--client-key", path); e.code != jobs.ExitFailed || !strings.Contains(e.stderr, want) || e.stdout != "" {
			t.Errorf("exit %d, %s; want %q", e.code, e.stderr, want)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	refused("others can read it", path)
	other, _ := clientKey(t, t.TempDir(), elliptic.P256())
	refused("P-256", other)
	project := newProject(t)
	refused("neither PEM nor a JWK", project.key)
}
