package store

import (
	"context"
	"fmt"
	"reflect"

	"github.com/jackc/pgx/v5/pgtype"
	"gorm.io/gorm/schema"
)

// arraySerializer lets gorm read and write Postgres arrays; on its own it would expand a slice into a list of
// parameters. Models say `gorm:"serializer:array"`.
type arraySerializer struct{}

func init() { schema.RegisterSerializer("array", arraySerializer{}) }

func (arraySerializer) Scan(ctx context.Context, field *schema.Field, dst reflect.Value, value any) error {
	switch field.FieldType {
	case reflect.TypeFor[[]string]():
		return scanArray[string](ctx, field, dst, value, pgtype.TextArrayOID)
	case reflect.TypeFor[[]int64]():
		return scanArray[int64](ctx, field, dst, value, pgtype.Int8ArrayOID)
	default:
		return fmt.Errorf("array of type %s is not supported", field.FieldType)
	}
}

func scanArray[T any](ctx context.Context, field *schema.Field, dst reflect.Value, value any, oid uint32) error {
	var text []byte
	switch v := value.(type) {
	case string:
		text = []byte(v)
	case []byte:
		text = v
	default:
		return fmt.Errorf("array of %s came as %T", field.Name, value)
	}
	var out []T
	if err := pgtype.NewMap().Scan(oid, pgtype.TextFormatCode, text, &out); err != nil {
		return fmt.Errorf("read the array %s: %w", field.Name, err)
	}
	field.ReflectValueOf(ctx, dst).Set(reflect.ValueOf(out))
	return nil
}

// Value hands the slice to pgx as it is, empty rather than NULL: the columns are NOT NULL.
func (arraySerializer) Value(_ context.Context, _ *schema.Field, _ reflect.Value, value any) (any, error) {
	switch v := value.(type) {
	case []string:
		return pgtype.FlatArray[string](append([]string{}, v...)), nil
	case []int64:
		return pgtype.FlatArray[int64](append([]int64{}, v...)), nil
	default:
		return nil, fmt.Errorf("array of type %T is not supported", value)
	}
}
