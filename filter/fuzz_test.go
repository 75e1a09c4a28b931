package filter_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"herald/filter"
	"herald/models"
)

// marker is put into every string of an input that is not a word of the grammar. It is made of letters that no SQL of
// the package holds.
const marker = "zqxjkzq"

// FuzzParse holds whatever is accepted to this: no string of the input is in the statement, every argument is used, and
// the same input always gives the same statement.
func FuzzParse(f *testing.F) {
	for _, row := range grammar {
		for _, field := range strings.Fields(row.fields) {
			for _, op := range strings.Fields(row.operators) {
				operand := row.operand
				if op == "$in" || op == "$nin" {
					operand = "[" + operand + "," + operand + "]"
				}
				f.Add(uint8(row.entity), fmt.Sprintf(`{"$nor": [{%q: {%q: %s}}, {%q: %s}]}`, field, op, operand, field, operand), `[{"field": "`+field+`", "direction": -1}]`)
			}
		}
	}
	f.Add(uint8(filter.Users), `{"'; DROP TABLE users; --": "'"}`, `[{"field": "a' , \"b", "type": "number"}]`)
	f.Fuzz(func(t *testing.T, which uint8, rawFilter, rawSort string) {
		entity := filter.Entity(int(which) % len(source))
		for _, raw := range []string{rawFilter, marked(rawFilter)} {
			parsed, err := filter.Parse(entity, "filter", json.RawMessage(raw), filter.WithMember(marker))
			if err != nil {
				continue
			}
			b := filter.NewBinder()
			where := parsed.Where(b)
			check(t, where, b)
			if again := parsed.Where(filter.NewBinder()); again != where {
				t.Fatalf("%s gave\n%s\nand then\n%s", raw, where, again)
			}
		}
		for _, raw := range []string{rawSort, marked(rawSort)} {
			order, err := filter.ParseSort(entity, "sort", json.RawMessage(raw))
			if err != nil {
				continue
			}
			b := filter.NewBinder()
			check(t, strings.Join(order.Columns(b), ", ")+order.OrderBy(b, true), b)
		}
	})
}

func check(t *testing.T, sql string, b *filter.Binder) {
	t.Helper()
	if strings.Contains(sql, marker) {
		t.Fatalf("the input is in the statement: %s", sql)
	}
	for i, arg := range b.Args() {
		if !strings.Contains(sql, fmt.Sprintf("$%d::", i+1)) {
			t.Fatalf("argument %d is not used: %s", i+1, sql)
		}
		switch arg.(type) {
		case string, bool, time.Time, []string, []bool, []time.Time:
		default:
			t.Fatalf("argument %d is a %T", i+1, arg)
		}
	}
}

// marked appends the marker to every string of a JSON text, and to every key and sort field that names no built-in field.
func marked(raw string) string {
	var v any
	decoder := json.NewDecoder(strings.NewReader(raw))
	decoder.UseNumber()
	if decoder.Decode(&v) != nil {
		return raw
	}
	written, err := json.Marshal(mark(v, false))
	if err != nil {
		return raw
	}
	return string(written)
}

func mark(v any, named bool) any {
	switch v := v.(type) {
	case string:
		raw, _ := json.Marshal(v)
		if _, err := models.ParseTimestamp(raw); err == nil || (named && builtIn(v)) {
			return v
		}
		return v + marker
	case []any:
		all := make([]any, len(v))
		for i, each := range v {
			all[i] = mark(each, false)
		}
		return all
	case map[string]any:
		all := make(map[string]any, len(v))
		for key, each := range v {
			field := strings.EqualFold(key, "field")
			if strings.EqualFold(key, "type") {
				all[key] = each
				continue
			}
			if !strings.HasPrefix(key, "$") && !field && !strings.EqualFold(key, "direction") && !builtIn(key) {
				key += marker
			}
			all[key] = mark(each, field)
		}
		return all
	default:
		return v
	}
}

func builtIn(name string) bool {
	for _, row := range grammar {
		if slices.Contains(strings.Fields(row.fields), name) && name != "country" && name != "age" && name != "color" {
			return true
		}
	}
	return name == "size"
}
