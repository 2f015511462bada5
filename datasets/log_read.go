package datasets

import (
	"fmt"

	"farr/datasets/internal/auditlog"
)

// Checkpoint is the head of a store's log at some size: it pins all entries before.
type Checkpoint = auditlog.Checkpoint

// LogEntries reads the acknowledged entries of the log, oldest first. A log whose
// bytes are not its tree's is refused.
func (s *Store) LogEntries() ([]LogEntry, error) {
	view, err := s.logView()
	if err != nil {
		return nil, err
	}
	return entriesOf(view)
}

func (s *Store) logView() (*auditlog.View, error) {
	view, err := auditlog.Read(s.logFiles())
	if err != nil {
		return nil, fmt.Errorf("read log: %w", err)
	}
	for _, f := range view.Faults() {
		return nil, &Error{Code: CodeDamagedLog, Subject: f.Subject, Detail: f.Detail}
	}
	return view, nil
}

func entriesOf(view *auditlog.View) ([]LogEntry, error) {
	var all []LogEntry
	for i, line := range view.Lines {
		e, err := parseLogEntry(line)
		if err != nil || e.Seq != int64(i) {
			return nil, &Error{Code: CodeDamagedLog, Subject: fmt.Sprintf("log entry %d", i), Detail: "it is not an entry, or not this one"}
		}
		all = append(all, e)
	}
	return all, nil
}

// LogHead is the checkpoint of all that is logged, zero where nothing is.
func (s *Store) LogHead() (Checkpoint, error) {
	view, err := s.logView()
	if err != nil {
		return Checkpoint{}, err
	}
	return view.Head(), nil
}

// Checkpoint is the log's head right behind the entry that published the snapshot: the same
// whenever it is asked. It is zero for a snapshot that is older than the log.
func (sn *Snapshot) Checkpoint() (Checkpoint, error) {
	view, err := sn.store.logView()
	if err != nil {
		return Checkpoint{}, err
	}
	entries, err := entriesOf(view)
	if err != nil {
		return Checkpoint{}, err
	}
	for _, e := range entries {
		if e.Publishes == sn.id {
			return view.At(e.Seq + 1), nil
		}
	}
	return Checkpoint{}, nil
}
