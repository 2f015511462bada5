package auditlog

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// originPrefix begins the name of every log.
const originPrefix = "farr.store/"

var originPattern = regexp.MustCompile(`^farr\.store/[0-9a-f]{16}$`)

// Checkpoint is the head of a log's tree: it pins the first Size entries.
type Checkpoint struct {
	Origin string    // name of the log
	Size   int64     // entries
	Root   tlog.Hash // RFC 6962 tree head
}

// Text is the checkpoint's body, which is signed: three lines (C2SP tlog-checkpoint).
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

// String is the checkpoint in one line, as reports print it.
func (c Checkpoint) String() string {
	return fmt.Sprintf("%s %d %s", c.Origin, c.Size, c.Root)
}

// IsZero tells whether there is none.
func (c Checkpoint) IsZero() bool { return c.Origin == "" }

// ErrCheckpoint says that a text is no checkpoint.
var ErrCheckpoint = errors.New("not a checkpoint: want origin, size and root hash, in one line or three")

// ParseCheckpoint reads Text or String, and nothing that they would not write.
func ParseCheckpoint(text string) (Checkpoint, error) {
	words := strings.Fields(text)
	if len(words) != 3 || !originPattern.MatchString(words[0]) {
		return Checkpoint{}, ErrCheckpoint
	}
	c := Checkpoint{Origin: words[0]}
	size, err := strconv.ParseInt(words[1], 10, 64)
	if err != nil || size < 1 || strconv.FormatInt(size, 10) != words[1] {
		return Checkpoint{}, ErrCheckpoint
	}
	c.Size = size
	root, err := parseHash(words[2])
	if err != nil {
		return Checkpoint{}, ErrCheckpoint
	}
	c.Root = root
	if trimmed := strings.TrimSpace(text); trimmed != c.String() && trimmed+"\n" != c.Text() {
		return Checkpoint{}, ErrCheckpoint
	}
	return c, nil
}

// parseHash is strict: bits behind the last byte are no other spelling of a hash.
func parseHash(text string) (h tlog.Hash, err error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != tlog.HashSize {
		return h, errors.New("not a hash")
	}
	copy(h[:], raw)
	return h, nil
}
