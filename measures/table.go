package measures

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/uuid"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"farr/datasets"
)

// Tables of a results snapshot.
const (
	tableSubject     = "subject"
	tableStratum     = "subject_stratum"
	tableAggregate   = "aggregate"
	tableCareGap     = "care_gap"
	tableIssue       = "issue"
	tableMember      = "cohort_member"
	tableAttrition   = "cohort_attrition"
	tableIncidence   = "cohort_incidence"
	tableRate        = "cohort_rate"
	tableGap         = "cohort_gap"
	tableOutcome     = "cohort_outcome"
	tableSurvival    = "cohort_survival"
	tableComparison  = "cohort_comparison"
	tableAdjusted    = "cohort_adjusted"
	tableFactor      = "cohort_factor"
	tableCalibration = "cohort_calibration"
	tableOne         = "cohort_table1"
	tableDefinition  = "definition"

	tableQualityCheck  = "quality_check"
	tableQualityCount  = "quality_count"
	tableQualityVolume = "quality_volume"
	tableQualityUse    = "quality_use"
	tableFeed          = "feed"
	tableIncomplete    = "incomplete"
)

// resultTable is a table of results: its columns in order and the columns that order
// its rows and name each once.
type resultTable struct {
	name    string
	columns []datasets.Column
	key     string
}

var resultTables = []resultTable{
	{tableSubject, columns("measure varchar, period varchar, pid uuid, episode uuid, populations int32, initial_population boolean, denominator boolean, denominator_exclusion boolean, " +
		"denominator_exception boolean, numerator boolean, numerator_exclusion boolean, numerator_value double, denominator_value double, site varchar, sex varchar, age varchar, race varchar, ethnicity varchar, payer varchar"),
		"measure, period, pid, episode"},
	{tableStratum, columns("measure varchar, period varchar, pid uuid, episode uuid, stratum varchar, value varchar"), "measure, period, pid, episode, stratum"},
	{tableAggregate, columns("measure varchar, period varchar, family varchar, low date, high date, stratum varchar, value varchar, initial_population int64, " +
		"denominator int64, denominator_exclusion int64, denominator_exception int64, numerator int64, numerator_exclusion int64, rate double, ci_low double, ci_high double, method varchar, complete boolean"),
		"measure, family, low, high, stratum, value"},
	{tableCareGap, columns("measure varchar, period varchar, ordinal int32, gap varchar, title varchar, subjects int64"), "measure, period, ordinal"},
	{tableIssue, columns("measure varchar, define varchar, library varchar, line int32, reason varchar, period varchar, pid uuid"), "measure, library, line, define, period, pid"},
	{tableMember, columns("cohort varchar, pid uuid, rules_passed int64, index_date date, index_seal blob"), "cohort, pid, index_date, index_seal"},
	{tableAttrition, columns("cohort varchar, ordinal int32, rule varchar, title varchar, remaining int64, persons int64, removed_persons int64, most_entries int64"), "cohort, ordinal"},
	{tableIncidence, columns("cohort varchar, year int32, cases int64, person_days int64, rate double, ci_low double, ci_high double, method varchar, complete boolean, persons int64"),
		"cohort, year"},
	{tableRate, columns("cohort varchar, kind varchar, period varchar, family varchar, low date, high date, stratum varchar, value varchar, numerator int64, denominator int64, " +
		"rate double, ci_low double, ci_high double, method varchar, adjusted double, adjusted_low double, adjusted_high double, " +
		"expected double, ratio double, ratio_low double, ratio_high double, reason varchar, complete boolean, persons int64, case_ages int32"), "cohort, kind, family, low, high, stratum, value"},
	{tableGap, columns("cohort varchar, kind varchar, period varchar, stratum varchar, groups int32, difference double, ratio double, theil double, index double, " +
		"slope double, slope_low double, slope_high double, relative_slope double, reason varchar"), "cohort, kind, period, stratum"},
	{tableOutcome, columns("cohort varchar, outcome varchar, title varchar, stratum varchar, value varchar, at_risk int64, washed_out int64, no_time int64, events int64, person_days int64, " +
		"rate double, ci_low double, ci_high double, method varchar, median_days double, reason varchar, " +
		"persons int64, event_persons int64, free_persons int64, outside_persons int64"), "cohort, outcome, stratum, value"},
	{tableSurvival, columns("cohort varchar, outcome varchar, stratum varchar, value varchar, day int64, at_risk int64, events int64, survival double, ci_low double, ci_high double"),
		"cohort, outcome, stratum, value, day"},
	{tableComparison, columns("cohort varchar, outcome varchar, stratum varchar, groups int32, chi2 double, df int32, p double, reason varchar"), "cohort, outcome, stratum"},
	{tableAdjusted, columns("cohort varchar, outcome varchar, stratum varchar, value varchar, people int64, observed int64, expected double, ratio double, ratio_low double, ratio_high double, reason varchar"),
		"cohort, outcome, stratum, value"},
	{tableFactor, columns("cohort varchar, outcome varchar, factor varchar, level varchar, reference varchar, odds_ratio double, ci_low double, ci_high double"), "cohort, outcome, factor, level"},
	{tableCalibration, columns("cohort varchar, outcome varchar, people int64, left_out int64, observed int64, expected double, slope double, intercept double, c double, brier double, " +
		"hosmer_chi2 double, hosmer_df int32, hosmer_p double, reason varchar"), "cohort, outcome"},
	{tableOne, columns("cohort varchar, stratum varchar, value varchar, characteristic varchar, title varchar, level varchar, people int64, missing int64, share double, " +
		"mean double, sd double, q1 double, median double, q3 double, smd double, persons int64"), "cohort, stratum, value, characteristic, level"},
	{tableQualityCheck, columns("ordinal int32, data varchar, resource varchar, records varchar, question varchar, dimension varchar, element varchar, title varchar, source varchar, looked_at varchar, most double"), "ordinal"},
	{tableQualityCount, columns("data varchar, question varchar, site varchar, year int32, records int64, failing int64, persons int64, failing_persons int64, passing_persons int64"),
		"data, question, site, year"},
	{tableQualityVolume, columns("data varchar, site varchar, month date, records int64, persons int64"), "data, site, month"},
	{tableQualityUse, columns("definition varchar, data varchar, element varchar, groups boolean"), "definition, data, element"},
	{tableFeed, columns("data varchar, resource varchar, site varchar, state varchar, records int64, first_month date, last_month date, usual_days int32, longest_days int32"), "data, site"},
	{tableIncomplete, columns("definition varchar, part varchar, period varchar, low date, high date, data varchar, resource varchar, site varchar, state varchar"),
		"definition, part, low, high, period, data, site"},
	{tableDefinition, columns("id varchar, kind varchar, title varchar, hash varchar, body varchar"), "kind, id"},
}

func columns(list string) []datasets.Column {
	var out []datasets.Column
	for _, c := range strings.Split(list, ", ") {
		name, typ, _ := strings.Cut(c, " ")
		out = append(out, datasets.Column{Name: name, Type: datasets.Type(typ)})
	}
	return out
}

func tableNamed(name string) (resultTable, error) {
	var names []string
	for _, t := range resultTables {
		if t.name == name {
			return t, nil
		}
		names = append(names, t.name)
	}
	return resultTable{}, fmt.Errorf("results have no table %q: there are %s", name, join(names))
}

// goTypes are the Go type and the tag with which parquet-go makes a column's node.
var goTypes = map[datasets.Type]struct {
	typ reflect.Type
	tag string
}{
	datasets.UUID:    {reflect.TypeFor[[16]byte](), ",uuid"},
	datasets.Varchar: {reflect.TypeFor[string](), ""},
	datasets.Boolean: {reflect.TypeFor[bool](), ""},
	datasets.Int32:   {reflect.TypeFor[int32](), ""},
	datasets.Int64:   {reflect.TypeFor[int64](), ""},
	datasets.Double:  {reflect.TypeFor[float64](), ""},
	datasets.Date:    {reflect.TypeFor[int32](), ",date"},
	datasets.Blob:    {reflect.TypeFor[[]byte](), ""},
}

// schema is the Parquet schema with the columns in their order, all nullable.
func (t resultTable) schema() *parquet.Schema {
	var fields []reflect.StructField
	for _, c := range t.columns {
		g := goTypes[c.Type]
		fields = append(fields, reflect.StructField{
			Name: strings.ToUpper(c.Name), Type: g.typ, Tag: reflect.StructTag(`parquet:"` + c.Name + `,optional` + g.tag + `"`),
		})
	}
	return parquet.NewSchema(t.name, parquet.SchemaOf(reflect.New(reflect.StructOf(fields)).Interface()))
}

// maxRowGroup bounds the rows that a reader must hold at once.
const maxRowGroup = 65_536

// batchRows is how many values of a column go to the Parquet writer at a time.
const batchRows = 1024

// parquetWriter writes Arrow records as one Parquet file, column by column. The same records
// give the same bytes, however they are cut.
type parquetWriter struct {
	table  resultTable
	w      *parquet.Writer
	rows   int64
	group  int             // rows in the row group
	values []parquet.Value // reused
}

func newParquetWriter(w io.Writer, t resultTable) *parquetWriter {
	return &parquetWriter{table: t, values: make([]parquet.Value, batchRows), w: parquet.NewWriter(w, t.schema(),
		parquet.Compression(&zstd.Codec{}), parquet.MaxRowsPerRowGroup(maxRowGroup), parquet.CreatedBy("farr", engineVersion, "measures"))}
}

func (p *parquetWriter) write(records arrow.RecordBatch) error {
	if int(records.NumCols()) != len(p.table.columns) {
		return fmt.Errorf("table %s: %d columns where %d are declared", p.table.name, records.NumCols(), len(p.table.columns))
	}
	for first, n := 0, 0; first < int(records.NumRows()); first += n {
		n = min(batchRows-p.group%batchRows, int(records.NumRows())-first)
		writers := p.w.ColumnWriters()
		for i, c := range p.table.columns {
			values := p.values[:n]
			if err := parquetValues(values, records.Column(i), first, i, c.Type); err != nil {
				return fmt.Errorf("table %s column %s: %w", p.table.name, c.Name, err)
			}
			if _, err := writers[i].WriteRowValues(values); err != nil {
				return err
			}
		}
		p.rows += int64(n)
		if p.group += n; p.group == maxRowGroup {
			if err := p.w.Flush(); err != nil {
				return err
			}
			p.group = 0
		}
	}
	return nil
}

func (p *parquetWriter) close() error { return p.w.Close() }

// parquetValues fills values with those of an Arrow column from a row on, as values of the
// Parquet column of that number.
func parquetValues(values []parquet.Value, column arrow.Array, first, number int, typ datasets.Type) error {
	set := func(value func(row int) parquet.Value) {
		for i := range values {
			if column.IsNull(first + i) {
				values[i] = parquet.NullValue().Level(0, 0, number)
			} else {
				values[i] = value(first+i).Level(0, 1, number)
			}
		}
	}
	switch a := column.(type) {
	case *array.Boolean:
		set(func(row int) parquet.Value { return parquet.BooleanValue(a.Value(row)) })
	case *array.Int32:
		set(func(row int) parquet.Value { return parquet.Int32Value(a.Value(row)) })
	case *array.Int64:
		set(func(row int) parquet.Value { return parquet.Int64Value(a.Value(row)) })
	case *array.Float64:
		set(func(row int) parquet.Value { return parquet.DoubleValue(a.Value(row)) })
	case *array.Date32:
		set(func(row int) parquet.Value { return parquet.Int32Value(int32(a.Value(row))) })
	case *array.Binary:
		set(func(row int) parquet.Value { return parquet.ByteArrayValue(a.Value(row)) })
	case *array.String:
		if typ != datasets.UUID {
			text, ends := a.ValueBytes(), a.ValueOffsets()
			set(func(row int) parquet.Value {
				return parquet.ByteArrayValue(text[ends[row]-ends[0] : ends[row+1]-ends[0]])
			})
			return nil
		}
		var err error
		ids := make([]byte, 0, 16*len(values)) // DuckDB gives Arrow a UUID as text
		set(func(row int) parquet.Value {
			id, wrong := uuid.Parse(a.Value(row))
			if wrong != nil {
				err = errors.New("not a UUID")
			}
			ids = append(ids, id[:]...)
			return parquet.FixedLenByteArrayValue(ids[len(ids)-16:])
		})
		return err
	default:
		return fmt.Errorf("no Parquet form of Arrow's %s", column.DataType())
	}
	return nil
}
