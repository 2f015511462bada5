package bulk

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
)

// Key is the private key by which a client of SMART Backend Services signs. It holds the key behind a function, so that
// nothing prints it.
type Key struct {
	public jwk
	sign   func(digest []byte) ([]byte, error)
}

// jwk is the public half of a key (RFC 7517). The order of the fields is that of the output.
type jwk struct {
	Kty    string   `json:"kty"`
	Kid    string   `json:"kid"`
	Use    string   `json:"use"`
	Alg    string   `json:"alg"`
	KeyOps []string `json:"key_ops"`
	N      string   `json:"n,omitempty"`
	E      string   `json:"e,omitempty"`
	Crv    string   `json:"crv,omitempty"`
	X      string   `json:"x,omitempty"`
	Y      string   `json:"y,omitempty"`
}

// RSA keys below this are refused: NIST SP 800-131A, and SMART App Launch asks for as much.
const minRSABits = 2048

// ParseKey reads a private key as PEM (PKCS #8, PKCS #1 or SEC 1) or as a JWK: RSA of 2,048 bits and more signs by RS384,
// P-384 by ES384. The error never quotes it. The text is the caller's to clear.
func ParseKey(text []byte) (*Key, error) {
	private, kid, err := parsePrivate(text)
	if err != nil {
		return nil, err
	}
	switch private := private.(type) {
	case *rsa.PrivateKey:
		if private.N.BitLen() < minRSABits {
			return nil, badKey("an RSA key of %d bits; 2,048 are the least", private.N.BitLen())
		}
		if err := private.Validate(); err != nil {
			return nil, badKey("an RSA key whose numbers do not belong together")
		}
		e := big.NewInt(int64(private.E)).Bytes()
		k := &Key{public: jwk{Kty: "RSA", Alg: "RS384", N: b64(private.N.Bytes()), E: b64(e)}}
		k.sign = func(digest []byte) ([]byte, error) {
			return rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA384, digest)
		}
		return k.named(kid, fmt.Sprintf(`{"e":%q,"kty":"RSA","n":%q}`, k.public.E, k.public.N)), nil
	case *ecdsa.PrivateKey:
		if private.Curve != elliptic.P384() {
			return nil, badKey("an EC key on %s; SMART Backend Services signs by ES384, on P-384", private.Curve.Params().Name)
		}
		point, err := private.PublicKey.Bytes()
		if err != nil {
			return nil, badKey("an EC key whose point is not on its curve")
		}
		size := (len(point) - 1) / 2
		k := &Key{public: jwk{Kty: "EC", Alg: "ES384", Crv: "P-384", X: b64(point[1 : 1+size]), Y: b64(point[1+size:])}}
		k.sign = func(digest []byte) ([]byte, error) { // RFC 7518 section 3.4: both numbers at full width
			r, s, err := ecdsa.Sign(rand.Reader, private, digest)
			if err != nil {
				return nil, err
			}
			out := make([]byte, 2*size)
			r.FillBytes(out[:size])
			s.FillBytes(out[size:])
			return out, nil
		}
		return k.named(kid, fmt.Sprintf(`{"crv":"P-384","kty":"EC","x":%q,"y":%q}`, k.public.X, k.public.Y)), nil
	default:
		return nil, badKey("a key of another kind; RSA or P-384 is needed")
	}
}

// named gives the key its id: the file's, or the thumbprint of its public half (RFC 7638).
func (k *Key) named(kid, canonical string) *Key {
	if kid == "" {
		sum := sha256.Sum256([]byte(canonical))
		kid = b64(sum[:])
	}
	k.public.Kid, k.public.Use, k.public.KeyOps = kid, "sig", []string{"verify"}
	return k
}

// JWKS is the public key set that a server is given when the client is registered.
func (k *Key) JWKS() any { return map[string]any{"keys": []jwk{k.public}} }

// ID is the key's id in the set.
func (k *Key) ID() string { return k.public.Kid }

// Algorithm is RS384 or ES384.
func (k *Key) Algorithm() string { return k.public.Alg }

// jwt signs claims (RFC 7515).
func (k *Key) jwt(claims any) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": k.public.Alg, "kid": k.public.Kid, "typ": "JWT"})
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	text := b64(header) + "." + b64(payload)
	digest := sha512.Sum384([]byte(text))
	signature, err := k.sign(digest[:])
	if err != nil {
		return "", err
	}
	return text + "." + b64(signature), nil
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func badKey(format string, args ...any) error {
	return &Error{Code: BadClientKey, Detail: fmt.Sprintf(format, args...)}
}

// parsePrivate reads the forms of a private key, and says of what is none what it is.
func parsePrivate(text []byte) (private any, kid string, err error) {
	text = bytes.TrimSpace(text)
	if len(text) > 0 && text[0] == '{' {
		return parseJWK(text)
	}
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, "", badKey("no private key: neither PEM nor a JWK")
		}
		switch block.Type {
		case "EC PARAMETERS": // openssl writes them before the key
			continue
		case "PRIVATE KEY":
			private, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			if block.Headers["DEK-Info"] != "" {
				return nil, "", badKey("a key behind a password; write it without one into a file that its owner alone can read")
			}
			private, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			if block.Headers["DEK-Info"] != "" {
				return nil, "", badKey("a key behind a password; write it without one into a file that its owner alone can read")
			}
			private, err = x509.ParseECPrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			return nil, "", badKey("a key behind a password; write it without one into a file that its owner alone can read")
		case "PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE":
			return nil, "", badKey("the public half of a key; the private one signs")
		default:
			return nil, "", badKey("PEM of another kind than a private key")
		}
		if err != nil {
			return nil, "", badKey("a private key that cannot be read")
		}
		return private, "", nil
	}
}

func parseJWK(text []byte) (any, string, error) {
	var k struct {
		Keys                               []json.RawMessage
		Kty, Kid, Crv, N, E, D, P, Q, X, Y string
	}
	if err := json.Unmarshal(text, &k); err != nil {
		return nil, "", badKey("a JWK that cannot be read")
	}
	switch {
	case len(k.Keys) > 0:
		return nil, "", badKey("a set of keys; give one private key, as a JWK of its own")
	case k.D == "" && (k.N != "" || k.X != ""):
		return nil, "", badKey("the public half of a key; the private one signs")
	}
	number := func(s string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || len(b) == 0 {
			return new(big.Int)
		}
		return new(big.Int).SetBytes(b)
	}
	switch {
	case k.Kty == "RSA":
		e := number(k.E)
		private := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: number(k.N), E: int(e.Int64())}, D: number(k.D), Primes: []*big.Int{number(k.P), number(k.Q)}}
		if private.N.Sign() == 0 || !e.IsInt64() || private.Primes[0].Sign() == 0 || private.Primes[1].Sign() == 0 {
			return nil, "", badKey("an RSA key without its numbers n, e, d, p and q")
		}
		if private.N.BitLen() >= minRSABits {
			private.Precompute()
		}
		return private, k.Kid, nil
	case k.Kty == "EC" && k.Crv == "P-384":
		d, err := base64.RawURLEncoding.DecodeString(k.D)
		if err != nil {
			return nil, "", badKey("an EC key that cannot be read")
		}
		private, err := ecdsa.ParseRawPrivateKey(elliptic.P384(), d)
		if err != nil {
			return nil, "", badKey("an EC key that cannot be read")
		}
		if point, err := private.PublicKey.Bytes(); err != nil || b64(point[1:49]) != k.X || b64(point[49:]) != k.Y {
			return nil, "", badKey("an EC key whose halves do not belong together")
		}
		return private, k.Kid, nil
	case k.Kty == "EC":
		return nil, "", badKey("an EC key on another curve; SMART Backend Services signs by ES384, on P-384")
	default:
		return nil, "", badKey("a key of another kind; RSA or P-384 is needed")
	}
}
