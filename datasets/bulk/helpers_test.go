package bulk

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"farr/datasets/fhir"
	"farr/internal/bulktest"
)

// patients is NDJSON of so many resources.
func patients(typ string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"resourceType\":%q,\"id\":\"%s-%d\",\"gender\":\"female\"}\n", typ, strings.ToLower(typ), i)
	}
	return b.String()
}

func files() []bulktest.File {
	return []bulktest.File{
		{Type: "Observation", Name: "Observation.000.ndjson", Text: patients("Observation", 3)},
		{Type: "Patient", Name: "Patient.000.ndjson", Text: patients("Patient", 4)},
		{Type: "Observation", Name: "Observation.001.ndjson", Text: patients("Observation", 5)},
	}
}

// clock is one whose pauses take no time and are noted.
type clock struct {
	mu    sync.Mutex
	moves bool
	now   time.Time
	slept []time.Duration
}

func (c *clock) clock() Clock {
	return Clock{
		Now: func() time.Time {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.moves {
				return c.now
			}
			return time.Now()
		},
		Sleep: func(ctx context.Context, d time.Duration) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.slept = append(c.slept, d)
			c.now = c.now.Add(d)
			return ctx.Err()
		},
	}
}

// pemKey is a fresh private key as PEM.
func pemKey(t testing.TB, kind string) []byte {
	t.Helper()
	var private any
	var err error
	switch kind {
	case "RS384":
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ES384":
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "P-256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

var testKey = sync.OnceValue(func() *Key {
	private, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		panic(err)
	}
	k, err := ParseKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		panic(err)
	}
	return k
})

func jwks(t testing.TB, k *Key) []byte {
	t.Helper()
	text, err := json.Marshal(k.JWKS())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// export runs a whole export against the server, and gives the text of each file in the order read.
func export(t testing.TB, s *bulktest.Server, change ...func(*Config)) (texts []string, e *Export, err error) {
	t.Helper()
	if s.Token && s.JWKS == nil {
		s.JWKS = jwks(t, testKey())
	}
	s.Start()
	defer s.Close()
	cfg := Config{Request: Request{URL: s.URL()}, Clock: new(clock).clock(), Limits: Limits{Silence: 5 * time.Second}}
	if s.Token {
		cfg.ClientID, cfg.Key = bulktest.ClientID, testKey()
	}
	for _, c := range change {
		c(&cfg)
	}
	client, err := New(cfg)
	if err != nil {
		return nil, nil, err
	}
	defer client.Close()
	ctx := t.Context()
	status, err := client.KickOff(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	if e, err = client.Wait(ctx, status); err != nil {
		return nil, nil, err
	}
	for _, f := range e.Files {
		text, err := read(ctx, e, f)
		if err != nil {
			return texts, e, err
		}
		texts = append(texts, text)
	}
	return texts, e, client.Delete(ctx, status)
}

func read(ctx context.Context, e *Export, f *File) (string, error) {
	var b bytes.Buffer
	_, err := e.Lines(ctx, fhir.Stream{Name: f.Name}, f, func(l fhir.Line) error {
		b.Write(l.Bytes)
		b.WriteByte('\n')
		return nil
	})
	return b.String(), err
}

// undisturbed is what the files of a server are, in the order in which they are read.
func undisturbed(s *bulktest.Server) (texts []string) {
	all := slices.Clone(s.Files)
	slices.SortStableFunc(all, func(a, b bulktest.File) int { return strings.Compare(a.Type, b.Type) })
	for _, f := range all {
		if f.Section == "" {
			texts = append(texts, f.Text)
		}
	}
	return texts
}

// clean fails the test where a request was not as it must be, or a token was where it must not.
func clean(t testing.TB, s *bulktest.Server) {
	t.Helper()
	for _, p := range s.Problems() {
		t.Error(p)
	}
}
