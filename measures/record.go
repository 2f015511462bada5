package measures

import (
	"encoding/json"
	"math"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"farr/datasets"
)

var arrowTypes = map[datasets.Type]arrow.DataType{
	datasets.UUID:    arrow.BinaryTypes.String,
	datasets.Varchar: arrow.BinaryTypes.String,
	datasets.Boolean: arrow.FixedWidthTypes.Boolean,
	datasets.Int32:   arrow.PrimitiveTypes.Int32,
	datasets.Int64:   arrow.PrimitiveTypes.Int64,
	datasets.Double:  arrow.PrimitiveTypes.Float64,
	datasets.Date:    arrow.FixedWidthTypes.Date32,
	datasets.Blob:    arrow.BinaryTypes.Binary,
}

// record builds one Arrow record of a table from rows of Go values; nil is null, and
// so is a rate that is not defined.
func (t resultTable) record(rows [][]any) arrow.RecordBatch {
	var fields []arrow.Field
	for _, c := range t.columns {
		fields = append(fields, arrow.Field{Name: c.Name, Type: arrowTypes[c.Type], Nullable: true})
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	defer b.Release()
	for _, row := range rows {
		for i, v := range row {
			if v == nil {
				b.Field(i).AppendNull()
				continue
			}
			switch f := b.Field(i).(type) {
			case *array.StringBuilder:
				f.Append(v.(string))
			case *array.BinaryBuilder:
				f.Append(v.([]byte))
			case *array.BooleanBuilder:
				f.Append(v.(bool))
			case *array.Int32Builder:
				f.Append(int32(v.(int)))
			case *array.Int64Builder:
				f.Append(v.(int64))
			case *array.Date32Builder:
				f.Append(arrow.Date32FromTime(v.(time.Time)))
			case *array.Float64Builder:
				if x := v.(float64); math.IsNaN(x) {
					f.AppendNull()
				} else {
					f.Append(x)
				}
			}
		}
	}
	return b.NewRecordBatch()
}

func (a Aggregate) row() []any {
	return []any{a.Measure, a.Period, a.Family, a.Low, a.High, a.Stratum, a.Value, a.InitialPopulation, a.Denominator,
		a.DenominatorExclusion, a.DenominatorException, a.Numerator, a.NumeratorExclusion, a.Rate, a.CILow, a.CIHigh, a.Method, a.Complete}
}

func (a Attrition) row() []any {
	return []any{a.Cohort, a.Ordinal, a.Rule, a.Title, a.Remaining, a.Persons, a.RemovedPersons, a.MostEntries}
}

func (n Incidence) row() []any {
	return []any{n.Cohort, n.Year, n.Cases, n.PersonDays, n.Rate, n.CILow, n.CIHigh, n.Method, n.Complete, n.Persons}
}

func (r Rate) row() []any {
	return []any{r.Cohort, r.Kind, r.Period, r.Family, r.Low, r.High, r.Stratum, r.Value, r.Numerator, r.Denominator, r.Rate, r.CILow, r.CIHigh, r.Method,
		r.Adjusted, r.AdjustedLow, r.AdjustedHigh, r.Expected, r.Ratio, r.RatioLow, r.RatioHigh, r.Reason, r.Complete, r.Persons, r.CaseAges}
}

func (g Gap) row() []any {
	return []any{g.Cohort, g.Kind, g.Period, g.Stratum, g.Groups, g.Difference, g.Ratio, g.Theil, g.Index, g.Slope, g.SlopeLow, g.SlopeHigh, g.RelativeSlope, g.Reason}
}

func (o Outcome) row() []any {
	return []any{o.Cohort, o.Outcome, o.Title, o.Stratum, o.Value, o.AtRisk, o.WashedOut, o.NoTime, o.Events, o.PersonDays,
		o.Rate, o.CILow, o.CIHigh, o.Method, o.Median, o.Reason, o.Persons, o.EventPersons, o.FreePersons, o.OutsidePersons}
}

func (p SurvivalPoint) row() []any {
	return []any{p.Cohort, p.Outcome, p.Stratum, p.Value, p.Day, p.AtRisk, p.Events, p.Survival, p.CILow, p.CIHigh}
}

func (c Comparison) row() []any {
	return []any{c.Cohort, c.Outcome, c.Stratum, c.Groups, c.Chi2, c.DF, c.P, c.Reason}
}

func (a Adjusted) row() []any {
	return []any{a.Cohort, a.Outcome, a.Stratum, a.Value, a.People, a.Observed, a.Expected, a.Ratio, a.RatioLow, a.RatioHigh, a.Reason}
}

func (f Factor) row() []any {
	return []any{f.Cohort, f.Outcome, f.Factor, f.Level, f.Reference, f.Odds, f.CILow, f.CIHigh}
}

func (c Calibration) row() []any {
	return []any{c.Cohort, c.Outcome, c.People, c.LeftOut, c.Observed, c.Expected, c.Slope, c.Intercept, c.C, c.Brier, c.HosmerChi2, c.HosmerDF, c.HosmerP, c.Reason}
}

func (d Description) row() []any {
	return []any{d.Cohort, d.Stratum, d.Value, d.Characteristic, d.Title, d.Level, d.People, d.Missing, d.Share, d.Mean, d.SD, d.Q1, d.Median, d.Q3, d.SMD, d.Persons}
}

func (d Definition) row() []any {
	body, err := json.Marshal(d)
	if err != nil {
		panic(err) // strings and integers only
	}
	return []any{d.ID, d.Kind, d.Title, d.Hash, string(body)}
}

func rows[T interface{ row() []any }](list []T) [][]any {
	var out [][]any
	for _, v := range list {
		out = append(out, v.row())
	}
	return out
}
