package filter

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Key is the position of one row in a Sort: the texts that the expressions of Columns gave, nil where a value is
// missing. As JSON it is an array of strings and nulls.
type Key []*string

// ErrKey is wrapped by the error of After for a key that the order did not make.
var ErrKey = errors.New("key does not fit the sort order")

// decimal is how Postgres writes a number of a document, however long.
var decimal = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

// Columns gives the expressions to select so that a row's Key can be scanned: all are text, NULL where a value is
// missing. Times keep their microseconds and numbers their digits.
func (s Sort) Columns(b *Binder) []string {
	columns := make([]string, len(s.keys))
	for i, key := range s.keys {
		value := key.value(b)
		switch key.kind {
		case text:
			columns[i] = value
		case timestamp:
			columns[i] = "to_char(" + value + ` AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
		default:
			columns[i] = value + "::text"
		}
	}
	return columns
}

// OrderBy gives the list that follows ORDER BY. reverse is the exact opposite order, for the page before a key: its rows
// come out nearest to the key first.
func (s Sort) OrderBy(b *Binder, reverse bool) string {
	list := make([]string, len(s.keys))
	for i, key := range s.keys {
		direction := " ASC"
		if key.descending != reverse {
			direction = " DESC"
		}
		list[i] = key.value(b) + direction
		// Said only where NULL can be: NULLS LAST on DESC keeps Postgres from reading an index backwards.
		switch {
		case key.nullable && reverse:
			list[i] += " NULLS FIRST"
		case key.nullable:
			list[i] += " NULLS LAST"
		}
	}
	return strings.Join(list, ", ")
}

// After gives the condition for the rows after the row of the key, or before it with reverse. A key that this order did
// not make gives ErrKey.
//
// Where all keys go in one direction and none can be missing it is a row comparison, which an index on those keys serves:
//
//	(c.created_at, c.id) > ($1, $2)
//
// Otherwise it is spelled out, key by key. If the first key cannot be missing, the bound on it stands in front once more,
// since an index can use that and cannot use an OR:
//
//	c.created_at <= $1 AND (c.created_at < $1 OR (c.created_at = $1 AND c.id > $2))
//
// With a key x that can be missing, missing being last in either direction, rows after a present value are
// (x > $1 OR x IS NULL) and none come after a missing one; rows before are x < $1, and x IS NOT NULL.
func (s Sort) After(b *Binder, key Key, reverse bool) (string, error) {
	arguments, err := s.arguments(key)
	if err != nil {
		return "", err
	}
	bounds := make([]bound, len(s.keys))
	for i, k := range s.keys {
		bounds[i] = bound{expression: k.value(b), nullable: k.nullable, reverse: reverse, comparison: ">"}
		if k.descending != reverse {
			bounds[i].comparison = "<"
		}
		if key[i] != nil {
			bounds[i].argument = arguments[i].bind(b)
		}
	}
	if s.oneWay() {
		expressions, values := make([]string, len(bounds)), make([]string, len(bounds))
		for i, each := range bounds {
			expressions[i], values[i] = each.expression, each.argument
		}
		return fmt.Sprintf("(%s) %s (%s)", strings.Join(expressions, ", "), bounds[0].comparison, strings.Join(values, ", ")), nil
	}
	condition := after(bounds)
	if first := bounds[0]; !first.nullable {
		condition = first.expression + " " + first.comparison + "= " + first.argument + " AND " + condition
	}
	return "(" + condition + ")", nil
}

func (s Sort) oneWay() bool {
	return !slices.ContainsFunc(s.keys, func(key sortKey) bool {
		return key.nullable || key.descending != s.keys[0].descending
	})
}

// arguments reads a key back into values of the order's kinds.
func (s Sort) arguments(key Key) ([]scalar, error) {
	if len(key) != len(s.keys) {
		return nil, fmt.Errorf("%w: %d values for %d fields", ErrKey, len(key), len(s.keys))
	}
	values := make([]scalar, len(key))
	for i, k := range s.keys {
		if key[i] == nil {
			if !k.nullable {
				return nil, fmt.Errorf("%w: value %d is missing", ErrKey, i)
			}
			continue
		}
		v, ok := fromColumn(*key[i], k.kind)
		if !ok {
			return nil, fmt.Errorf("%w: value %d", ErrKey, i)
		}
		values[i] = v
	}
	return values, nil
}

// fromColumn reads what Postgres wrote for a column of a key.
func fromColumn(written string, as kind) (scalar, bool) {
	v := scalar{kind: as, digits: written, truth: written == "true"}
	switch as {
	case number:
		return v, decimal.MatchString(written)
	case boolean:
		return v, v.truth || written == "false"
	case timestamp:
		at, err := time.Parse(time.RFC3339Nano, written)
		v.at = at
		return v, err == nil
	default:
		return v, true
	}
}

// bound is one key of the row to go on from. An empty argument is a missing value.
type bound struct {
	expression string
	comparison string
	argument   string
	nullable   bool
	reverse    bool
}

func after(bounds []bound) string {
	first := bounds[0]
	if len(bounds) == 1 {
		return first.beyond()
	}
	return "(" + first.beyond() + " OR (" + first.same() + " AND " + after(bounds[1:]) + "))"
}

func (b bound) beyond() string {
	switch {
	case b.argument == "" && b.reverse:
		return b.expression + " IS NOT NULL"
	case b.argument == "":
		return "false"
	case b.nullable && !b.reverse:
		return "(" + b.expression + " " + b.comparison + " " + b.argument + " OR " + b.expression + " IS NULL)"
	default:
		return b.expression + " " + b.comparison + " " + b.argument
	}
}

func (b bound) same() string {
	if b.argument == "" {
		return b.expression + " IS NULL"
	}
	return b.expression + " = " + b.argument
}
