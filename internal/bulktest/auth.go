package bulktest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"
)

// ClientID is whom the server knows.
const ClientID = "farr-test"

func (s *Server) smart(w http.ResponseWriter, r *http.Request) {
	permission := "permission-v1"
	if s.PermissionV2 {
		permission = "permission-v2"
	}
	send(w, map[string]any{
		"token_endpoint": s.main.URL + "/token", "token_endpoint_auth_methods_supported": []string{"private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": []string{"RS384", "ES384"}, "capabilities": []string{"client-confidential-asymmetric", permission},
	})
}

func (s *Server) giveToken(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	err := s.judge(r)
	if err != nil {
		s.problem("%v", err)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintln(w, `{"error":"invalid_client","error_description":"SECRET-TEXT of the server"}`)
		return
	}
	if asked := r.Form.Get("scope"); s.PermissionV2 && strings.Contains(asked, ".read") {
		s.problem("a scope of SMART 1, %s, for a server of 2 alone", asked)
	}
	scope := s.Scope
	if scope == "" {
		scope = r.Form.Get("scope")
	}
	s.mu.Lock()
	s.tokens++
	n := s.tokens
	s.mu.Unlock()
	send(w, map[string]any{"access_token": fmt.Sprintf("token-%d", n), "token_type": "bearer", "expires_in": 300, "scope": scope})
}

// takes says whether a request has a token that holds.
func (s *Server) takes(r *http.Request) bool {
	var n int
	if _, err := fmt.Sscanf(r.Header.Get("Authorization"), "Bearer token-%d", &n); err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return n > s.revoked && n <= s.tokens
}

func (s *Server) authorised(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.Token && !s.takes(r) {
			http.Error(w, "", http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

// judge checks a request for a token by SMART App Launch 2.0, "Client Authentication: Asymmetric".
func (s *Server) judge(r *http.Request) error {
	if r.Form.Get("grant_type") != "client_credentials" || r.Form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return errors.New("a request for a token of another kind")
	}
	parts := strings.Split(r.Form.Get("client_assertion"), ".")
	if len(parts) != 3 {
		return errors.New("an assertion that is no JWT")
	}
	var header struct{ Alg, Kid, Typ string }
	var claims struct {
		Iss, Sub, Aud, Jti string
		Exp                int64
	}
	for i, into := range []any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(text, into) != nil {
			return errors.New("an assertion that cannot be read")
		}
	}
	now := time.Now().Add(s.Skew)
	s.mu.Lock()
	used := s.jtis[claims.Jti]
	s.jtis[claims.Jti] = true
	s.mu.Unlock()
	until := time.Unix(claims.Exp, 0)
	switch {
	case claims.Iss != ClientID || claims.Sub != ClientID:
		return errors.New("an assertion of another client")
	case claims.Aud != s.main.URL+"/token":
		return errors.New("an assertion for another endpoint")
	case claims.Jti == "" || used:
		return errors.New("a jti that was there before")
	case until.Before(now) || until.After(now.Add(5*time.Minute)):
		return errors.New("an assertion that does not end within five minutes")
	case header.Typ != "JWT":
		return errors.New("a header of another typ")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	digest := sha512.Sum384([]byte(parts[0] + "." + parts[1]))
	return s.verify(header.Kid, header.Alg, digest[:], signature)
}

func (s *Server) verify(kid, alg string, digest, signature []byte) error {
	var set struct {
		Keys []struct{ Kty, Kid, Alg, N, E, Crv, X, Y, D string }
	}
	if err := json.Unmarshal(s.JWKS, &set); err != nil {
		return err
	}
	number := func(text string) *big.Int {
		b, _ := base64.RawURLEncoding.DecodeString(text)
		return new(big.Int).SetBytes(b)
	}
	for _, k := range set.Keys {
		if k.Kid != kid || k.Alg != alg {
			continue
		}
		switch alg {
		case "RS384":
			return rsa.VerifyPKCS1v15(&rsa.PublicKey{N: number(k.N), E: int(number(k.E).Int64())}, crypto.SHA384, digest, signature)
		case "ES384":
			if len(signature) != 96 {
				return errors.New("an ES384 signature of another length")
			}
			public := &ecdsa.PublicKey{Curve: elliptic.P384(), X: number(k.X), Y: number(k.Y)}
			if !ecdsa.Verify(public, digest, new(big.Int).SetBytes(signature[:48]), new(big.Int).SetBytes(signature[48:])) {
				return errors.New("an ES384 signature that does not verify")
			}
			return nil
		}
	}
	return errors.New("a key that is not registered")
}
