package filter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"herald/models"
)

// Numbers are kept as their digits and compared as Postgres numeric, which holds 131,072 digits before the point and
// 16,383 after it. These bounds stay far inside: beyond them a comparison would fail in the database.
const (
	maxNumberLength   = 1000
	maxNumberExponent = 1000
)

// kind is the type of a value; values of two kinds are never compared.
type kind int

const (
	text kind = iota
	number
	boolean
	timestamp
	anyScalar // of a custom field: string, number or boolean
)

var expectations = map[kind]string{
	text:      "expected a string",
	number:    "expected a number",
	boolean:   "expected true or false",
	timestamp: "expected a timestamp",
	anyScalar: "expected a string, a number, true or false",
}

// casts are the Postgres types values are compared as.
var casts = map[kind]string{text: "text", number: "numeric", boolean: "boolean", timestamp: "timestamptz"}

// scalar is one value of a filter. digits is a string, or a number as it was written.
type scalar struct {
	kind   kind
	digits string
	truth  bool
	at     time.Time
}

// argument is the value for a placeholder with the cast of its kind. Numbers go as text, so that no digit is lost.
func (s scalar) argument() any {
	switch s.kind {
	case boolean:
		return s.truth
	case timestamp:
		return s.at
	default:
		return s.digits
	}
}

func (s scalar) bind(b *Binder) string { return b.Bind(s.argument()) + "::" + casts[s.kind] }

// bindAll binds values of one kind as one array.
func bindAll(b *Binder, values []scalar, k kind) string {
	switch k {
	case boolean:
		return b.Bind(arguments[bool](values)) + "::boolean[]"
	case timestamp:
		return b.Bind(arguments[time.Time](values)) + "::timestamptz[]"
	case number:
		return b.Bind(arguments[string](values)) + "::numeric[]"
	default:
		return b.Bind(arguments[string](values)) + "::text[]"
	}
}

func arguments[T any](values []scalar) []T {
	args := make([]T, len(values))
	for i, v := range values {
		args[i] = v.argument().(T)
	}
	return args
}

// json is the value of a custom field as JSON text.
func (s scalar) json() string {
	switch s.kind {
	case boolean:
		return strconv.FormatBool(s.truth)
	case number:
		return s.digits
	default:
		return quoted(s.digits)
	}
}

func quoted(s string) string {
	written, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string can always be written
	}
	return string(written)
}

// scalar reads one value of the kind wanted.
func (p *parser) scalar(at string, raw json.RawMessage, want kind) (scalar, bool) {
	v, reason := readScalar(raw, want)
	if reason != "" {
		p.fail(at, "%s", reason)
	}
	return v, reason == ""
}

func readScalar(raw json.RawMessage, want kind) (scalar, string) {
	raw = bytes.TrimSpace(raw)
	if string(raw) == "null" {
		return scalar{}, expectations[want] + ", not null"
	}
	if want == timestamp {
		at, err := models.ParseTimestamp(raw)
		if err != nil {
			return scalar{}, expectations[want]
		}
		return scalar{kind: timestamp, at: at}, ""
	}
	got := kindOf(raw)
	if got == anyScalar || (want != anyScalar && want != got) {
		return scalar{}, expectations[want]
	}
	v := scalar{kind: got, digits: string(raw), truth: string(raw) == "true"}
	switch got {
	case number:
		if !inRange(v.digits) {
			return scalar{}, "number out of range"
		}
	case text:
		var reason string
		if v.digits, reason = readText(raw); reason != "" {
			return scalar{}, reason
		}
	default: // a boolean says all by its kind
	}
	return v, ""
}

// kindOf tells the kind from the first byte of valid JSON; anyScalar stands for none.
func kindOf(raw json.RawMessage) kind {
	switch c := raw[0]; {
	case c == '"':
		return text
	case c == 't' || c == 'f':
		return boolean
	case c == '-' || (c >= '0' && c <= '9'):
		return number
	default:
		return anyScalar
	}
}

// readText refuses what Postgres text cannot hold. (A lone surrogate becomes U+FFFD; the API refuses it in any body.)
func readText(raw json.RawMessage) (string, string) {
	var s string
	switch err := json.Unmarshal(raw, &s); {
	case err != nil:
		return "", expectations[text]
	case !utf8.Valid(raw):
		return "", "is not valid UTF-8"
	case strings.ContainsRune(s, 0):
		return "", "contains a NUL character"
	}
	return s, ""
}

func inRange(digits string) bool {
	if len(digits) > maxNumberLength {
		return false
	}
	i := strings.IndexAny(digits, "eE")
	if i < 0 {
		return true
	}
	exponent, err := strconv.Atoi(digits[i+1:])
	return err == nil && exponent >= -maxNumberExponent && exponent <= maxNumberExponent
}

// values reads an array of at most MaxListValues values and reports the first wrong one.
func (p *parser) values(at string, raw json.RawMessage, want kind, least int) ([]scalar, bool) {
	entries, ok := array(raw)
	if !ok || len(entries) < least || len(entries) > MaxListValues {
		p.fail(at, "expected an array of %d to %d values", least, MaxListValues)
		return nil, false
	}
	values := make([]scalar, len(entries))
	for i, entry := range entries {
		v, ok := p.scalar(fmt.Sprintf("%s[%d]", at, i), entry, want)
		if !ok {
			return nil, false
		}
		values[i] = v
	}
	return values, true
}

func isArray(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) > 0 && raw[0] == '['
}

// exists reads the operand of $exists.
func (p *parser) exists(at string, raw json.RawMessage, set, unset string, of fragment) fragment {
	wanted, ok := p.scalar(at, raw, boolean)
	if !ok {
		return nil
	}
	test := unset
	if wanted.truth {
		test = set
	}
	return func(b *Binder) string { return "(" + of(b) + test + ")" }
}
