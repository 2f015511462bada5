package jobs

import (
	"io"
	"log/slog"
	"slices"
)

// logKeys are all the keys a log line may have. None holds anything from a row.
var logKeys = []string{
	slog.TimeKey, slog.LevelKey, slog.MessageKey,
	"run", "job", "planned", "step", "snapshot", "skipped", "rows", "dur", "state", "class", "attempt", "why", "until",
}

// NewLogger writes log lines to w as JSON or as text. Attributes whose key is not
// one of the fixed list are dropped, and so are groups: what is not named cannot leak.
func NewLogger(w io.Writer, json bool, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 || !slices.Contains(logKeys, a.Key) {
			return slog.Attr{}
		}
		return a
	}}
	if json {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
