package measures

import (
	"fmt"
	"strings"
	"testing"
)

func TestSQLSplit(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{" -- only; a comment\n;;/* ; */", ""},
		{"SELECT 1", "|1:1 SELECT 1"},
		{"SELECT 1;", "1:1 SELECT 1"},
		{"SELECT 1; \n SELECT 2", "1:1 SELECT 1|2:2 SELECT 2"},
		{"-- a;b\nSELECT ';' ;FROM \"x;y\";", "2:1 SELECT ';' ,2:13 FROM \"x;y\""},
		{"SELECT 'it''s;' /* ; */; SELECT E'\\';' ; x", "1:1 SELECT 'it''s;' /* ; */,1:26 SELECT E'\\';' |1:42 x"},
		{"SELECT $$;$$, $a$;$$;$a$;SELECT $1", "1:1 SELECT $$;$$, $a$;$$;$a$|1:26 SELECT $1"},
		{"SELECT case';'; é;", "1:1 SELECT case';',1:17 é"},
	} {
		all, rest := SplitSQL("q.sql", c.text)
		var got []string
		for _, s := range all {
			got = append(got, fmt.Sprintf("%d:%d %s", s.Start.Line, s.Start.Column, s.Text))
		}
		text := strings.Join(got, ",")
		if !rest.Blank() {
			text += fmt.Sprintf("|%d:%d %s", rest.Start.Line, rest.Start.Column, rest.Text)
		}
		if text != c.want {
			t.Errorf("%q is cut into %q, expected %q", c.text, text, c.want)
		}
	}
}
