package request

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"herald/models"
)

// maxFieldErrors bounds the answer to a long list of wrong values.
const maxFieldErrors = 1000

// Object reads one JSON object of a body. An absent object reads like one without keys.
type Object struct {
	path     string
	node     node
	problems *reading
}

// reading is what all objects of a body share: the invalid fields found so far, and where custom data is.
type reading struct {
	problems
	nestedCustom bool
}

// problems are the invalid fields of a whole body or query string.
type problems struct{ fields []models.FieldError }

func (p *problems) add(path, format string, args ...any) {
	if len(p.fields) < maxFieldErrors {
		p.fields = append(p.fields, models.FieldError{Path: path, Reason: fmt.Sprintf(format, args...)})
	}
}

func (p *problems) err() error {
	if len(p.fields) == 0 {
		return nil
	}
	return &models.Error{Code: models.CodeInvalid, Fields: slices.Clone(p.fields)}
}

// Body is a decoded body, ready to be read any number of times.
type Body struct {
	root         node
	nestedCustom bool
}

// Decode reads a body. Malformed JSON, a body that is no object, text that is not valid UTF-8 or holds U+0000, and
// nesting deeper than MaxDepth are models.CodeInvalid. An empty body and null read as {}.
func Decode(body []byte) (Body, error) {
	root, err := decode(body)
	return Body{root: root}, err
}

// NestedCustom gives the same body of a client that puts custom data into the key "custom" of an object, and not beside
// the built-in keys. Only Object.Custom makes a difference between the two.
func (b Body) NestedCustom() Body {
	b.nestedCustom = true
	return b
}

// Object starts reading the body, with no field found invalid yet.
func (b Body) Object() *Object {
	root := b.root
	root.kind = kindObject
	return &Object{node: root, problems: &reading{nestedCustom: b.nestedCustom}}
}

// Err gives every invalid field found so far in the body as one *models.Error, or nil.
func (o *Object) Err() error { return o.problems.err() }

// Path is the place of a key in the body, as it is named in errors.
func (o *Object) Path(name string) string {
	step := pathKey(name)
	if o.path == "" || strings.HasPrefix(step, "[") {
		return o.path + step
	}
	return o.path + "." + step
}

// Invalid notes that the value of a key is not acceptable. The reason completes the sentence "<path> ...". With an
// empty name it is the object itself.
func (o *Object) Invalid(name, format string, args ...any) {
	path := o.path
	if name != "" {
		path = o.Path(name)
	}
	o.problems.add(path, format, args...)
}

// InvalidAt notes what a parser of a raw value found wrong inside it: path is complete, and the reason follows a colon.
func (o *Object) InvalidAt(path, reason string) {
	if len(o.problems.fields) < maxFieldErrors {
		o.problems.fields = append(o.problems.fields, models.FieldError{Path: path, Reason: reason, Colon: true})
	}
}

// Has says whether a key is there and not null.
func (o *Object) Has(name string) bool { return o.find(name) != nil }

// Require notes every one of the names that is absent.
func (o *Object) Require(names ...string) {
	for _, name := range names {
		if !o.Has(name) {
			o.Invalid(name, "is required")
		}
	}
}

func (o *Object) find(name string) *node {
	for i := len(o.node.members) - 1; i >= 0; i-- {
		if m := &o.node.members[i]; strings.EqualFold(m.key, name) {
			if m.value.kind == kindNull {
				return nil
			}
			return &m.value
		}
	}
	return nil
}

// findKind finds a value and notes it when it is of another kind.
func (o *Object) findKind(name string, k kind, what string) *node {
	n := o.find(name)
	if n != nil && n.kind != k {
		o.Invalid(name, "must be %s", what)
		return nil
	}
	return n
}

func (p *problems) check(path, s string, rules []Rule) {
	for _, rule := range rules {
		if reason := rule(s); reason != "" {
			p.add(path, "%s", reason)
			return
		}
	}
}

// String reads a string; "" when absent. Rules are not asked about an absent one.
func (o *Object) String(name string, rules ...Rule) string {
	if s := o.OptionalString(name, rules...); s != nil {
		return *s
	}
	return ""
}

// OptionalString reads a string; nil when absent.
func (o *Object) OptionalString(name string, rules ...Rule) *string {
	n := o.findKind(name, kindString, "a string")
	if n == nil {
		return nil
	}
	o.problems.check(o.Path(name), n.text, rules)
	return &n.text
}

// Bool reads a boolean; absent is otherwise.
func (o *Object) Bool(name string, otherwise bool) bool {
	if b := o.OptionalBool(name); b != nil {
		return *b
	}
	return otherwise
}

// OptionalBool reads a boolean; nil when absent.
func (o *Object) OptionalBool(name string) *bool {
	n := o.findKind(name, kindBool, "a boolean")
	if n == nil {
		return nil
	}
	b := n.raw[0] == 't'
	return &b
}

// Int reads an integer from least to most; 0 when absent.
func (o *Object) Int(name string, least, most int) int {
	if i := o.OptionalInt(name, least, most); i != nil {
		return *i
	}
	return 0
}

// OptionalInt reads an integer from least to most; nil when absent.
func (o *Object) OptionalInt(name string, least, most int) *int {
	n := o.findKind(name, kindNumber, "an integer")
	if n == nil {
		return nil
	}
	return o.problems.integer(o.Path(name), string(n.raw), least, most)
}

func (p *problems) integer(path, literal string, least, most int) *int {
	i, err := strconv.Atoi(literal)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		p.add(path, "must be an integer")
		return nil
	case err != nil || i < least || i > most:
		p.add(path, "must be between %d and %d", least, most)
		return nil
	}
	return &i
}

// Time reads a timestamp in any form that models.ParseTimestamp takes; nil when absent.
func (o *Object) Time(name string) *time.Time {
	n := o.find(name)
	if n == nil {
		return nil
	}
	t, err := models.ParseTimestamp(n.raw)
	if err != nil {
		o.Invalid(name, "%s", err.Error())
		return nil
	}
	return &t
}

// Strings reads a list of at most limit strings, each of them checked by the rules; nil when absent. An element of
// another kind reads as "".
func (o *Object) Strings(name string, limit int, rules ...Rule) []string {
	values := o.Values(name, limit)
	if values == nil {
		return nil
	}
	list := make([]string, 0, len(values))
	for _, v := range values {
		s, ok := v.Text()
		if ok {
			o.problems.check(v.path, s, rules)
		} else {
			v.Invalid("must be a string")
		}
		list = append(list, s)
	}
	return list
}

// Object reads an object; one without keys when absent.
func (o *Object) Object(name string) *Object {
	inner := &Object{path: o.Path(name), problems: o.problems}
	if n := o.findKind(name, kindObject, "an object"); n != nil {
		inner.node = *n
	}
	return inner
}

// Objects reads a list of at most limit objects; nil when absent. An element of another kind reads as one without keys.
func (o *Object) Objects(name string, limit int) []*Object {
	values := o.Values(name, limit)
	if values == nil {
		return nil
	}
	list := make([]*Object, 0, len(values))
	for _, v := range values {
		inner, ok := v.Object()
		if !ok {
			v.Invalid("must be an object")
			inner = &Object{path: v.path, problems: o.problems}
		}
		list = append(list, inner)
	}
	return list
}

// Entry is a key of an object whose keys are data, such as ids, with the object it leads to.
type Entry struct {
	Key    string
	Object *Object
}

// Entries reads an object of objects, in the order the keys came in; here keys match exactly. nil when absent.
func (o *Object) Entries(name string) []Entry {
	outer := o.Object(name)
	var entries []Entry
	for _, m := range outer.distinct() {
		inner := &Object{path: outer.Path(m.key), node: m.value, problems: o.problems}
		if m.value.kind != kindObject {
			inner.Invalid("", "must be an object")
			continue
		}
		entries = append(entries, Entry{Key: m.key, Object: inner})
	}
	return entries
}

// distinct are the members without those that a later one of exactly the same key replaces.
func (o *Object) distinct() []member {
	at := make(map[string]int, len(o.node.members))
	var list []member
	for _, m := range o.node.members {
		if i, again := at[m.key]; again {
			list[i] = m
			continue
		}
		at[m.key] = len(list)
		list = append(list, m)
	}
	return list
}

// Raw gives the JSON text of a value as it came, nulls inside included; nil when absent.
func (o *Object) Raw(name string) json.RawMessage {
	if n := o.find(name); n != nil {
		return n.raw
	}
	return nil
}

// JSONObject gives an object as it came, nulls inside included, without white space and of at most limit bytes; nil
// when absent.
func (o *Object) JSONObject(name string, limit int) json.RawMessage {
	n := o.findKind(name, kindObject, "an object")
	if n == nil {
		return nil
	}
	return o.sized(name, n.raw, limit)
}
