package filter

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of the name of a custom field in a filter or sort order.
const (
	maxFieldNameLength = 255 // code points
	maxPathLength      = 32  // nested objects, which is also how deep a request may nest
)

// indexedValues is the longest list that is written as one containment test per value, which the GIN index serves.
// Longer ones are one test per row: many index scans cost more than reading the rows.
const indexedValues = 16

// custom is a field of a jsonb document: custom data of a user or channel.
//
// Values are told apart by type. A field that holds an array has all its elements as values, except that ordered
// comparisons and words look at strings and numbers themselves only.
type custom struct {
	document string // column of the document
	sparse   bool   // the document's index covers rows with document <> '{}' only
	textOnly bool   // a field the contract names: values are strings, arrays are not looked into
	path     []string
	ops      []operator
}

func (c custom) operators() []operator { return c.ops }

func (c custom) compile(p *parser, at string, op operator, operand json.RawMessage) fragment {
	switch op {
	case opEqual:
		return c.equal(p, at, operand)
	case opNotEqual:
		return not(c.equalScalar(p, at, operand))
	case opContains:
		v, ok := p.scalar(at, operand, anyScalar)
		if !ok {
			return nil
		}
		return c.containing(arrayOf(v))
	case opIn:
		return c.in(p, at, operand)
	case opNotIn:
		return not(c.in(p, at, operand))
	case opExists:
		return p.exists(at, operand, " <> 'null'", " = 'null'", func(b *Binder) string {
			return "coalesce(jsonb_typeof(" + c.value(b) + "), 'null')"
		})
	case opAutocomplete, opQuery:
		return p.beginsWord(at, op, operand, c.text)
	default:
		return c.compare(p, at, comparisons[op], operand)
	}
}

func (c custom) kind() kind {
	if c.textOnly {
		return text
	}
	return anyScalar
}

// value walks the path with -> rather than #>: an array on the way has no fields, while #> would take "0" as an index.
func (c custom) value(b *Binder) string {
	var walk strings.Builder
	walk.WriteString(c.document)
	for _, name := range c.path {
		walk.WriteString(" -> " + b.Bind(name) + "::text")
	}
	return "(" + walk.String() + ")"
}

// text is the field where it is a string, else NULL.
func (c custom) text(b *Binder) string {
	value := c.value(b)
	return "CASE WHEN jsonb_typeof(" + value + ") = 'string' THEN " + value + " #>> '{}' END"
}

func (c custom) equal(p *parser, at string, operand json.RawMessage) fragment {
	if !isArray(operand) || c.textOnly {
		return c.equalScalar(p, at, operand)
	}
	values, ok := p.values(at, operand, anyScalar, 0)
	if !ok {
		return nil
	}
	set := arrayOf(values...)
	return func(b *Binder) string {
		return "(" + c.containing(set)(b) + " AND " + c.value(b) + " <@ " + b.Bind(set) + "::jsonb)"
	}
}

func (c custom) equalScalar(p *parser, at string, operand json.RawMessage) fragment {
	v, ok := p.scalar(at, operand, c.kind())
	if !ok {
		return nil
	}
	return c.has([]scalar{v})
}

func (c custom) in(p *parser, at string, operand json.RawMessage) fragment {
	values, ok := p.values(at, operand, c.kind(), 1)
	if !ok {
		return nil
	}
	return c.has(values)
}

// compare orders strings by code point and numbers by value. It never casts what it found in the document: a cast of
// the wrong type is an error, and nothing makes Postgres test the type first.
func (c custom) compare(p *parser, at, comparison string, operand json.RawMessage) fragment {
	v, ok := p.scalar(at, operand, c.kind())
	switch {
	case !ok:
		return nil
	case v.kind == boolean:
		p.fail(at, "expected a string or a number")
		return nil
	case v.kind == text:
		return func(b *Binder) string {
			return "(" + c.text(b) + `) COLLATE "C" ` + comparison + " " + v.bind(b)
		}
	}
	return func(b *Binder) string {
		value := c.value(b)
		return "(jsonb_typeof(" + value + ") = 'number' AND " + value + " " + comparison + " " + b.Bind(v.json()) + "::jsonb)"
	}
}

// has is true where the field is one of the values or an array with one of them.
func (c custom) has(values []scalar) fragment {
	if len(values) > indexedValues {
		return c.hasMany(values)
	}
	var forms []string
	for _, v := range values {
		forms = append(forms, v.json())
		if !c.textOnly {
			forms = append(forms, arrayOf(v))
		}
	}
	return c.containing(forms...)
}

// containing is true where the document has one of the values, given as JSON, at the path.
func (c custom) containing(forms ...string) fragment {
	tests := make([]fragment, len(forms))
	for i, form := range forms {
		tests[i] = func(b *Binder) string { return c.document + " @> " + b.Bind(nested(c.path, form)) + "::jsonb" }
	}
	found := some(tests)
	if !c.sparse {
		return found
	}
	return func(b *Binder) string { return "(" + c.document + " <> '{}' AND " + found(b) + ")" }
}

// hasMany looks the field up in a subquery over the values, which Postgres hashes once. Its other form, = ANY(array), is
// hashed only while the array is a constant: in the generic plan a statement gets after five runs, a list of 10,000 values
// took 14.7 s for 1,000 rows where this takes 25 ms. IS TRUE keeps the subquery from becoming a join in every EXISTS.
func (c custom) hasMany(values []scalar) fragment {
	forms := make([]string, len(values))
	for i, v := range values {
		forms[i] = v.json()
	}
	return func(b *Binder) string {
		value, among := c.value(b), " IN (SELECT unnest("+b.Bind(forms)+"::text[])::jsonb)"
		if c.textOnly {
			return "((" + value + among + ") IS TRUE)"
		}
		return "CASE jsonb_typeof(" + value + ") WHEN 'array'" +
			" THEN EXISTS (SELECT FROM jsonb_array_elements(" + value + ") AS element(value) WHERE (element.value" + among + ") IS TRUE)" +
			" ELSE " + value + among + " END"
	}
}

func nested(path []string, value string) string {
	for _, name := range slices.Backward(path) {
		value = "{" + quoted(name) + ":" + value + "}"
	}
	return value
}

func arrayOf(values ...scalar) string {
	forms := make([]string, len(values))
	for i, v := range values {
		forms[i] = v.json()
	}
	return "[" + strings.Join(forms, ",") + "]"
}

// customPath splits the dotted name of a custom field, or says what is wrong with it.
func customPath(name string) ([]string, string) {
	path := strings.Split(name, ".")
	switch {
	case slices.Contains(path, ""):
		return nil, "empty field name"
	case utf8.RuneCountInString(name) > maxFieldNameLength:
		return nil, "field name too long"
	case len(path) > maxPathLength:
		return nil, "field nested too deep"
	case strings.ContainsRune(name, 0):
		return nil, "contains a NUL character"
	}
	return path, ""
}
