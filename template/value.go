package template

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Values while rendering are nil (missing or null), string, bool, int64, float64, json.Number (a number neither of the two can
// hold), []any, map[string]any, *dict and object. Lists and maps of the context are normalised as they are walked, not copied.

// dict is an object made while rendering. It keeps the order of its keys, which are strings, int64, float64, bool or nil.
type dict struct {
	keys   []any
	values map[any]any
}

func newDict(size int) *dict {
	return &dict{keys: make([]any, 0, size), values: make(map[any]any, size)}
}

func (d *dict) set(key, value any) {
	if _, known := d.values[key]; !known {
		d.keys = append(d.keys, key)
	}
	d.values[key] = value
}

// pairs are the fields as lists of key and value.
func (d *dict) pairs() []any {
	pairs := make([]any, len(d.keys))
	for i, key := range d.keys {
		pairs[i] = []any{key, d.values[key]}
	}
	return pairs
}

func (d *dict) get(key any) (any, bool) {
	value, ok := d.values[key]
	return value, ok
}

// normalise turns what encoding/json and Go callers give into one of the value types.
func normalise(v any) any {
	switch v := v.(type) {
	case nil, string, bool, int64, []any, map[string]any, *dict, object:
		return v
	case json.Number:
		return number(v)
	case float64:
		return v
	case int:
		return int64(v)
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list
	case time.Time:
		return timestamp(v)
	}
	return fmt.Sprint(v)
}

// longestNumber is the length of the longest number to count with, in bytes. One that is longer only prints: reading its value
// anew whenever it is met could take longer than all the rest of a template.
const longestNumber = 40

func number(n json.Number) any {
	if len(n) > longestNumber {
		return n
	}
	if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
		return i
	}
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil || !strings.ContainsAny(string(n), ".eE") {
		return n
	}
	return f
}

// typeName names a value's type in reasons.
func typeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "a missing value"
	case string:
		return "text"
	case bool:
		return "a boolean"
	case json.Number:
		if len(v) > longestNumber {
			return fmt.Sprintf("a number of more than %d characters", longestNumber)
		}
		return "a number"
	case int64, float64:
		return "a number"
	case []any:
		return "a list"
	}
	return "an object"
}

func truth(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	case *dict:
		return len(v.keys) > 0
	}
	return true
}

// toText is how a value prints.
func (r *run) toText(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool:
		if v {
			return "True", nil
		}
		return "False", nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return floatText(v), nil
	case json.Number:
		return v.String(), nil
	}
	writer := jsonWriter{run: r}
	if err := writer.write(v, 0); err != nil {
		return "", err
	}
	text := string(writer.out)
	_, err := r.produced(text)
	return text, err
}

// floatText is the shortest form, without decimals when whole. From 1e21 on it has an exponent, as in JSON.
func floatText(f float64) string {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	if f == 0 {
		return "0" // never "-0"
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// toFloat reads a number; booleans are 0 and 1.
func toFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case json.Number:
		if len(v) > longestNumber {
			return 0, false
		}
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}

// toInt reads a whole number; booleans are 0 and 1.
func toInt(v any) (int64, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case int64:
		return v, true
	}
	return 0, false
}

// items lists what a loop walks over: elements, the characters of a text, the keys of an object.
func (r *run) items(v any) ([]any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case []any:
		return v, r.spend(len(v) * elementWork)
	case string:
		list := make([]any, 0, utf8.RuneCountInString(v))
		for i, width := 0, 0; i < len(v); i += width {
			_, width = utf8.DecodeRuneInString(v[i:])
			list = append(list, v[i:i+width])
		}
		return list, r.listed(len(list))
	}
	d, err := r.toDict(v)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, fail("cannot walk over %s", typeName(v))
	}
	return d.keys, r.spend(len(d.keys) * elementWork)
}

// toDict returns an object as a dict, nil when v is none.
func (r *run) toDict(v any) (*dict, error) {
	switch v := v.(type) {
	case *dict:
		return v, nil
	case map[string]any:
		d := newDict(len(v))
		for _, key := range sortedKeys(v) {
			d.set(key, normalise(v[key]))
		}
		return d, r.keyed(len(v))
	case object:
		d, err := v.dict()
		if err != nil {
			return nil, err
		}
		return d, r.keyed(len(d.keys))
	}
	return nil, nil
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// length is the number of characters, elements or fields.
func (r *run) length(v any) (int, error) {
	switch v := v.(type) {
	case nil:
		return 0, nil
	case string:
		return utf8.RuneCountInString(v), nil
	case []any:
		return len(v), nil
	case map[string]any:
		return len(v), nil
	}
	d, err := r.toDict(v)
	if err != nil {
		return 0, err
	}
	if d == nil {
		return 0, fail("%s has no length", typeName(v))
	}
	return len(d.keys), nil
}

// attribute finds a field; nil when there is none or v has no fields.
func attribute(v any, name string) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		return normalise(v[name]), nil
	case *dict:
		value, _ := v.get(name)
		return value, nil
	case object:
		return v.field(name)
	}
	return nil, nil
}

// index is v[key]: an element by number, from the end when negative, or a field. Missing ones are nil.
func index(v, key any) (any, error) {
	i, whole := key.(int64)
	switch v := v.(type) {
	case []any:
		if i < 0 {
			i += int64(len(v))
		}
		if !whole || i < 0 || i >= int64(len(v)) {
			return nil, nil
		}
		return normalise(v[i]), nil
	case string:
		runes := []rune(v)
		if i < 0 {
			i += int64(len(runes))
		}
		if !whole || i < 0 || i >= int64(len(runes)) {
			return nil, nil
		}
		return string(runes[i]), nil
	case *dict:
		scalar, ok := dictKey(key)
		if !ok {
			return nil, nil
		}
		value, _ := v.get(scalar)
		return value, nil
	}
	if name, ok := key.(string); ok {
		return attribute(v, name)
	}
	return nil, nil
}

// dictKey makes equal numbers equal keys. Lists and objects are no keys.
func dictKey(key any) (any, bool) {
	switch key := key.(type) {
	case nil, string, int64, bool:
		return key, true
	case float64:
		if key == math.Trunc(key) && math.Abs(key) < 1<<53 {
			return int64(key), true
		}
		return key, true
	}
	return nil, false
}
