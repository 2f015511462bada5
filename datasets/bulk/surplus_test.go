package bulk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// lockedBuffer is written by the goroutines of net/http.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// raw answers each request with a text, as it is, and keeps the connection.
func raw(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for in := bufio.NewReader(conn); ; {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					if _, err := io.WriteString(conn, answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// What a server sends where no answer belongs is in no error and not on the standard logger, of which net/http has quotes.
func TestSurplusIsQuotedNowhere(t *testing.T) {
	var logged lockedBuffer
	before := log.Writer()
	log.SetOutput(&logged)
	defer log.SetOutput(before)
	body := `{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1"}`
	const marker = "SECRET"
	for name, answer := range map[string]string{
		"behind the length": fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s%s\r\n", len(body), body, marker),
		"no HTTP":           marker + " of a record\r\n\r\n",
		"no code":           "HTTP/1.1 " + marker + "\r\n\r\n",
		"no header":         "HTTP/1.1 200 OK\r\n" + marker + "\r\n\r\n",
		"no length":         "HTTP/1.1 200 OK\r\nContent-Length: " + marker + "\r\n\r\n",
		"no encoding":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + marker + "\r\n\r\n",
	} {
		client, err := New(Config{Request: Request{URL: raw(t, answer)}, Clock: new(clock).clock(), Limits: Limits{Silence: 5 * time.Second}})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 { // the surplus of one answer is there when the next is asked for
			_, err := client.KickOff(t.Context(), nil)
			if err == nil {
				t.Fatalf("%s: it is taken", name)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(e.Error(), marker) {
					t.Errorf("%s: %v", name, e)
				}
			}
			if name == "no HTTP" && !strings.Contains(err.Error(), "the answer is no HTTP") {
				t.Errorf("%s: %v", name, err)
			}
			time.Sleep(20 * time.Millisecond) // net/http looks at what comes on its own
		}
		client.Close()
	}
	if strings.Contains(logged.String(), marker) {
		t.Errorf("logged: %s", logged.String())
	}
}

// A failure whose text is Go's own says what it is.
func TestKnownCauses(t *testing.T) {
	client, err := New(Config{Request: Request{URL: "http://127.0.0.1:1"}, Clock: new(clock).clock()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.KickOff(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("a refused port: %v", err)
	}
	for _, err := range []error{io.ErrUnexpectedEOF, errSilence, &net.DNSError{Err: "no such host", Name: "x.example"}, http.ErrSchemeMismatch} {
		if got := cause(fmt.Errorf("SECRET: %w", err)).Error(); got != err.Error() {
			t.Errorf("%v: %s", err, got)
		}
	}
}
