package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"herald/models"
)

// Object is a JSON object to be written, its keys in the order they were set. It holds values of the domain (a
// time.Time, custom data); what they look like is the dialect's.
type Object struct {
	fields []Field
}

// Field is one key of an object with its value.
type Field struct {
	Key   string
	Value any
}

// NewObject is an object without keys.
func NewObject() *Object { return &Object{} }

// Set adds a key. The value is nil (null), a string, bool, integer, float64, time.Time, *Object, a slice of strings or
// objects, JSON text, or a pointer to one of the first five, null when nil.
func (o *Object) Set(key string, value any) *Object {
	o.fields = append(o.fields, Field{key, value})
	return o
}

// Optional adds a key unless the value is nil.
func Optional[T any](o *Object, key string, value *T) {
	if value != nil {
		o.Set(key, *value)
	}
}

// Custom adds custom data, which never hides one of the built-in keys of the entity, set or not. The extra fields are
// custom too and win over the data.
func (o *Object) Custom(data models.Custom, builtin []string, extra ...Field) *Object {
	return o.Set("custom", customData{data: data, builtin: builtin, extra: extra})
}

// Legacy adds a key that only the v1 dialect has.
func (o *Object) Legacy(key string, value any) *Object {
	return o.Set(key, legacyValue{value})
}

type legacyValue struct{ value any }

// Spread adds an object that the v2 dialect also writes key by key into o, in front of it (contract 7.5).
func (o *Object) Spread(key string, inner *Object) *Object {
	return o.Set(key, spreadObject{inner})
}

type spreadObject struct{ *Object }

// Choice is one of a few words, or "" when unset.
type Choice string

// Has says whether a key was added.
func (o *Object) Has(key string) bool {
	return slices.ContainsFunc(o.fields, func(f Field) bool { return f.Key == key })
}

type customData struct {
	data    models.Custom
	builtin []string
	extra   []Field
}

// Encode writes an object in a dialect.
func Encode(d *Dialect, o *Object) ([]byte, error) {
	e := &encoder{d: d}
	err := e.value(o)
	return e.b, err
}

type encoder struct {
	d *Dialect
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

func (e *encoder) fields(fields []Field) error {
	for _, f := range fields {
		switch v := f.Value.(type) {
		case customData:
			if err := e.d.custom(e, v); err != nil {
				return err
			}
			continue
		case legacyValue:
			if !e.d.legacy {
				continue
			}
			f.Value = v.value
		case spreadObject:
			if e.d.spread {
				if err := e.fields(v.fields); err != nil {
					return err
				}
			}
			f.Value = v.Object
		}
		e.key(f.Key)
		if err := e.value(f.Value); err != nil {
			return fmt.Errorf("%s: %w", f.Key, err)
		}
	}
	return nil
}

func (e *encoder) value(value any) error {
	switch v := value.(type) {
	case nil:
		e.b = append(e.b, "null"...)
	case *Object:
		e.b = append(e.b, '{')
		if err := e.fields(v.fields); err != nil {
			return err
		}
		e.b = append(e.b, '}')
	case []*Object:
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
	case Choice:
		if v == "" {
			e.b = append(e.b, e.d.unset...)
			return nil
		}
		e.b = appendString(e.b, string(v))
	case Attachments:
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
