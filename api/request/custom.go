package request

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"herald/models"
)

// customKey is where clients of the v2 dialect have custom data.
const customKey = "custom"

// Custom gives the custom data of the object as it came: every key that is not one of the built-in ones or, in a body
// with NestedCustom, the content of "custom" whatever its keys. It is at most models.MaxCustomBytes long; nil when there
// is none.
func (o *Object) Custom(builtin ...string) models.Custom {
	holder := o
	if o.problems.nestedCustom {
		holder, builtin = o.Object(customKey), nil
	}
	custom := slices.DeleteFunc(holder.distinct(), func(m member) bool { return named(builtin, m.key) >= 0 })
	if len(custom) == 0 {
		return nil
	}
	return holder.sized("", jsonObject(custom), models.MaxCustomBytes)
}

// named finds a key among the names, whatever its case; -1 when it is none of them.
func named(names []string, key string) int {
	return slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, key) })
}

// Merged gives the object with the keys of an inner object moved beside its own, where they win. Built-in keys come out
// spelled as here, without nulls at any depth, and are never taken from the inner object; all others as they came.
func (o *Object) Merged(inner string, builtin ...string) json.RawMessage {
	var merged Object
	for _, m := range o.distinct() {
		if strings.EqualFold(m.key, inner) {
			continue
		}
		if i := named(builtin, m.key); i >= 0 {
			m.key, m.rawKey = builtin[i], strconv.AppendQuote(nil, builtin[i])
			m.value.raw = appendWithoutNulls(nil, m.value)
		}
		merged.node.members = append(merged.node.members, m)
	}
	for _, m := range o.Object(inner).node.members {
		if !slices.Contains(builtin, m.key) {
			merged.node.members = append(merged.node.members, m)
		}
	}
	return jsonObject(slices.DeleteFunc(merged.distinct(), func(m member) bool {
		return m.value.kind == kindNull && slices.Contains(builtin, m.key)
	}))
}

// appendWithoutNulls writes a value as it came, without the members of its objects that are null.
func appendWithoutNulls(b []byte, n node) []byte {
	switch n.kind {
	case kindObject:
		b = append(b, '{')
		for _, m := range n.members {
			if m.value.kind == kindNull {
				continue
			}
			if b[len(b)-1] != '{' {
				b = append(b, ',')
			}
			b = appendWithoutNulls(append(append(b, m.rawKey...), ':'), m.value)
		}
		return append(b, '}')
	case kindArray:
		b = append(b, '[')
		for i, elem := range n.elems {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendWithoutNulls(b, elem)
		}
		return append(b, ']')
	default:
		return append(b, n.raw...)
	}
}

func jsonObject(members []member) json.RawMessage {
	b := []byte{'{'}
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, m.rawKey...), ':'), m.value.raw...)
	}
	return append(b, '}')
}

func (o *Object) sized(name string, raw []byte, limit int) json.RawMessage {
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		o.Invalid(name, "is not valid JSON")
		return nil
	}
	if compact.Len() > limit {
		what := "is"
		if name == "" {
			what = "has custom data of"
		}
		o.Invalid(name, "%s %d bytes of JSON; at most %d are allowed", what, compact.Len(), limit)
		return nil
	}
	return compact.Bytes()
}
