package bulktest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// File is one file of the export.
type File struct {
	Type, Name, Text string
	Section          string // output when empty, else error, outcome or deleted
	Count            int    // as the manifest says; 0: what is true; -1: none
	Twice            bool   // the manifest lists it twice
}

// Seen is one request that came.
type Seen struct {
	Host  string // main or other
	What  string // as [Fault.At]
	Path  string
	Query url.Values
	Body  string
	Since string // the time of which a kick-off asks for what changed since, by either form, "" for all
	Token bool   // an Authorization came with it
	Range string
}

// Server is the server, at two origins: its own, and one that is another for whoever looks at ports.
type Server struct {
	Files          []File
	Faults         []*Fault
	Pending        int           // questions before the export is ready
	PageSize       int           // files of a page of the manifest; 0: all on one
	NextAs         string        // link (when empty) or next: how a page names the next
	Token          bool          // requiresAccessToken, and all else needs a token as well
	JWKS           []byte        // of the client; with Token
	FilesElsewhere bool          // the files are at the other origin
	Gzip           bool          // the answers are gzip where the client takes it
	NoETag         bool          // the files have no ETag
	Version        string        // of FHIR; 4.0.1 when empty
	Scope          string        // that is granted; what was asked for when empty
	PermissionV2   bool          // scopes are those of SMART 2 alone
	Skew           time.Duration // of its clock
	Expire         bool          // each manifest makes the links of those before expire
	Records        *Records      // what changes: each kick-off makes Files of it; Files alone where nil
	NoSince        bool          // a kick-off with _since is refused
	Ignores        bool          // a kick-off with _since gives everything
	NoDeleted      bool          // the manifest of a kick-off with _since has no list of what was deleted, unless there is some
	Move           bool          // the path of a file is its place in the manifest, which each manifest moves by one
	Turn           bool          // each manifest begins with the file that was the second of the one before

	mu       sync.Mutex
	main     *httptest.Server
	other    *httptest.Server
	seen     []Seen
	polls    int
	begun    int // exports
	deleted  int
	links    int // generation of signed links
	tokens   int
	revoked  int // tokens up to this are refused
	jtis     map[string]bool
	time     string // of the transaction
	since    bool   // the export is of what changed since
	request  string // as the manifest repeats it
	problems []string
}

// Start starts the server.
func (s *Server) Start() {
	s.jtis = map[string]bool{}
	s.main = httptest.NewServer(s.at("main"))
	s.other = httptest.NewServer(s.at("other"))
}

// Close stops it. Connections that hang are cut.
func (s *Server) Close() {
	for _, one := range []*httptest.Server{s.main, s.other} {
		one.CloseClientConnections()
		one.Close()
	}
}

// URL is the base of the FHIR server.
func (s *Server) URL() string { return s.main.URL + "/fhir" }

// Other is the address of a file at the other origin.
func (s *Server) Other() string { return s.other.URL }

// Seen are the requests that came, and Problems what was wrong with them.
func (s *Server) Seen() []Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// Count is how many requests of a kind came.
func (s *Server) Count(what string) (n int) {
	for _, one := range s.Seen() {
		if one.What == what {
			n++
		}
	}
	return n
}

// Problems says what was wrong with requests, and where a token was that must not be there.
func (s *Server) Problems() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.problems)
}

// Begun and Deleted count exports.
func (s *Server) Begun() int { s.mu.Lock(); defer s.mu.Unlock(); return s.begun }

// Deleted is how many exports the client let go.
func (s *Server) Deleted() int { s.mu.Lock(); defer s.mu.Unlock(); return s.deleted }

// Revoke refuses all tokens given so far.
func (s *Server) Revoke() { s.mu.Lock(); defer s.mu.Unlock(); s.revoked = s.tokens }

func (s *Server) problem(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// at answers at one of the two origins.
func (s *Server) at(host string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what, answer := s.route(r)
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		one := Seen{Host: host, What: what, Path: r.URL.Path, Query: r.URL.Query(), Body: string(body), Token: r.Header.Get("Authorization") != "", Range: r.Header.Get("Range")}
		if what == "kickoff" {
			text, err := sinceOf(r)
			if one.Since = text; err != nil {
				s.problem("a kick-off: %v", err)
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		s.mu.Lock()
		s.seen = append(s.seen, one)
		fault := s.due(what)
		s.mu.Unlock()
		if one.Token && (!s.Token || host == "other" && !(what == "file" && s.FilesElsewhere)) {
			s.problem("a token came to %s at %s", what, host)
		}
		if what == "smart" && one.Token || what == "token" && one.Token {
			s.problem("a token came to %s", what)
		}
		if what == "token" && host == "other" {
			s.problem("a signed request came to another origin")
		}
		w.Header().Set("Date", time.Now().Add(s.Skew).UTC().Format(http.TimeFormat))
		if fault != nil {
			fault.Do(s, w, r, answer)
			return
		}
		answer(w, r)
	})
}

func (s *Server) route(r *http.Request) (string, http.HandlerFunc) {
	p := r.URL.Path
	switch {
	case p == "/fhir/metadata":
		return "metadata", s.metadata
	case p == "/fhir/.well-known/smart-configuration":
		return "smart", s.smart
	case p == "/token":
		return "token", s.giveToken
	case strings.HasSuffix(p, "/$export"):
		return "kickoff", s.authorised(s.kickOff)
	case strings.HasPrefix(p, "/status/") && r.Method == http.MethodDelete:
		return "delete", s.authorised(s.forget)
	case strings.HasPrefix(p, "/status/"):
		return "status", s.authorised(s.status)
	case strings.HasPrefix(p, "/files/"):
		return "file", s.file
	default:
		return "stray", http.NotFound
	}
}

func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	version := s.Version
	if version == "" {
		version = "4.0.1"
	}
	send(w, map[string]any{"resourceType": "CapabilityStatement", "fhirVersion": version})
}

func send(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (s *Server) kickOff(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Prefer") != "respond-async" || r.Header.Get("Accept") != "application/fhir+json" {
		s.problem("a kick-off with Prefer %q and Accept %q", r.Header.Get("Prefer"), r.Header.Get("Accept"))
	}
	text, _ := sinceOf(r) // what is wrong with it was told
	var since time.Time
	if text != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, text); err != nil {
			s.problem("a kick-off: %v", err)
		}
	}
	if s.NoSince && !since.IsZero() {
		Outcome(http.StatusBadRequest, "not-supported")(s, w, r, nil)
		return
	}
	s.mu.Lock()
	s.begun++
	n := s.begun
	s.polls, s.time, s.since, s.request = 0, Time, !since.IsZero(), s.main.URL+r.URL.RequestURI()
	if s.Ignores {
		since, s.request = time.Time{}, s.URL()+"/$export"
	}
	if s.Records != nil {
		s.Files, s.time = s.Records.Export(since), s.Records.Now.Format(time.RFC3339Nano)
	}
	s.mu.Unlock()
	w.Header().Set("Content-Location", fmt.Sprintf("%s/status/%d", s.main.URL, n))
	w.WriteHeader(http.StatusAccepted)
}

// sinceOf is the time of which a kick-off says that what changed since is wanted, by either form.
func sinceOf(r *http.Request) (text string, err error) {
	text = r.URL.Query().Get("_since")
	if r.Method == http.MethodPost {
		var parameters struct {
			Parameter []struct{ Name, ValueInstant string }
		}
		if err := json.NewDecoder(r.Body).Decode(&parameters); err != nil {
			return "", err
		}
		for _, p := range parameters.Parameter {
			if p.Name == "_since" {
				text = p.ValueInstant
			}
		}
	}
	return text, nil
}

func (s *Server) forget(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deleted++
	w.WriteHeader(http.StatusAccepted)
}

// Time is of the export's transaction.
const Time = "2025-12-31T23:00:00Z"

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.polls++
	ready := s.polls > s.Pending
	if ready && s.Expire {
		s.links++
	}
	links, at, since, request := s.links, s.time, s.since, s.request
	s.mu.Unlock()
	if !ready {
		w.Header().Set("X-Progress", "working")
		w.WriteHeader(http.StatusAccepted)
		return
	}
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	ordered := s.ordered(links)
	files := ordered
	m := map[string]any{"transactionTime": at, "request": request, "requiresAccessToken": s.Token, "output": []any{}, "error": []any{}}
	if since && !s.NoDeleted {
		m["deleted"] = []any{}
	}
	if s.PageSize > 0 {
		files = ordered[min(page*s.PageSize, len(ordered)):min((page+1)*s.PageSize, len(ordered))]
		if next := fmt.Sprintf("%s?page=%d", r.URL.Path, page+1); (page+1)*s.PageSize < len(s.Files) {
			if s.NextAs == "next" {
				m["next"] = s.main.URL + next
			} else {
				m["link"] = []any{map[string]string{"relation": "next", "url": s.main.URL + next}}
			}
		}
	}
	host := s.main.URL
	if s.FilesElsewhere {
		host = s.other.URL
	}
	for i, f := range files {
		section := f.Section
		if section == "" {
			section = "output"
		}
		name := f.Name
		if s.Move {
			name = strconv.Itoa(page*s.PageSize + i + links)
		}
		entry := map[string]any{"type": f.Type, "url": fmt.Sprintf("%s/files/%s?sig=%d", host, name, links)}
		if count := f.count(); count >= 0 {
			entry["count"] = count
		}
		all, _ := m[section].([]any)
		all = append(all, entry)
		if f.Twice {
			all = append(all, entry)
		}
		m[section] = all
	}
	send(w, m)
}

// ordered are the files as the manifest of a generation of links has them.
func (s *Server) ordered(links int) []File {
	if !s.Turn || len(s.Files) == 0 {
		return s.Files
	}
	first := links % len(s.Files)
	return slices.Concat(s.Files[first:], s.Files[:first])
}

func (f File) count() int {
	if f.Count != 0 {
		return f.Count
	}
	return len(strings.Fields(strings.ReplaceAll(strings.ReplaceAll(f.Text, " ", ""), "\n", " ")))
}

func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	if s.Token && !s.takes(r) {
		http.Error(w, "", http.StatusUnauthorized)
		return
	}
	s.mu.Lock()
	links := s.links
	s.mu.Unlock()
	expired := s.Expire && r.URL.Query().Get("sig") != strconv.Itoa(links)
	if expired {
		http.Error(w, "", http.StatusForbidden)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/files/")
	files := s.ordered(links)
	i := slices.IndexFunc(files, func(f File) bool { return f.Name == name })
	if at, err := strconv.Atoi(name); s.Move && err == nil {
		i = at - links
	}
	if i < 0 || i >= len(files) {
		http.NotFound(w, r)
		return
	}
	text := []byte(files[i].Text)
	w.Header().Set("Content-Type", "application/fhir+ndjson")
	if !s.NoETag {
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(text)))
	}
	if s.Gzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(text)
		z.Close()
		w.Header().Set("Content-Encoding", "gzip")
		text = b.Bytes()
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
}
