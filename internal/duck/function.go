package duck

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/duckdb/duckdb-go/v2"
)

// Function gives SQL a function of the process, which must be one of its arguments alone: the engine
// calls it for each row, from several threads at once. Types are the engine's names of plain types. Where
// an argument is NULL, so is the result, and fn is not called. A UUID comes as []byte. An error's text is
// dropped like the engine's.
func (s *Session) Function(ctx context.Context, name string, fn func([]driver.Value) (any, error), result string, arguments ...string) error {
	f := scalar{fn: fn}
	for _, text := range append([]string{result}, arguments...) {
		typ, known := scalarTypes[text]
		if !known {
			return fmt.Errorf("function %s: no plain type %s", name, text)
		}
		info, err := duckdb.NewTypeInfo(typ)
		if err != nil {
			return scrub(ctx, "function "+name, err)
		}
		f.types = append(f.types, info)
	}
	return scrub(ctx, "function "+name, duckdb.RegisterScalarUDF(s.conn, name, f))
}

// scalarTypes are the types that a function may take and give.
var scalarTypes = map[string]duckdb.Type{
	"UUID": duckdb.TYPE_UUID, "BLOB": duckdb.TYPE_BLOB, "INTEGER": duckdb.TYPE_INTEGER, "BIGINT": duckdb.TYPE_BIGINT,
}

// scalar is a function as the driver wants it.
type scalar struct {
	fn    func([]driver.Value) (any, error)
	types []duckdb.TypeInfo // of the result, then of the arguments
}

func (f scalar) Config() duckdb.ScalarFuncConfig {
	return duckdb.ScalarFuncConfig{ResultTypeInfo: f.types[0], InputTypeInfos: f.types[1:]}
}

func (f scalar) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: f.fn}
}
