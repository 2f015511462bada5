package bulk

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"farr/internal/bulktest"
)

// Whatever happens on the way, what is read is what an undisturbed export gives, or nothing.
func TestFaults(t *testing.T) {
	soon := func() string { return time.Now().Add(7 * time.Second).UTC().Format(http.TimeFormat) }
	type server = bulktest.Server
	type fault = bulktest.Fault
	one := func(at string, do bulktest.Action) []*fault { return []*fault{{At: at, Do: do}} }
	cases := map[string]struct {
		set  func(s *server)
		want Code // "" is the undisturbed result
	}{
		"undisturbed":            {func(s *server) {}, ""},
		"pending":                {func(s *server) { s.Pending = 5 }, ""},
		"gzip":                   {func(s *server) { s.Gzip = true }, ""},
		"token":                  {func(s *server) { s.Token = true }, ""},
		"token, files elsewhere": {func(s *server) { s.Token, s.FilesElsewhere = true, true }, ""},
		"pages by link":          {func(s *server) { s.PageSize = 1 }, ""},
		"pages by next":          {func(s *server) { s.PageSize, s.NextAs = 2, "next" }, ""},
		"repeated file":          {func(s *server) { s.Files[1].Twice = true }, ""},
		"no counts": {func(s *server) {
			for i := range s.Files {
				s.Files[i].Count = -1
			}
		}, ""},
		"kick-off 429":     {func(s *server) { s.Faults = one("kickoff", bulktest.Status(429, "Retry-After", "3")) }, ""},
		"kick-off 503":     {func(s *server) { s.Faults = one("kickoff", bulktest.Status(503)) }, ""},
		"status 429, secs": {func(s *server) { s.Faults = one("status", bulktest.Status(429, "Retry-After", "3")) }, ""},
		"status 429, date": {func(s *server) { s.Faults = one("status", bulktest.Status(429, "Retry-After", soon())) }, ""},
		"status 429, often": {func(s *server) {
			s.Faults = []*fault{{At: "status", Times: 50, Do: bulktest.Status(429)}}
		}, ""},
		"status 500, transient": {func(s *server) {
			s.Faults = []*fault{{At: "status", Times: 20, Do: bulktest.Outcome(500, "transient")}}
		}, ""},
		"status 500":          {func(s *server) { s.Faults = one("status", bulktest.Outcome(500, "processing")) }, ExportFailed},
		"status 502":          {func(s *server) { s.Faults = one("status", bulktest.Status(502)) }, ""},
		"status 503 for ever": {func(s *server) { s.Faults = []*fault{{At: "status", Times: -1, Do: bulktest.Status(503)}} }, ServerFailing},
		"status 410":          {func(s *server) { s.Faults = one("status", bulktest.Status(410)) }, Gone},
		"status resets":       {func(s *server) { s.Faults = one("status", bulktest.Reset(10)) }, ""},
		"manifest HTML":       {func(s *server) { s.Faults = one("status", bulktest.Body("text/html", "<html>sign on</html>")) }, ""},
		"manifest HTML as JSON": {func(s *server) {
			s.Faults = []*fault{{At: "status", Times: -1, Do: bulktest.Body("application/json", " <html>")}}
		}, BadManifest},
		"manifest HTML for ever": {func(s *server) { s.Faults = []*fault{{At: "status", Times: -1, Do: bulktest.Body("text/html", "<p>")}} }, BadManifest},
		"manifest cut": {func(s *server) {
			s.Faults = one("status", bulktest.Body("application/json", `{"transactionTime":"2025`))
		}, ""},
		"manifest cut for ever": {func(s *server) {
			s.Faults = []*fault{{At: "status", Times: -1, Do: bulktest.Body("application/json", `{"outp`)}}
		}, BadManifest},
		"manifest without output": {func(s *server) {
			s.Faults = manifest(`{"transactionTime":"` + bulktest.Time + `","requiresAccessToken":false}`)
		}, BadManifest},
		"manifest without time":  {func(s *server) { s.Faults = manifest(`{"requiresAccessToken":false,"output":[]}`) }, BadManifest},
		"manifest without token": {func(s *server) { s.Faults = manifest(`{"transactionTime":"` + bulktest.Time + `","output":[]}`) }, BadManifest},
		"manifest of a cycle": {func(s *server) {
			s.Faults = manifest(`{"transactionTime":"` + bulktest.Time + `","requiresAccessToken":false,"output":[],"link":[{"relation":"next","url":"/status/1"}]}`)
		}, BadManifest},
		"manifest of plain http": {func(s *server) {
			s.Faults = manifest(`{"transactionTime":"` + bulktest.Time + `","requiresAccessToken":false,"output":[{"type":"Patient","url":"http://files.example.org/1"}]}`)
		}, NotSecure},
		"second page of another export": {func(s *server) {
			s.PageSize = 2
			s.Faults = []*fault{{At: "status", Skip: 1, Do: bulktest.Body("application/json", `{"transactionTime":"2024-01-01T00:00:00Z","requiresAccessToken":false,"output":[]}`)}}
		}, BadManifest},
		"file 503":             {func(s *server) { s.Faults = one("file", bulktest.Status(503, "Retry-After", "2")) }, ""},
		"file 429":             {func(s *server) { s.Faults = []*fault{{At: "file", Times: 30, Do: bulktest.Status(429)}} }, ""},
		"file resets":          {func(s *server) { s.Faults = []*fault{{At: "file", Times: 3, Do: bulktest.Reset(33)}} }, ""},
		"file resets, no ETag": {func(s *server) { s.NoETag, s.Faults = true, []*fault{{At: "file", Times: 3, Do: bulktest.Reset(33)}} }, ""},
		"file resets, gzip":    {func(s *server) { s.Gzip, s.Faults = true, []*fault{{At: "file", Times: 3, Do: bulktest.Reset(33)}} }, ""},
		"file resets for ever": {func(s *server) { s.Faults = []*fault{{At: "file", Times: -1, Do: bulktest.Reset(0)}} }, NotReached},
		"file 401 in the middle": {func(s *server) {
			s.Token = true
			s.Faults = []*fault{{At: "file", Skip: 1, Do: bulktest.Then((*server).Revoke, bulktest.Reset(50))}}
		}, ""},
		"another scope in the middle": {func(s *server) {
			s.Token = true
			narrow := func(s *server) {
				s.Revoke()
				s.Scope = "system/Patient.read system/Observation.read system/Encounter.read"
			}
			s.Faults = []*fault{{At: "file", Skip: 1, Do: bulktest.Then(narrow, bulktest.Reset(50))}}
		}, Changed},
		"file elsewhere by 307": {func(s *server) {
			s.Token = true
			s.Faults = []*fault{{At: "file", Times: 1, Do: elsewhere}}
		}, ""},
		"file HTML": {func(s *server) { s.Faults = one("file", bulktest.Body("text/html", "<html>")) }, ""},
		"file HTML for ever": {func(s *server) {
			s.Faults = []*fault{{At: "file", Times: -1, Do: bulktest.Body("text/html; charset=utf-8", "<html>")}}
		}, BadAnswer},
		"links expire": {func(s *server) {
			s.Expire = true
			s.Faults = []*fault{{At: "file", Skip: 1, Do: bulktest.Status(403)}}
		}, ""},
		"links expire in the middle": {func(s *server) {
			s.Expire = true
			s.Faults = []*fault{{At: "file", Skip: 1, Do: bulktest.Reset(40)}, {At: "file", Do: bulktest.Status(403)}}
		}, ""},
		"links expire and paths move": {func(s *server) {
			s.Expire, s.Move = true, true
			for i := range s.Files { // nothing but the path tells one file from another
				s.Files[i].Type, s.Files[i].Count = "Observation", -1
			}
			s.Faults = []*fault{{At: "file", Skip: 1, Do: bulktest.Status(403)}}
		}, ""},
		"links expire, paths move and the order turns": {func(s *server) {
			s.Expire, s.Move, s.Turn = true, true, true
			for i := range s.Files {
				s.Files[i].Type, s.Files[i].Count = "Observation", -1
			}
			s.Faults = []*fault{{At: "file", Skip: 1, Do: bulktest.Status(403)}}
		}, Changed},
		"file missing":            {func(s *server) { s.Faults = []*fault{{At: "file", Skip: 1, Times: -1, Do: bulktest.Status(404)}} }, MissingFile},
		"file missing for a time": {func(s *server) { s.Faults = []*fault{{At: "file", Times: 2, Do: bulktest.Status(404)}} }, ""},
		"count too high":          {func(s *server) { s.Files[0].Count = 7 }, WrongCount},
		"count too low":           {func(s *server) { s.Files[0].Count = 1 }, WrongCount},
		"cut without a sign":      {func(s *server) { s.Faults = one("file", bulktest.Unframed(60)) }, WrongCount},
		"whole without a length":  {func(s *server) { s.Faults = one("file", bulktest.Unframed(1<<20)) }, ""},
		"slow":                    {func(s *server) { s.Faults = one("file", bulktest.Slow(900*time.Millisecond)) }, ""},
		"token 503":               {func(s *server) { s.Token, s.Faults = true, one("token", bulktest.Status(503)) }, ""},
		"token elsewhere by 307":  {func(s *server) { s.Token, s.Faults = true, one("token", bulktest.Elsewhere(307)) }, BadAnswer},
		"token elsewhere by 308":  {func(s *server) { s.Token, s.Faults = true, one("token", bulktest.Elsewhere(308)) }, BadAnswer},
		"token never": {func(s *server) {
			s.Token, s.Faults = true, []*fault{{At: "token", Times: -1, Do: bulktest.Status(500)}}
		}, ServerFailing},
		"token not taken": {func(s *server) {
			s.Token, s.Faults = true, []*fault{{At: "kickoff", Times: -1, Do: bulktest.Status(401)}}
		}, Unauthorised},
		"token refused once":      {func(s *server) { s.Token, s.Faults = true, one("status", bulktest.Status(401)) }, ""},
		"delete 503":              {func(s *server) { s.Faults = one("delete", bulktest.Status(503)) }, ""},
		"delete 404":              {func(s *server) { s.Faults = one("delete", bulktest.Status(404)) }, ""},
		"status elsewhere by 307": {func(s *server) { s.Token, s.Faults = true, one("status", bulktest.Elsewhere(307)) }, ""},
		"redirects without end": {func(s *server) {
			s.Faults = []*fault{{At: "file", Times: -1, Do: bulktest.Status(307, "Location", "/files/x")}}
		}, BadAnswer},
		"redirect to plain http":  {func(s *server) { s.Faults = one("file", bulktest.Status(307, "Location", "http://example.org/x")) }, NotSecure},
		"shorter when read again": {func(s *server) { s.NoETag, s.Faults = true, shrinking() }, Changed},
		"another when read again": {func(s *server) { s.NoETag, s.Faults = true, other() }, Changed},
		"part of something else":  {func(s *server) { s.Faults = wrongPart() }, ""},
		"part of an unknown whole": {func(s *server) {
			s.Files[0].Count = -1 // nothing but the answers tells where the file ends
			s.Faults = unknownWhole(s.Files[0].Text)
		}, ""},
		"encoding not asked for": {func(s *server) { s.Faults = one("file", bulktest.Status(200, "Content-Encoding", "br")) }, BadAnswer},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &server{Files: files()}
			c.set(s)
			got, e, err := export(t, s, func(cfg *Config) {
				if name == "slow" {
					cfg.Limits.Silence = 300 * time.Millisecond
				}
			})
			clean(t, s)
			if CodeOf(err) != c.want || (err != nil) != (c.want != "") {
				t.Fatalf("error %v; want code %q", err, c.want)
			}
			if err != nil {
				if strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), "sig=") {
					t.Errorf("the error says what it must not: %v", err)
				}
				return
			}
			if !slices.Equal(got, undisturbed(s)) {
				t.Errorf("read %q", got)
			}
			if want := e.TransactionTime.Format(time.RFC3339); want != bulktest.Time {
				t.Errorf("transaction time %s", want)
			}
			if s.Deleted() != 1 && !strings.HasPrefix(name, "delete") {
				t.Errorf("%d exports let go", s.Deleted())
			}
		})
	}
}

func manifest(text string) []*bulktest.Fault {
	return []*bulktest.Fault{{At: "status", Times: -1, Do: bulktest.Body("application/json", text)}}
}

// elsewhere is a redirect whose end gives what the first address would.
func elsewhere(s *bulktest.Server, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	s.Faults = append(s.Faults, &bulktest.Fault{At: "file", Do: func(s *bulktest.Server, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		_, _ = w.Write([]byte(s.Files[0].Text)) // the first file asked for; the token is not with it
	}})
	bulktest.Elsewhere(http.StatusTemporaryRedirect)(s, w, r, next)
}

func shrinking() []*bulktest.Fault {
	return []*bulktest.Fault{{At: "file", Do: bulktest.Reset(60)}, {At: "file", Do: bulktest.Body("application/fhir+ndjson", "{}\n")}}
}

func other() []*bulktest.Fault {
	return []*bulktest.Fault{{At: "file", Do: bulktest.Reset(60)}, {At: "file", Do: bulktest.Body("application/fhir+ndjson", patients("Patient", 9))}}
}

// wrongPart answers a question for the rest with another part of the file.
func wrongPart() []*bulktest.Fault {
	return []*bulktest.Fault{{At: "file", Do: bulktest.Reset(60)}, {At: "file", Do: func(s *bulktest.Server, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		w.Header().Set("Content-Range", "bytes 10-19/200")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write([]byte("0123456789"))
	}}}
}

// unknownWhole sends a file without its length, cuts it behind its first line, and gives the second line alone for the rest.
func unknownWhole(text string) []*bulktest.Fault {
	line := strings.IndexByte(text, '\n') + 1
	send := func(code int, text, span string) bulktest.Action {
		return func(_ *bulktest.Server, w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
			w.Header().Set("ETag", `"one"`)
			w.Header().Set("Content-Type", "application/fhir+ndjson")
			if span != "" {
				w.Header().Set("Content-Range", span)
			}
			w.WriteHeader(code)
			_, _ = w.Write([]byte(text))
			w.(http.Flusher).Flush()
		}
	}
	whole := send(http.StatusOK, text[:line], "")
	return []*bulktest.Fault{
		{At: "file", Do: func(s *bulktest.Server, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
			whole(s, w, r, next)
			panic(http.ErrAbortHandler)
		}},
		{At: "file", Do: send(http.StatusPartialContent, text[line:2*line], fmt.Sprintf("bytes %d-%d/*", line, 2*line-1))},
	}
}

// A connection that is cut behind any byte of a small file, with and without ETag, plain and gzip, costs nothing.
func TestResetAtEveryOffset(t *testing.T) {
	for name, set := range map[string]func(*bulktest.Server){
		"range": func(s *bulktest.Server) {}, "again": func(s *bulktest.Server) { s.NoETag = true }, "gzip": func(s *bulktest.Server) { s.Gzip = true },
		"gzip again": func(s *bulktest.Server) { s.Gzip, s.NoETag = true, true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := patients("Patient", 2)
			for at := range len(text) {
				s := &bulktest.Server{Files: []bulktest.File{{Type: "Patient", Name: "p", Text: text, Count: -1}}, Faults: []*bulktest.Fault{{At: "file", Do: bulktest.Reset(at)}}}
				set(s)
				got, _, err := export(t, s)
				if err != nil || !slices.Equal(got, []string{text}) {
					t.Fatalf("cut behind byte %d: %v, read %q", at, err, got)
				}
				resumed := slices.ContainsFunc(s.Seen(), func(one bulktest.Seen) bool { return one.Range != "" })
				if name == "range" && at > 0 && !resumed {
					t.Fatalf("cut behind byte %d: the file was read again, where a Range would do", at)
				}
			}
		})
	}
}

// Files of issues and of what was deleted are read once each, too, whatever the order of a manifest that was asked for again. Those that
// hold nothing are all the same, and are no sign of another order.
func TestAnotherOrder(t *testing.T) {
	outcome := func(code string) string {
		return `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"` + code + `"}]}` + "\n"
	}
	deletion := func(id string) string {
		return `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Patient/` + id + `"}}]}` + "\n"
	}
	for name, c := range map[string]struct {
		section string
		texts   []string
		want    Code
	}{
		"error":   {"error", []string{outcome("processing"), outcome("invalid"), outcome("timeout")}, Changed},
		"deleted": {"deleted", []string{deletion("1"), deletion("2"), deletion("3")}, Changed},
		"empty":   {"deleted", []string{"", "", ""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := &bulktest.Server{Expire: true, Move: true, Turn: true, Faults: []*bulktest.Fault{{At: "file", Skip: 1, Do: bulktest.Status(403)}}}
			for _, text := range c.texts {
				s.Files = append(s.Files, bulktest.File{Section: c.section, Type: "Bundle", Text: text, Count: -1})
			}
			s.Start()
			defer s.Close()
			client, err := New(Config{Request: Request{URL: s.URL()}, Clock: new(clock).clock()})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			status, err := client.KickOff(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			e, err := client.Wait(t.Context(), status)
			if err != nil {
				t.Fatal(err)
			}
			_, deleted := e.Tombstones(t.Context(), func(string, string) error { return nil })
			_, issues := e.Issues(t.Context())
			if err := errors.Join(deleted, issues); CodeOf(err) != c.want || (err != nil) != (c.want != "") {
				t.Errorf("%v; want code %q", err, c.want)
			}
		})
	}
}
