package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"herald/models"
)

// object is a JSON object to be written, its keys in the order they were set. It holds values of the domain (a
// time.Time, custom data); what they look like is the dialect's.
type object struct {
	fields []field
}

type field struct {
	key   string
	value any
}

func newObject() *object { return &object{} }

// set adds a key. The value is nil (null), a string, bool, integer, float64, time.Time, *object, a slice of strings or
// objects, JSON text, or a pointer to one of the first five, null when nil.
func (o *object) set(key string, value any) *object {
	o.fields = append(o.fields, field{key, value})
	return o
}

// optional adds a key unless the value is nil.
func optional[T any](o *object, key string, value *T) {
	if value != nil {
		o.set(key, *value)
	}
}

// custom adds custom data, which never hides one of the built-in keys of the entity, set or not. The extra fields are
// custom too and win over the data.
func (o *object) custom(data models.Custom, builtin []string, extra ...field) *object {
	return o.set("custom", customData{data: data, builtin: builtin, extra: extra})
}

// legacy adds a key that only the v1 dialect has.
func (o *object) legacy(key string, value any) *object {
	return o.set(key, legacyValue{value})
}

type legacyValue struct{ value any }

// spread adds an object that the v2 dialect also writes key by key into o, in front of it (contract 7.5).
func (o *object) spread(key string, inner *object) *object {
	return o.set(key, spreadObject{inner})
}

type spreadObject struct{ *object }

// choice is one of a few words, or "" when unset.
type choice string

func (o *object) has(key string) bool {
	return slices.ContainsFunc(o.fields, func(f field) bool { return f.key == key })
}

type customData struct {
	data    models.Custom
	builtin []string
	extra   []field
}

// attachments is a JSON array of attachments with their custom keys beside the built-in ones.
type attachments json.RawMessage

// encode writes an object in a dialect.
func encode(d *dialect, o *object) ([]byte, error) {
	e := &encoder{d: d}
	err := e.value(o)
	return e.b, err
}

type encoder struct {
	d *dialect
	b []byte
}

// key begins a member of the object being written.
func (e *encoder) key(name string) {
	if e.b[len(e.b)-1] != '{' {
		e.b = append(e.b, ',')
	}
	e.b = appendString(e.b, name)
	e.b = append(e.b, ':')
}

// raw writes a member whose value is JSON already.
func (e *encoder) raw(name string, value json.RawMessage) {
	e.key(name)
	e.b = append(e.b, value...)
}

func (e *encoder) fields(fields []field) error {
	for _, f := range fields {
		switch v := f.value.(type) {
		case customData:
			if err := e.d.custom(e, v); err != nil {
				return err
			}
			continue
		case legacyValue:
			if !e.d.legacy {
				continue
			}
			f.value = v.value
		case spreadObject:
			if e.d.spread {
				if err := e.fields(v.fields); err != nil {
					return err
				}
			}
			f.value = v.object
		}
		e.key(f.key)
		if err := e.value(f.value); err != nil {
			return fmt.Errorf("%s: %w", f.key, err)
		}
	}
	return nil
}

func (e *encoder) value(value any) error {
	switch v := value.(type) {
	case nil:
		e.b = append(e.b, "null"...)
	case *object:
		e.b = append(e.b, '{')
		if err := e.fields(v.fields); err != nil {
			return err
		}
		e.b = append(e.b, '}')
	case []*object:
		return list(e, v)
	case []string:
		return list(e, v)
	case string:
		e.b = appendString(e.b, v)
	case bool:
		e.b = strconv.AppendBool(e.b, v)
	case int:
		e.b = strconv.AppendInt(e.b, int64(v), 10)
	case int64:
		e.b = strconv.AppendInt(e.b, v, 10)
	case float64:
		e.b = strconv.AppendFloat(e.b, v, 'f', -1, 64)
	case time.Time:
		e.b = e.d.time(e.b, v)
	case json.RawMessage: // models.Custom too
		e.b = append(e.b, v...)
	case choice:
		if v == "" {
			e.b = append(e.b, e.d.unset...)
			return nil
		}
		e.b = appendString(e.b, string(v))
	case attachments:
		return e.d.attachments(e, v)
	case *string:
		return pointer(e, v)
	case *int:
		return pointer(e, v)
	case *int64:
		return pointer(e, v)
	case *time.Time:
		return pointer(e, v)
	default:
		return fmt.Errorf("a %T cannot be encoded", value)
	}
	return nil
}

func list[T any](e *encoder, values []T) error {
	e.b = append(e.b, '[')
	for i, v := range values {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		if err := e.value(v); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	e.b = append(e.b, ']')
	return nil
}

func pointer[T any](e *encoder, p *T) error {
	if p == nil {
		return e.value(nil)
	}
	return e.value(*p)
}

// appendString writes a JSON string. Unlike json.Marshal it leaves <, > and & as they are.
func appendString(b []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			plain = false
			break
		}
	}
	if plain {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil { // a string always encodes
		panic(err)
	}
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}
