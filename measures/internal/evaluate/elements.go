package evaluate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"farr/datasets"
	"farr/internal/duck"
	"farr/measures/internal/plan"
)

// dictionary holds the dictionaries under their plain names, and the numbers of persons.
func (s *Session) dictionary(ctx context.Context) error {
	for _, t := range plan.Dictionaries {
		if err := s.db.Exec(ctx, "read "+t, "CREATE TEMP TABLE "+t+" AS FROM "+datasets.NumberedSchema+"."+t); err != nil {
			return err
		}
	}
	people := "CREATE TEMP TABLE people AS SELECT pid, person_no FROM " + datasets.NumberedSchema + ".patient"
	if s.columns[datasets.PersonTable] != nil {
		people = "CREATE TEMP VIEW people AS SELECT pid, person_no FROM " + datasets.NumberedSchema + "." + datasets.PersonTable
	}
	return s.exec(ctx, "people", people,
		"CREATE TEMP TABLE issue_of (id VARCHAR, define VARCHAR, library VARCHAR, line INTEGER, reason VARCHAR, period VARCHAR, pid UUID)")
}

// elements makes a table of each table of the extract that statements read, under its plain
// name, with the columns that any of them reads: the extract is scanned once, however many
// measures there are and however often each retrieves. The person is a number in place of the
// pid. Rows that no retrieve of these statements, or of those that are made, wants are left
// out. What is computed of a row, and which value sets its concepts are in, are columns, too.
func (s *Session) elements(ctx context.Context, statements, made []plan.Statement) error {
	reads := plan.ReadsOf(s.derived, statements, made)
	for _, t := range plan.Dictionaries {
		delete(reads, t)
	}
	if absent := s.absent(reads); len(absent) > 0 {
		return fmt.Errorf("the extract has no %s, which these measures read: it was made by other tables of de-identification than farr's own (farr policy). Extract again with those of this version", strings.Join(absent, ", "))
	}
	sets := map[string]int{}
	for _, t := range reads.Tables() {
		for _, m := range reads[t].Memberships {
			if _, known := sets[m.IDs]; !known {
				sets[m.IDs] = len(sets)
			}
		}
	}
	for _, ids := range slices.Sorted(maps.Keys(sets)) {
		if err := s.authored(ctx, "memberships", ids); err != nil {
			return err
		}
	}
	if err := s.db.ExecPlanned(ctx, "read memberships", membershipsSQL(sets)); err != nil {
		return err
	}
	var raw, own []string // as SQL names them, and as they are named
	s.held = []string{"TABLE membership"}
	// What is read once is a view: to write a table takes as long as to read it.
	keep := func(table, name string) (kind string) {
		if kind = "TABLE"; reads[table].Once {
			kind = "VIEW"
		}
		s.held = append(s.held, kind+" "+name)
		return kind
	}
	for _, t := range reads.Tables() {
		name := t
		if reads.Computed(t) {
			name = plan.Raw(t)
			own = append(own, unquoted(name))
		}
		if reads[t].Filter != "" {
			if err := s.authored(ctx, t, "SELECT 1 FROM t WHERE "+reads[t].Filter); err != nil {
				return err
			}
		}
		if reads.Computed(t) && !reads[t].Once {
			raw = append(raw, name)
		}
		if err := s.db.ExecPlanned(ctx, "read "+t, "CREATE TEMP "+keep(t, name)+" "+name+" AS "+s.elementsSQL(t, reads[t], sets)); err != nil {
			return err
		}
	}
	for _, t := range reads.Tables() {
		if !reads.Computed(t) {
			continue
		}
		selected, err := s.check(ctx, reads.Compute(t), own)
		if err != nil {
			return err
		}
		if err := s.db.ExecPlanned(ctx, "compute "+t, "CREATE TEMP "+keep(t, t)+" "+t+" AS "+selected); err != nil {
			return err
		}
	}
	return s.drop(ctx, raw...)
}

// absent are the tables, and the columns of others, that statements read and the extract has not.
func (s *Session) absent(reads plan.Reads) (list []string) {
	for _, t := range reads.Tables() {
		if s.columns[t] == nil {
			list = append(list, "table "+t)
			continue
		}
		for _, c := range reads[t].Own {
			x := strings.TrimSuffix(strings.TrimSuffix(c, "_lo"), "_hi")
			if !slices.Contains(s.columns[t], c) && !slices.Contains(s.columns[t], x) {
				list = append(list, "column "+t+"."+c)
			}
		}
	}
	return list
}

// release drops the elements that are held, those that read others first.
func (s *Session) release(ctx context.Context) error {
	for _, x := range slices.Backward(s.held) {
		kind, name, _ := strings.Cut(x, " ")
		if err := s.db.Exec(ctx, "drop "+name, "DROP "+kind+" IF EXISTS temp.main."+name); err != nil {
			return err
		}
	}
	s.held = nil
	return nil
}

// authored holds a SELECT with texts from files of others to what their SQL is held to.
func (s *Session) authored(ctx context.Context, name, sql string) error {
	if err := s.db.CheckSelect(ctx, sql); err != nil {
		return fmt.Errorf("read %s: its SQL is refused: %w", name, err)
	}
	return nil
}

// bitsOfWord is how many memberships a word of bits holds.
const bitsOfWord = 62

// membershipsSQL makes a table of the concepts, and lists of concepts, that are members of
// anything: id, and words of bits, of which bit n says that it is in set n.
func membershipsSQL(sets map[string]int) string {
	rows := []string{"SELECT NULL::INTEGER AS set_no, NULL::BIGINT AS id WHERE false"}
	for _, ids := range slices.SortedFunc(maps.Keys(sets), func(a, b string) int { return sets[a] - sets[b] }) {
		rows = append(rows, fmt.Sprintf("SELECT %d, * FROM (%s)", sets[ids], ids))
	}
	words := []string{"id"}
	for w := range (len(sets) + bitsOfWord - 1) / bitsOfWord {
		words = append(words, fmt.Sprintf("coalesce(bit_or(1::BIGINT << (set_no %% %d)) FILTER (WHERE set_no // %[1]d = %d), 0) AS word_%[2]d", bitsOfWord, w))
	}
	return "CREATE TEMP TABLE membership AS SELECT " + strings.Join(words, ", ") + " FROM (" + strings.Join(rows, " UNION ALL\n") + ") WHERE id IS NOT NULL GROUP BY id"
}

// extractColumns are the columns of each table of the extract.
func (s *Session) extractColumns(ctx context.Context) (map[string][]string, error) {
	rows, err := s.db.Query(ctx, "columns", "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = "+duck.Quote(datasets.NumberedSchema)+" ORDER BY table_name, column_index")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns := map[string][]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return nil, err
		}
		columns[table] = append(columns[table], column)
	}
	return columns, rows.Err()
}

// elementsSQL is a SELECT of a table's own columns and memberships. What the extract has not is an error of
// the engine: the compiler reads nothing that is not in the catalogue.
func (s *Session) elementsSQL(table string, e *plan.Elements, sets map[string]int) string {
	var list []string
	from := datasets.NumberedSchema + "." + table + " e"
	for _, c := range e.Own {
		list = append(list, localElement(c, s.columns[table])+" AS "+c)
	}
	joined := map[string]string{}
	for _, m := range e.Memberships {
		if joined[m.Column] == "" {
			joined[m.Column] = fmt.Sprintf("m%d", len(joined))
			kind := "LEFT"
			if e.Coded == m.Column { // who is in no set is not read
				kind = "INNER"
			}
			from += fmt.Sprintf(" %s JOIN membership %s ON %[2]s.id = e.%s", kind, joined[m.Column], m.Column)
		}
		n := sets[m.IDs]
		list = append(list, fmt.Sprintf("coalesce(%s.word_%d & %d <> 0, false) AS %s", joined[m.Column], n/bitsOfWord, int64(1)<<(n%bitsOfWord), m.Name))
	}
	rows := "SELECT " + strings.Join(list, ", ") + " FROM " + from
	if e.Filter != "" {
		rows = "SELECT * FROM (" + rows + ") WHERE " + e.Filter
	}
	return rows
}

// localElement is a column of an extract's table, the bounds of a date on the local clock in
// place of UTC: its lower one is its wall time, its upper one the last millisecond of its
// precision. A time to the second is exact, as in the extract's views.
func localElement(column string, has []string) string {
	isDate := func(x string) bool { return slices.Contains(has, x) && slices.Contains(has, x+"_prec") }
	if x, ok := strings.CutSuffix(column, "_lo"); ok && isDate(x) {
		return "CAST(e." + x + " AS TIMESTAMP)"
	}
	if x, ok := strings.CutSuffix(column, "_hi"); ok && isDate(x) {
		return fmt.Sprintf(`CAST(CASE e.%[1]s_prec
			WHEN 1 THEN e.%[1]s + INTERVAL 1 YEAR - INTERVAL 1 MILLISECOND WHEN 2 THEN e.%[1]s + INTERVAL 1 MONTH - INTERVAL 1 MILLISECOND
			WHEN 3 THEN e.%[1]s + INTERVAL 1 DAY - INTERVAL 1 MILLISECOND WHEN 4 THEN e.%[1]s + INTERVAL 59999 MILLISECOND
			ELSE e.%[1]s END AS TIMESTAMP)`, x)
	}
	return "e." + column
}
