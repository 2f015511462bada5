package leak

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"html"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// layers is how deep what is packed in one another is unpacked.
const layers = 4

// Search searches an artefact as it is and as it is once decoded. A Parquet, Arrow or
// compressed file that cannot be decoded is an error, since nothing was then looked at.
func (f *Finder) Search(where string, data []byte) ([]Hit, error) {
	return f.search(where, data, layers)
}

func (f *Finder) search(where string, data []byte, depth int) ([]Hit, error) {
	hits := f.Bytes(where, data)
	if depth == 0 {
		return hits, nil
	}
	inner := func(name string, data []byte, err error) ([]Hit, error) {
		if err != nil {
			return hits, fmt.Errorf("%s: decode %s: %w", where, name, err)
		}
		more, err := f.search(where+", "+name, data, depth-1)
		return append(hits, more...), err
	}
	switch {
	case bytes.HasPrefix(data, []byte("PAR1")):
		text, err := parquetText(data)
		return inner("Parquet decoded", text, err)
	case bytes.HasPrefix(data, []byte("ARROW1")), bytes.HasPrefix(data, []byte{0xff, 0xff, 0xff, 0xff}):
		text, err := arrowText(data)
		return inner("Arrow decoded", text, err)
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return inner("gzip", nil, err)
		}
		text, err := io.ReadAll(z)
		return inner("gzip", text, err)
	case bytes.HasPrefix(data, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(nil)
		if err != nil {
			return inner("zstd", nil, err)
		}
		defer z.Close()
		text, err := z.DecodeAll(data, nil)
		return inner("zstd", text, err)
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return inner("zip", nil, err)
		}
		for _, member := range z.File {
			r, err := member.Open()
			if err != nil {
				return inner("zip", nil, err)
			}
			text, err := io.ReadAll(r)
			r.Close()
			if hits, err = inner("member of zip", append([]byte(member.Name+"\n"), text...), err); err != nil {
				return hits, err
			}
		}
		return hits, nil
	case utf8.Valid(data):
		if plain := unescaped(data); !bytes.Equal(plain, data) {
			hits = append(hits, f.Bytes(where+", unescaped", plain)...)
		}
	}
	return hits, nil
}

var unicodeEscape = regexp.MustCompile(`\\u[0-9a-fA-F]{4}`)

// unescaped is a text without the escapes of JSON, HTML and URLs, so that half a marker
// in escapes is found as well.
func unescaped(data []byte) []byte {
	text := unicodeEscape.ReplaceAllFunc(data, func(m []byte) []byte {
		n, _ := strconv.ParseUint(string(m[2:]), 16, 32)
		return utf8.AppendRune(nil, rune(n))
	})
	if bytes.IndexByte(text, '&') >= 0 {
		text = []byte(html.UnescapeString(string(text)))
	}
	if bytes.IndexByte(text, '%') >= 0 {
		text = percentDecoded(text)
	}
	return text
}

var percentEscape = regexp.MustCompile(`(%[0-9a-fA-F]{2})+`)

func percentDecoded(text []byte) []byte {
	return percentEscape.ReplaceAllFunc(text, func(m []byte) []byte {
		plain, err := url.PathUnescape(string(m))
		if err != nil {
			return m
		}
		return []byte(plain)
	})
}
