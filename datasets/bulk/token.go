package bulk

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	smallAnswer  = 4 << 20
	assertionFor = 4 * time.Minute // SMART allows five
	skewAllowed  = time.Minute
)

type token struct {
	value string
	until time.Time
	scope string // that it is granted, in order
}

// Granted is the scope of the token that was given last, its parts in order: what the server says it grants, or what was asked for where it
// says nothing (RFC 6749 section 5.1). It is "" before there was a token.
func (c *Client) Granted() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token.scope
}

// authorise gives a token, a new one in place of one that was refused or ends within half a minute.
func (c *Client) authorise(ctx context.Context, refused string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.token; t.value != "" && t.value != refused && c.Clock.Now().Add(30*time.Second).Before(t.until) {
		return t.value, nil
	}
	if err := c.discover(ctx); err != nil {
		return "", err
	}
	t, err := c.newToken(ctx)
	if err != nil {
		return "", err
	}
	before := c.token
	if c.token = t; c.during && before.value != "" && t.scope != before.scope {
		c.during = false
		return "", &Error{Code: Changed, URL: named(c.endpoint), Detail: "the server now grants another scope than when the export began: whether all of it came nobody knows"}
	}
	return t.value, nil
}

// hold says whether an export is in hand.
func (c *Client) hold(during bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.during = during
}

// discovery is what is read of .well-known/smart-configuration.
type discovery struct {
	TokenEndpoint string   `json:"token_endpoint"`
	Methods       []string `json:"token_endpoint_auth_methods_supported"`
	Algorithms    []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	Capabilities  []string `json:"capabilities"`
}

// discover finds where tokens are to be had (SMART App Launch 2.0, "Backend Services", step 2).
func (c *Client) discover(ctx context.Context) error {
	if c.endpoint != "" {
		return nil
	}
	at := c.base() + "/.well-known/smart-configuration"
	fail := func(status int, detail string) error {
		return &Error{Code: NoDiscovery, URL: at, Status: status, Detail: detail}
	}
	a, err := c.fetch(ctx, call{method: http.MethodGet, url: at, accept: "application/json"}, smallAnswer)
	if err != nil {
		return err
	}
	var d discovery
	if a.status != http.StatusOK || json.Unmarshal(a.body, &d) != nil || d.TokenEndpoint == "" {
		return fail(a.status, "the server does not say by SMART where a token is to be had; give the token endpoint, or no client id if it asks for no token")
	}
	if _, err := secure(d.TokenEndpoint); err != nil {
		return err
	}
	if len(d.Methods) > 0 && !slices.Contains(d.Methods, "private_key_jwt") {
		return fail(0, "the server takes no private_key_jwt, which SMART Backend Services goes by")
	}
	if len(d.Algorithms) > 0 && !slices.Contains(d.Algorithms, c.Key.Algorithm()) {
		return &Error{Code: BadClientKey, URL: at, Detail: "the server does not take " + c.Key.Algorithm() + ", which the client's key signs by; an RSA key signs by RS384, a P-384 key by ES384"}
	}
	if c.Scope == "" && slices.Contains(d.Capabilities, "permission-v2") && !slices.Contains(d.Capabilities, "permission-v1") {
		c.how = "rs"
	}
	c.endpoint = d.TokenEndpoint
	return nil
}

// scopes are those of what is asked for, in the words of SMART 1 (read) or 2 (rs).
func (c *Client) scopes(how string) string {
	if len(c.Types) == 0 {
		return "system/*." + how
	}
	var all []string
	for _, t := range c.Types {
		all = append(all, "system/"+t+"."+how)
	}
	return strings.Join(all, " ")
}

// newToken asks for a token.
func (c *Client) newToken(ctx context.Context) (token, error) {
	scope := c.Scope
	if scope == "" {
		scope = c.scopes(cmp.Or(c.how, "read"))
	}
	for failures := 0; ; failures++ {
		var id [16]byte
		if _, err := io.ReadFull(c.Rand, id[:]); err != nil {
			return token{}, err
		}
		now := c.Clock.Now()
		assertion, err := c.Key.jwt(map[string]any{
			"iss": c.ClientID, "sub": c.ClientID, "aud": c.endpoint, "iat": now.Unix(), "exp": now.Add(assertionFor).Unix(), "jti": hex.EncodeToString(id[:]),
		})
		if err != nil {
			return token{}, err
		}
		form := url.Values{
			"grant_type": {"client_credentials"}, "scope": {scope}, "client_assertion": {assertion},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		}
		a, err := c.whole(ctx, call{
			method: http.MethodPost, url: c.endpoint, body: []byte(form.Encode()), contentType: "application/x-www-form-urlencoded", accept: "application/json", signed: true,
		}, smallAnswer)
		var final *Error
		switch {
		case ctx.Err() != nil:
			return token{}, ctx.Err()
		case errors.As(err, &final):
			return token{}, err
		case err == nil && a.status != http.StatusTooManyRequests && a.status < 500:
			return c.readToken(a, now, scope)
		case failures+1 >= c.Limits.Tries && err != nil:
			return token{}, &Error{Code: NotReached, URL: named(c.endpoint), Detail: "no token was to be had", Err: err}
		case failures+1 >= c.Limits.Tries:
			return token{}, &Error{Code: ServerFailing, URL: named(c.endpoint), Status: a.status, Detail: "no token was to be had"}
		}
		var asked time.Duration
		if a != nil {
			asked = retryAfter(a.header, now)
		}
		if err := c.pause(ctx, failures, asked, c.ofTries("no token: "+passed(a), failures+1)); err != nil { // a new assertion then: each is taken once
			return token{}, err
		}
	}
}

// oauthErrors are the codes of RFC 6749 section 5.2, which may be named.
var oauthErrors = []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}

func (c *Client) readToken(a *answer, now time.Time, asked string) (token, error) {
	var t struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int64  `json:"expires_in"`
		Scope       string
		Error       string
	}
	readable := json.Unmarshal(a.body, &t) == nil
	fail := func(code Code, detail string) (token, error) {
		return token{}, &Error{Code: code, URL: named(c.endpoint), Status: a.status, Detail: detail}
	}
	switch {
	case a.status != http.StatusOK && t.Error == "invalid_scope":
		return fail(WrongScopes, "the server does not grant "+asked+" to this client; register the client for it, or ask for fewer types")
	case a.status != http.StatusOK:
		if theirs, err := http.ParseTime(a.header.Get("Date")); err == nil && theirs.Sub(now).Abs() > skewAllowed {
			side := "ahead of"
			if theirs.Before(now) {
				side = "behind"
			}
			return fail(ClockSkew, fmt.Sprintf("no token, and the server's clock is %v %s this machine's: a signed request holds for minutes; set the clock right", theirs.Sub(now).Abs().Round(time.Second), side))
		}
		why := "for a reason of its own"
		if slices.Contains(oauthErrors, t.Error) {
			why = "as " + t.Error
		}
		return fail(Unauthorised, "the server refuses a token "+why+"; see that client id and public key (farr keys jwks; key id "+c.Key.ID()+") are those it has registered")
	case !readable || t.AccessToken == "" || strings.ContainsFunc(t.AccessToken, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fail(BadAnswer, "what should be a token is none")
	case t.TokenType != "" && !strings.EqualFold(t.TokenType, "bearer"):
		return fail(BadAnswer, "a token of another type than bearer")
	}
	if missing := c.beyond(t.Scope); len(missing) > 0 {
		return fail(WrongScopes, "the token reaches no "+strings.Join(missing, ", ")+"; register the client for it, or ask for fewer types")
	}
	if t.ExpiresIn <= 0 {
		t.ExpiresIn = 300
	}
	parts := slices.Sorted(strings.FieldsSeq(cmp.Or(t.Scope, asked)))
	return token{t.AccessToken, now.Add(time.Duration(t.ExpiresIn) * time.Second), strings.Join(slices.Compact(parts), " ")}, nil
}

// beyond are the types asked for that granted scopes do not reach. A server that names none grants what was asked for (RFC
// 6749 section 5.1).
func (c *Client) beyond(granted string) (missing []string) {
	if granted == "" {
		return nil
	}
	reach := map[string]bool{}
	for scope := range strings.FieldsSeq(granted) {
		scope, _, _ = strings.Cut(scope, "?")
		typ, how, _ := strings.Cut(strings.TrimPrefix(scope, "system/"), ".")
		read := how == "*" || how == "read" || strings.Contains(how, "r") && strings.Trim(how, "cruds") == ""
		if strings.HasPrefix(scope, "system/") && read {
			reach[typ] = true
		}
	}
	if reach["*"] {
		return nil
	}
	if len(c.Types) == 0 && len(reach) == 0 {
		return []string{"resource at all"}
	}
	for _, t := range c.Types {
		if !reach[t] {
			missing = append(missing, t)
		}
	}
	return missing
}
