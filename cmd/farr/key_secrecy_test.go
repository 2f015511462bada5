package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"farr/jobs"
)

// asCommand makes the test binary the real command, for tests of a process of its own.
const asCommand = "FARR_TEST_AS_COMMAND"

// crashWhen names a pattern of files; when one is there the process shows what can be seen of it and panics.
const crashWhen = "FARR_TEST_CRASH_WHEN"

// TestMain runs the command after the process is initialised: until then the engine cannot call back.
func TestMain(m *testing.M) {
	if os.Getenv(asCommand) == "" {
		os.Exit(m.Run())
	}
	if pattern := os.Getenv(crashWhen); pattern != "" {
		go func() {
			for {
				if found, _ := filepath.Glob(pattern); len(found) > 0 {
					break
				}
				time.Sleep(time.Millisecond)
			}
			for _, name := range []string{"environ", "cmdline"} {
				text, err := os.ReadFile("/proc/self/" + name)
				fmt.Fprintf(os.Stderr, "%s %v: %q\n", name, err, text)
			}
			children, err := exec.Command("env").Output()
			fmt.Fprintf(os.Stderr, "child %v: %q\n", err, children)
			panic("on purpose")
		}()
	}
	main()
}

// spelled are the forms in which a key might be printed: its text, and its bytes as hex, as
// numbers, and as the machine words of a stack trace.
func spelled(t testing.TB, text string) []string {
	encoded := strings.TrimPrefix(strings.TrimSpace(text), "farr-key-v1:")
	master, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(encoded))
	if err != nil {
		t.Fatal(err)
	}
	forms := []string{encoded[:12], encoded[20:32], string(master[:6]), hex.EncodeToString(master[:6]), strings.Trim(fmt.Sprint(master[:5]), "[]")}
	for i := 0; i < len(master); i += 8 {
		forms = append(forms, fmt.Sprintf("%x", binary.LittleEndian.Uint64(master[i:])), fmt.Sprintf("%x", binary.BigEndian.Uint64(master[i:])))
	}
	for i := 0; i < len(encoded)-8; i += 8 {
		forms = append(forms, fmt.Sprintf("%x", binary.LittleEndian.Uint64([]byte(encoded[i:]))))
	}
	return forms
}

// A key in a variable or a pipe is in no list of arguments, environment, child or trace of a
// process that dies in the middle of an extract.
func TestCrashShowsNoKey(t *testing.T) {
	if !exists("/proc/self/environ") {
		t.Skip("skipped: this system has no /proc/self/environ")
	}
	p := newProject(t)
	text, err := os.ReadFile(p.key)
	if err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	lines.WriteString(`{"resourceType":"Patient","id":"p1","birthDate":"1970-01-01"}` + "\n")
	for n := range 200_000 {
		fmt.Fprintf(&lines, `{"resourceType":"Observation","id":"o%d","status":"final","subject":{"reference":"Patient/p1"},"effectiveDateTime":"2024-05-%02dT10:00:00Z"}`+"\n", n, 1+n%28)
	}
	if err := os.MkdirAll(p.export, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.export, "all.ndjson"), lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ source, traceback string }{{"env:FARR_SECRET", "all"}, {"env:FARR_SECRET", "crash"}, {"fd:3", "all"}} {
		t.Run(c.source+" "+c.traceback, func(t *testing.T) {
			store := filepath.Join(t.TempDir(), "store")
			cmd := exec.Command(os.Args[0], "extract", "--source", p.export, "--store", store, "--key", c.source)
			cmd.Dir = t.TempDir() // a core, where one is made, goes with it
			cmd.Env = append(os.Environ(), asCommand+"=1", "GOTRACEBACK="+c.traceback, crashWhen+"="+filepath.Join(store, "staging", "*", "work"))
			if name, is := strings.CutPrefix(c.source, "env:"); is {
				cmd.Env = append(cmd.Env, name+"="+strings.TrimSpace(string(text)))
			} else {
				r, w, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				w.Write(text)
				w.Close()
				defer r.Close()
				cmd.ExtraFiles = []*os.File{r}
			}
			out, err := cmd.CombinedOutput()
			if err == nil || !bytes.Contains(out, []byte("on purpose")) || !bytes.Contains(out, []byte("goroutine 1")) {
				t.Fatalf("the process did not crash as it should: %v\n%s", err, out)
			}
			for _, want := range []string{"environ ", "cmdline <nil>", "child <nil>", asCommand} {
				if !bytes.Contains(out, []byte(want)) {
					t.Errorf("no %q is shown, so this test sees nothing", want)
				}
			}
			for _, form := range spelled(t, string(text)) {
				if bytes.Contains(out, []byte(form)) {
					t.Errorf("the key is shown as %q", form)
				}
			}
		})
	}
}

// A key as an argument is refused before anything else, whatever the flag, and not repeated.
func TestKeyAsArgument(t *testing.T) {
	p := newProject(t)
	text, err := os.ReadFile(p.key)
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(string(text))
	bare := strings.TrimPrefix(key, "farr-key-v1:")
	for _, args := range [][]string{
		{"extract", "--source", p.export, "--store", p.store, "--key", key},
		{"extract", "--source", p.export, "--store", p.store, "--key=" + key},
		{"extract", "--source", p.export, "--store", p.store, "--key", bare},
		{"measure", "views", "--store", p.store, "--key", key},
		{"verify", "--nope", key}, {key}, {"run", key},
	} {
		e := farr(t, args...)
		if e.code != jobs.ExitUsage || !strings.Contains(e.stderr, "this is a key itself") {
			t.Errorf("farr %s ...: exit %d\n%s", args[0], e.code, e.stderr)
		}
		if strings.Contains(e.stdout+e.stderr, bare[:8]) {
			t.Errorf("farr %s ... repeats the key", args[0])
		}
	}

	client, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(client)
	if err != nil {
		t.Fatal(err)
	}
	body := base64.StdEncoding.EncodeToString(der)
	secret := base64.RawURLEncoding.EncodeToString(der[len(der)-60:]) // of no form that is known
	for _, one := range []string{"-----BEGIN PRIVATE KEY-----\n" + body + "\n-----END PRIVATE KEY-----\n", body, `{"kty":"EC","d":"` + secret + `"}`, secret} {
		job := filepath.Join(t.TempDir(), "job.yaml")
		quoted, err := json.Marshal(one)
		if err == nil {
			err = os.WriteFile(job, []byte(fmt.Sprintf("name: one\nstore: store\nkey: %s\nperiods: 2025\nsource:\n  name: a\n  bulk: {url: 'http://127.0.0.1:1', client_id: farr, client_key: %s}\n  zone: UTC\nreport: {audience: internal, out: out}\n", quoted, quoted)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{
			{"keys", "jwks", "--client-key", one}, {"extract", "--source", p.export, "--store", p.store, "--key", one, "--zone", "UTC"},
			{"extract", "--bulk", "http://127.0.0.1:1", "--client-id", "farr", "--client-key", one, "--store", p.store, "--key", p.key, "--zone", "UTC"},
			{"run", job}, {"doctor", filepath.Dir(job)}, {"runs", filepath.Dir(job)},
		} {
			e := farr(t, args...)
			if e.code == 0 && args[0] != "runs" {
				t.Errorf("farr %s ... takes a key for a file", args[0])
			}
			if said := e.stdout + e.stderr; strings.Contains(said, one) || strings.Contains(said, secret) || strings.Contains(said, body[:40]) {
				t.Errorf("farr %s ... repeats the client's key", args[0])
			}
		}
		err = filepath.WalkDir(filepath.Dir(job), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || path == job {
				return err
			}
			text, err := os.ReadFile(path)
			if strings.Contains(string(text), secret) || strings.Contains(string(text), body[:40]) {
				t.Errorf("%s has the client's key", filepath.Base(path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
