package duck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// Error is a failed statement: which, and of what class ("Conversion",
// "Out of Memory", "IO"). The engine's text is dropped because it quotes data.
type Error struct {
	Statement string
	Class     string
	InMemory  bool // the session may not spill
	// NoRoom says that the disk is full, or that more would be spilled than may be.
	NoRoom bool
	// Position is the byte offset that the engine points at, in the statement or, of a view, in
	// what made it; -1 when unknown.
	Position int
}

func (e *Error) Error() string {
	text := fmt.Sprintf("statement %s: %s error in DuckDB", e.Statement, e.Class)
	switch {
	case e.NoRoom && !e.InMemory:
		text += ": there is no room on the disk for what does not fit into memory"
	case e.Class == "Out of Memory" && e.InMemory:
		text += ": true dates are kept off the disk, so all of it must fit into memory: give the engine more, or ask for less at a time"
	case e.Class == "Out of Memory":
		text += ": give the engine more memory, or a store on a disk with more room"
	}
	return text
}

// scrub turns the driver's error into one without data. A cancelled context is
// returned as such, since the caller asked for it.
func scrub(ctx context.Context, name string, err error) error {
	if err == nil {
		return nil
	}
	if ctxErr := ctx.Err(); ctxErr != nil {
		return fmt.Errorf("statement %s: %w", name, ctxErr)
	}
	e := parseEngineError(err)
	position, noPosition := strconv.Atoi(e.Position)
	if noPosition != nil {
		position = -1
	}
	return &Error{Statement: name, Class: e.Class, Position: position, NoRoom: e.noRoom()}
}

// engineError is the engine's own account of a failure.
type engineError struct {
	Class    string `json:"exception_type"`
	Message  string `json:"exception_message"`
	Subtype  string `json:"error_subtype"`
	Name     string `json:"name"`
	Position string `json:"position"` // byte offset in the statement, "" when unknown
}

// noRoom tells from the engine's text, before it is dropped, whether the disk was the matter.
func (e engineError) noRoom() bool {
	return e.Class == "IO" && strings.Contains(e.Message, "No space left on device") ||
		e.Class == "Out of Memory" && strings.Contains(e.Message, "max_temp_directory_size")
}

// parseEngineError reads what errors_as_json makes of an error. Some errors
// carry a plain prefix before the JSON or no JSON at all.
func parseEngineError(err error) engineError {
	var e engineError
	var driverErr *duckdb.Error
	if !errors.As(err, &driverErr) {
		e.Class = "Driver"
		return e
	}
	text := driverErr.Msg
	if i := strings.IndexByte(text, '{'); i >= 0 && json.Unmarshal([]byte(text[i:]), &e) == nil && e.Class != "" {
		return e
	}
	if class, _, ok := strings.Cut(text, " Error: "); ok && len(class) < 40 && !strings.ContainsAny(class, "\"'{") {
		e.Class = class
		return e
	}
	e.Class = "Unknown"
	return e
}
