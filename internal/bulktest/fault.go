package bulktest

import (
	"net/http"
	"time"
)

// Fault is one line of the script.
type Fault struct {
	At    string // metadata, smart, token, kickoff, status, file or delete
	Skip  int    // requests that pass before
	Times int    // how often it strikes; 0 is once, -1 for ever
	Do    Action
}

// Action answers in place of the server. next is what the server would have done.
type Action func(s *Server, w http.ResponseWriter, r *http.Request, next http.HandlerFunc)

// due is the fault that strikes now. The caller holds the lock.
func (s *Server) due(what string) *Fault {
	for _, f := range s.Faults {
		switch {
		case f.At != what:
		case f.Skip > 0:
			f.Skip--
		case f.Times == 0:
			f.Times = -2
			return f
		case f.Times == -1:
			return f
		case f.Times > 0:
			if f.Times--; f.Times == 0 {
				f.Times = -2
			}
			return f
		}
	}
	return nil
}

// Status answers with a code and headers, name and value by turns.
func Status(code int, headers ...string) Action {
	return func(_ *Server, w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
	}
}

// Outcome answers with an OperationOutcome.
func Outcome(code int, issue string) Action {
	return func(_ *Server, w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		w.Header().Set("Content-Type", "application/fhir+json")
		w.WriteHeader(code)
		_, _ = w.Write([]byte(`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"` + issue + `","diagnostics":"SECRET-TEXT of the server"}]}`))
	}
}

// Body answers 200 with a text.
func Body(typ, text string) Action {
	return func(_ *Server, w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		w.Header().Set("Content-Type", typ)
		_, _ = w.Write([]byte(text))
	}
}

// Reset cuts the connection behind n bytes of the body.
func Reset(n int) Action {
	return func(_ *Server, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		next(&cut{ResponseWriter: w, left: n}, r)
		panic(http.ErrAbortHandler)
	}
}

// Unframed sends n bytes of the body and then closes the connection as HTTP/1.0 ends a body, so that nothing tells it from
// a whole one.
func Unframed(n int) Action {
	return func(_ *Server, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		conn, buf, err := w.(http.Hijacker).Hijack() //nolint:errcheck // it is one
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		rec := &recorder{header: http.Header{}}
		next(rec, r)
		_, _ = buf.WriteString("HTTP/1.0 200 OK\r\nContent-Type: application/fhir+ndjson\r\nConnection: close\r\n\r\n")
		_, _ = buf.Write(rec.body[:min(n, len(rec.body))])
		_ = buf.Flush()
	}
}

type recorder struct {
	header http.Header
	body   []byte
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(int)     {}
func (r *recorder) Write(p []byte) (int, error) {
	r.body = append(r.body, p...)
	return len(p), nil
}

// cut passes so many bytes and breaks off.
type cut struct {
	http.ResponseWriter
	left int
}

func (c *cut) Write(p []byte) (int, error) {
	n := min(c.left, len(p))
	_, _ = c.ResponseWriter.Write(p[:n])
	if c.left -= n; c.left == 0 {
		if f, ok := c.ResponseWriter.(http.Flusher); ok {
			f.Flush()
		}
		panic(http.ErrAbortHandler)
	}
	return n, nil
}

// Slow waits before the answer.
func Slow(d time.Duration) Action {
	return func(_ *Server, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
		next(w, r)
	}
}

// Elsewhere redirects to the other origin.
func Elsewhere(code int) Action {
	return func(s *Server, w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		http.Redirect(w, r, s.Other()+r.URL.RequestURI(), code)
	}
}

// Then does one thing and then another.
func Then(first func(*Server), act Action) Action {
	return func(s *Server, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		first(s)
		act(s, w, r, next)
	}
}
