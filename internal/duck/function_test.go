package duck

import (
	"database/sql/driver"
	"errors"
	"strings"
	"testing"
)

func TestFunction(t *testing.T) {
	s, err := Open(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.Function(t.Context(), "tail", func(v []driver.Value) (any, error) {
		id, n := v[0].([]byte), v[1].(int32)
		if n > 16 {
			return nil, errors.New("secret")
		}
		return id[16-n:], nil
	}, "BLOB", "UUID", "INTEGER")
	if err != nil {
		t.Fatal(err)
	}
	var got string
	sql := "SELECT list(hex(tail('00000000-0000-0000-0000-00000000abcd'::UUID, n)) ORDER BY n)::VARCHAR FROM (VALUES (2), (NULL::INTEGER), (1)) t(n)"
	if err := s.QueryRow(t.Context(), "call", sql, &got); err != nil {
		t.Fatal(err)
	}
	if want := "[CD, ABCD, NULL]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	err = s.Exec(t.Context(), "fail", "CREATE TABLE t AS SELECT tail(uuid(), 17) AS x")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("an error that quotes nothing is wanted, got %v", err)
	}
	if err := s.Function(t.Context(), "none", nil, "MAP"); err == nil {
		t.Error("a type that is not plain must be refused")
	}
}
