package request

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// Query reads the query string of a request. An empty value is the same as an absent one.
type Query struct {
	values   url.Values
	problems problems
}

// NewQuery starts reading a query string.
func NewQuery(values url.Values) *Query { return &Query{values: values} }

// Err gives every invalid parameter found so far as one *models.Error, or nil.
func (q *Query) Err() error { return q.problems.err() }

// Invalid notes that a parameter is not acceptable, for a reason as in Object.Invalid.
func (q *Query) Invalid(name, format string, args ...any) { q.problems.add(name, format, args...) }

// String reads a parameter; "" when absent.
func (q *Query) String(name string, rules ...Rule) string {
	s := q.values.Get(name)
	if s == "" {
		return ""
	}
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		q.Invalid(name, "is not valid UTF-8, or contains the character U+0000")
		return ""
	}
	q.problems.check(name, s, rules)
	return s
}

// Int reads an integer from least to most; 0 when absent.
func (q *Query) Int(name string, least, most int) int {
	s := q.values.Get(name)
	if s == "" {
		return 0
	}
	if i := q.problems.integer(name, s, least, most); i != nil {
		return *i
	}
	return 0
}

// Bool reads true or false; false when absent.
func (q *Query) Bool(name string) bool {
	switch strings.ToLower(q.values.Get(name)) { // Python writes True
	case "true":
		return true
	case "", "false":
		return false
	default:
		q.Invalid(name, "must be true or false")
		return false
	}
}
