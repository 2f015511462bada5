package bulk

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"farr/internal/bulktest"
)

// What is asked for reaches the server in both forms.
func TestKickOffForms(t *testing.T) {
	since := time.Date(2025, 3, 1, 12, 0, 0, 0, time.FixedZone("", -5*3600))
	whole := Request{
		Types: []string{"Patient", "Observation"}, Since: since, Elements: []string{"id", "Patient.gender"},
		TypeFilters: []string{"Observation?category=laboratory", "Patient?active=true"},
	}
	for _, level := range []struct {
		name, group, path string
	}{{System, "", "/fhir/$export"}, {Patient, "", "/fhir/Patient/$export"}, {Group, "g-1", "/fhir/Group/g-1/$export"}} {
		for _, post := range []bool{false, true} {
			s := &bulktest.Server{Files: files()}
			_, _, err := export(t, s, func(c *Config) {
				url := c.URL
				c.Request = whole
				c.URL, c.Level, c.Group, c.Post = url+"/", level.name, level.group, post
			})
			if err != nil {
				t.Fatal(err)
			}
			clean(t, s)
			i := slices.IndexFunc(s.Seen(), func(one bulktest.Seen) bool { return one.What == "kickoff" })
			got := s.Seen()[i]
			if got.Path != level.path {
				t.Errorf("level %s asks at %s", level.name, got.Path)
			}
			want := map[string][]string{
				"_outputFormat": {"application/fhir+ndjson"}, "_type": {"Patient,Observation"}, "_since": {"2025-03-01T12:00:00.000-05:00"},
				"_typeFilter": whole.TypeFilters, "_elements": {"id,Patient.gender"},
			}
			if !post {
				if !reflect.DeepEqual(map[string][]string(got.Query), want) {
					t.Errorf("GET asks for %v", got.Query)
				}
				continue
			}
			var body struct {
				ResourceType string
				Parameter    []struct{ Name, ValueString, ValueInstant string }
			}
			if err := json.Unmarshal([]byte(got.Body), &body); err != nil || body.ResourceType != "Parameters" {
				t.Fatalf("POST sends %s, %v", got.Body, err)
			}
			asked := map[string][]string{}
			for _, p := range body.Parameter {
				asked[p.Name] = append(asked[p.Name], p.ValueString+p.ValueInstant)
			}
			want["_type"], want["_elements"] = whole.Types, whole.Elements
			if !reflect.DeepEqual(asked, want) {
				t.Errorf("POST asks for %v", asked)
			}
		}
	}
}

func TestBadRequests(t *testing.T) {
	for name, r := range map[string]Request{
		"plain http": {URL: "http://fhir.example.org"}, "no address": {URL: "fhir.example.org"}, "password": {URL: "https://a:b@fhir.example.org"},
		"query": {URL: "https://fhir.example.org/?x=1"}, "level": {URL: "https://x.org", Level: "all"}, "group": {URL: "https://x.org", Level: Group},
		"group id": {URL: "https://x.org", Level: Group, Group: "a/b"}, "stray group": {URL: "https://x.org", Group: "g"},
		"type": {URL: "https://x.org", Types: []string{"Patients"}}, "filter": {URL: "https://x.org", TypeFilters: []string{"status=final"}},
		"element": {URL: "https://x.org", Elements: []string{"Patient/id"}},
	} {
		if _, err := New(Config{Request: r, Clock: new(clock).clock()}); err == nil {
			t.Errorf("%s: is taken", name)
		}
	}
}

// Both algorithms, and both halves of a client, or neither.
func TestSignsBothWays(t *testing.T) {
	for _, kind := range []string{"RS384", "ES384"} {
		key, err := ParseKey(pemKey(t, kind))
		if err != nil || key.Algorithm() != kind {
			t.Fatalf("%s: %v", kind, err)
		}
		s := &bulktest.Server{Files: files(), Token: true, JWKS: jwks(t, key)}
		if _, _, err := export(t, s, func(c *Config) { c.Key = key }); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		clean(t, s)
		if n := s.Count("token"); n != 1 {
			t.Errorf("%s: %d tokens for one export", kind, n)
		}
	}
	if _, err := New(Config{Request: Request{URL: "https://x.org"}, ClientID: "a", Clock: new(clock).clock()}); err == nil {
		t.Error("a client without a key is taken")
	}
}

// A key of another kind is refused with what it is, and no error or print shows one.
func TestClientKeys(t *testing.T) {
	good := pemKey(t, "ES384")
	block, _ := pem.Decode(good)
	for name, c := range map[string]struct{ text, want string }{
		"P-256":     {string(pemKey(t, "P-256")), "P-256"},
		"public":    {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "public half"},
		"encrypted": {"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "password"},
		"damaged":   {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "cannot be read"},
		"farr's":    {"farr-key-v1:aaaa", "neither PEM nor a JWK"},
		"empty":     {"", "neither PEM nor a JWK"},
		"set":       {`{"keys":[{"kty":"EC"}]}`, "one private key"},
		"JWK half":  {`{"kty":"RSA","n":"AQAB","e":"AQAB"}`, "public half"},
		"symmetric": {`{"kty":"oct","k":"AAAA","d":"x"}`, "another kind"},
		"JWK curve": {`{"kty":"EC","crv":"P-256","d":"AAAA","x":"AAAA"}`, "another curve"},
		"JWK of 0":  {`{"kty":"RSA","n":"","d":"AA"}`, "without its numbers"},
	} {
		_, err := ParseKey([]byte(c.text))
		if CodeOf(err) != BadClientKey || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	key, err := ParseKey(good)
	if err != nil {
		t.Fatal(err)
	}
	secret := base64.StdEncoding.EncodeToString(block.Bytes)[20:60]
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		if text := fmt.Sprintf(verb, Config{Key: key}) + fmt.Sprintf(verb, *key); strings.Contains(text, secret) {
			t.Errorf("%s prints a key", verb)
		}
	}
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(jwks(t, key), &set); err != nil || len(set.Keys) != 1 || set.Keys[0]["d"] != nil || set.Keys[0]["kid"] != key.ID() {
		t.Errorf("the public set is %v, %v", set, err)
	}
}

// RFC 7638 section 3.1 has this key and its thumbprint.
func TestThumbprint(t *testing.T) {
	n := "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	k := (&Key{public: jwk{Kty: "RSA", N: n, E: "AQAB"}}).named("", fmt.Sprintf(`{"e":%q,"kty":"RSA","n":%q}`, "AQAB", n))
	if k.ID() != "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" {
		t.Errorf("thumbprint %s", k.ID())
	}
}

// What a server is that cannot be exported from is told by name.
func TestBadServers(t *testing.T) {
	type server = bulktest.Server
	answer := func(at string, do bulktest.Action) []*bulktest.Fault {
		return []*bulktest.Fault{{At: at, Times: -1, Do: do}}
	}
	for name, c := range map[string]struct {
		set  func(s *server)
		want Code
		says string
	}{
		"a web site":  {func(s *server) { s.Faults = answer("metadata", bulktest.Body("text/html", "<html>")) }, NotFHIR, "no CapabilityStatement"},
		"another API": {func(s *server) { s.Faults = answer("metadata", bulktest.Body("application/json", `{"ok":true}`)) }, NotFHIR, "no CapabilityStatement"},
		"nothing":     {func(s *server) { s.Faults = answer("metadata", bulktest.Status(404)) }, NotFHIR, "HTTP 404"},
		"STU3":        {func(s *server) { s.Version = "3.0.2" }, NotR4, "version 3.0.2"},
		"R5":          {func(s *server) { s.Version = "5.0.0" }, NotR4, "version 5.0.0"},
		"DSTU2": {func(s *server) {
			s.Faults = answer("metadata", bulktest.Body("application/json", `{"resourceType":"Conformance"}`))
		}, NotR4, "DSTU2"},
		"no export": {func(s *server) { s.Faults = answer("kickoff", bulktest.Outcome(404, "not-supported")) }, NoExport, "error/not-supported"},
		"refuses":   {func(s *server) { s.Faults = answer("kickoff", bulktest.Outcome(400, "invalid")) }, NoExport, "error/invalid"},
		"at once":   {func(s *server) { s.Faults = answer("kickoff", bulktest.Body("application/json", "{}")) }, NoExport, "at once"},
		"a file of its own": {func(s *server) {
			s.Faults = answer("status", bulktest.Body("application/json", `{"transactionTime":"2026-03-01T02:00:00Z","request":"r","requiresAccessToken":false,"output":[{"type":"Patient","url":"file:///etc/passwd"}],"error":[]}`))
		}, BadManifest, "entry 1 of output: not a whole address"},
		"a page of its own": {func(s *server) {
			s.Faults = answer("status", bulktest.Body("application/json", `{"transactionTime":"2026-03-01T02:00:00Z","request":"r","requiresAccessToken":false,"output":[],"error":[],"link":[{"relation":"next","url":"file:///etc/passwd"}]}`))
		}, BadManifest, "its next page: not a whole address"},
		"a location of its own": {func(s *server) { s.Faults = answer("kickoff", bulktest.Status(202, "Content-Location", "file:///x")) }, BadAnswer, "the Content-Location of its 202: not a whole address"},
		"no location":           {func(s *server) { s.Faults = answer("kickoff", bulktest.Status(202)) }, BadAnswer, "Content-Location"},
		"forbidden":             {func(s *server) { s.Faults = answer("kickoff", bulktest.Status(403)) }, WrongScopes, "may not export"},
		"wants tokens":          {func(s *server) { s.Faults = answer("kickoff", bulktest.Status(401)) }, Unauthorised, "asks for a token"},
		"few scopes":            {func(s *server) { s.Token, s.Scope = true, "system/Patient.read launch" }, WrongScopes, "no Observation"},
		"user scopes":           {func(s *server) { s.Token, s.Scope = true, "user/*.read" }, WrongScopes, "no Patient, Observation"},
		"no scope":              {func(s *server) { s.Token = true; s.Faults = answer("token", tokenError("invalid_scope")) }, WrongScopes, "does not grant"},
		"not known":             {func(s *server) { s.Token = true; s.JWKS = []byte(`{"keys":[]}`) }, Unauthorised, "invalid_client"},
		"clock ahead":           {func(s *server) { s.Token = true; s.Skew = 20 * time.Minute }, ClockSkew, "ahead of"},
		"clock behind":          {func(s *server) { s.Token = true; s.Skew = -20 * time.Minute }, ClockSkew, "behind"},
		"no SMART":              {func(s *server) { s.Token = true; s.Faults = answer("smart", bulktest.Status(404)) }, NoDiscovery, "token endpoint"},
		"other methods": {func(s *server) {
			s.Token = true
			s.Faults = answer("smart", bulktest.Body("application/json", `{"token_endpoint":"https://x.org/t","token_endpoint_auth_methods_supported":["client_secret_basic"]}`))
		}, NoDiscovery, "private_key_jwt"},
		"other algorithm": {func(s *server) {
			s.Token = true
			s.Faults = answer("smart", bulktest.Body("application/json", `{"token_endpoint":"https://x.org/t","token_endpoint_auth_signing_alg_values_supported":["RS384"]}`))
		}, BadClientKey, "ES384"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{Files: files()}
			c.set(s)
			_, _, err := export(t, s, func(cfg *Config) { cfg.Types = []string{"Patient", "Observation"} })
			if CodeOf(err) != c.want || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%v; want %s with %q", err, c.want, c.says)
			}
			if s.Count("file") > 0 {
				t.Error("files were read")
			}
		})
	}
}

func tokenError(code string) bulktest.Action {
	return func(_ *bulktest.Server, w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":%q}`, code)
	}
}

// Pauses are those that the server asks for, in either form, and no longer than the limit; else they grow.
func TestPauses(t *testing.T) {
	run := func(pending int, faults ...*bulktest.Fault) []time.Duration {
		c := new(clock)
		s := &bulktest.Server{Files: files(), Pending: pending, Faults: faults}
		if _, _, err := export(t, s, func(cfg *Config) { cfg.Clock = c.clock() }); err != nil {
			t.Fatal(err)
		}
		return c.slept
	}
	date := func(s *bulktest.Server, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
		now := time.Now().Add(-3 * time.Hour).UTC() // by a clock of its own
		w.Header().Set("Date", now.Format(http.TimeFormat))
		w.Header().Set("Retry-After", now.Add(90*time.Second).Format(http.TimeFormat))
		w.WriteHeader(http.StatusTooManyRequests)
	}
	got := run(0, &bulktest.Fault{At: "status", Do: bulktest.Status(429, "Retry-After", "17")}, &bulktest.Fault{At: "status", Do: date},
		&bulktest.Fault{At: "status", Do: bulktest.Status(202, "Retry-After", "999999")})
	if want := []time.Duration{17 * time.Second, 90 * time.Second, time.Hour}; !slices.Equal(got, want) {
		t.Errorf("pauses %v, want %v", got, want)
	}
	got = run(12)
	for i, d := range got {
		most := min(time.Second<<(i+1), 5*time.Minute)
		if d < most/2 || d > most {
			t.Errorf("pause %d is %v; want between %v and %v", i, d, most/2, most)
		}
	}
	if len(got) != 12 {
		t.Errorf("%d pauses", len(got))
	}
}

// Each pause is told with what it is for and until when, and with neither an address nor anything that the server sent.
func TestPausesAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		fault bulktest.Fault
		want  string
	}{
		"kick-off": {bulktest.Fault{At: "kickoff", Do: bulktest.Status(503)}, "the server fails (HTTP 503), 1 of 8 times"},
		"slower":   {bulktest.Fault{At: "status", Do: bulktest.Status(429)}, "the server asks to be slower"},
		"passing":  {bulktest.Fault{At: "status", Do: bulktest.Outcome(500, "transient")}, "the server says that it will be well again (HTTP 500)"},
		"pending":  {bulktest.Fault{At: "status", Do: bulktest.Status(202, "X-Progress", "SECRET")}, "the export is not ready"},
		"manifest": {bulktest.Fault{At: "status", Do: bulktest.Body("text/html", "SECRET")}, "a page for people stands where the manifest should"},
		"token":    {bulktest.Fault{At: "token", Do: bulktest.Status(502)}, "no token: the server fails (HTTP 502), 1 of 8 times"},
		"file":     {bulktest.Fault{At: "file", Do: bulktest.Body("text/html", "SECRET")}, "a page for people stands where a file should; a proxy or sign-on page is in the way (HTTP 200), 1 of 8 times"},
		"reset":    {bulktest.Fault{At: "file", Do: bulktest.Reset(10)}, "a file broke off (unexpected EOF), 1 of 8 times"},
	} {
		t.Run(name, func(t *testing.T) {
			var told []string
			s := &bulktest.Server{Files: files(), Token: true, Faults: []*bulktest.Fault{&c.fault}}
			_, _, err := export(t, s, func(cfg *Config) {
				cfg.Waits = func(what string, until time.Time) {
					if told = append(told, what); !until.After(time.Now()) {
						t.Errorf("%s: until %v", what, until)
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(told) != 1 || !strings.HasPrefix(told[0], c.want) {
				t.Errorf("told %q, want %q", told, c.want)
			}
			for _, leak := range []string{"SECRET", "sig=", "://", ".ndjson"} {
				if strings.Contains(strings.Join(told, " "), leak) {
					t.Errorf("%q is in %q", leak, told)
				}
			}
		})
	}
	var told []string
	client, err := New(Config{Request: Request{URL: "http://127.0.0.1:1/fhir?"}, Clock: new(clock).clock(), Waits: func(what string, _ time.Time) { told = append(told, what) }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.KickOff(t.Context(), nil); CodeOf(err) != NotReached || len(told) != 7 || told[6] != "no answer, 7 of 8 times" {
		t.Errorf("a refused port: %v, told %q", err, told)
	}
}

// A limit ends what would not end.
func TestLimits(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(s *bulktest.Server)
		l    Limits
		want Code
	}{
		"never ready": {func(s *bulktest.Server) { s.Pending = 1 << 30 }, Limits{Wait: 10 * time.Hour}, TooLong},
		"429 for ever": {func(s *bulktest.Server) {
			s.Faults = []*bulktest.Fault{{At: "kickoff", Times: -1, Do: bulktest.Status(429)}}
		}, Limits{Wait: time.Hour}, TooLong},
		"429 for ever, of a file": {func(s *bulktest.Server) {
			s.Faults = []*bulktest.Fault{{At: "file", Skip: 1, Times: -1, Do: bulktest.Status(429)}}
		}, Limits{Wait: time.Hour}, TooLong},
		"large manifest": {func(s *bulktest.Server) {}, Limits{Manifest: 100}, TooMuch},
		"many pages":     {func(s *bulktest.Server) { s.PageSize = 1 }, Limits{Pages: 2}, TooMuch},
		"many files":     {func(s *bulktest.Server) {}, Limits{Files: 2}, TooMuch},
		"large file":     {func(s *bulktest.Server) {}, Limits{FileBytes: 200}, TooMuch},
		"silent": {func(s *bulktest.Server) {
			s.Faults = []*bulktest.Fault{{At: "file", Times: -1, Do: bulktest.Slow(time.Minute)}}
		},
			Limits{Silence: 20 * time.Millisecond, Tries: 3}, NotReached},
	} {
		t.Run(name, func(t *testing.T) {
			s := &bulktest.Server{Files: files()}
			c.set(s)
			_, _, err := export(t, s, func(cfg *Config) {
				cfg.Clock, cfg.Limits = (&clock{moves: true, now: time.Now()}).clock(), c.l
			})
			if CodeOf(err) != c.want {
				t.Errorf("%v; want %s", err, c.want)
			}
		})
	}
}

// A manifest of too many files ends at the page that passes the limit.
func TestManyFilesEndAtTheirPage(t *testing.T) {
	s := &bulktest.Server{Files: files(), PageSize: 1}
	_, _, err := export(t, s, func(cfg *Config) { cfg.Limits = Limits{Files: 1} })
	if CodeOf(err) != TooMuch || s.Count("status") != 2 {
		t.Errorf("%v, after %d pages; want %s after 2", err, s.Count("status"), TooMuch)
	}
}

// Files of issues are counted by code and never quoted; files of what was deleted name it.
func TestIssuesAndTombstones(t *testing.T) {
	issue := `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"SECRET"},{"severity":"warning","code":"SECRET"}]}` + "\n"
	s := &bulktest.Server{Files: append(files(),
		bulktest.File{Section: "error", Type: "OperationOutcome", Name: "e1", Text: issue + issue},
		bulktest.File{Section: "outcome", Type: "OperationOutcome", Name: "e2", Text: issue},
		bulktest.File{Section: "deleted", Type: "Bundle", Name: "d", Text: `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Patient/patient-1"}},{"request":{"method":"DELETE","url":"Observation/x"}}]}` + "\n"},
	)}
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
	issues, err := e.Issues(t.Context())
	if want := map[string]int64{"error/processing": 3, "warning/other": 3}; err != nil || !reflect.DeepEqual(issues, want) {
		t.Errorf("issues %v, %v", issues, err)
	}
	var gone []string
	_, err = e.Tombstones(t.Context(), func(typ, id string) error { gone = append(gone, typ+"/"+id); return nil })
	if want := []string{"Patient/patient-1", "Observation/x"}; err != nil || !slices.Equal(gone, want) {
		t.Errorf("deleted %v, %v", gone, err)
	}
}

// Two requests overlap when a record can be in both answers.
func TestOverlaps(t *testing.T) {
	all := Request{URL: "https://a.example/fhir"}
	with := func(change func(*Request)) Request {
		r := all
		change(&r)
		return r
	}
	group := func(id string) Request { return with(func(r *Request) { r.Level, r.Group = Group, id }) }
	types := func(names ...string) Request { return with(func(r *Request) { r.Types = names }) }
	for i, c := range []struct {
		a, b Request
		want bool
	}{
		{all, all, true},
		{all, with(func(r *Request) { r.URL += "/" }), true},
		{all, with(func(r *Request) { r.URL = "https://A.example:443/fhir" }), true},
		{with(func(r *Request) { r.TypeFilters = []string{"Patient?a=1"} }), with(func(r *Request) { r.TypeFilters = []string{"Patient?a=2"} }), false},
		{all, with(func(r *Request) { r.Level = Patient }), true},
		{all, with(func(r *Request) { r.URL = "https://b.example/fhir" }), false},
		{all, group("one"), true},
		{group("one"), group("one"), true},
		{group("one"), group("two"), false},
		{all, types("Patient"), true},
		{types("Patient", "Encounter"), types("Encounter"), true},
		{types("Patient"), types("Encounter"), false},
	} {
		if c.a.Overlaps(c.b) != c.want || c.b.Overlaps(c.a) != c.want {
			t.Errorf("%d: not %t", i, c.want)
		}
	}
}
