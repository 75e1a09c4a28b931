package openapi

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind is what a value may be.
type kind struct {
	base     string
	limits   string // a range or values, as written
	around   []around
	nullable bool
	standard string // default, as written; "" is none
}

// around a kind are the arrays and objects of it, from the inside.
type around struct {
	brackets string // [] or {}
	limits   string // a range of lengths
}

var (
	kindForm   = regexp.MustCompile(`^([A-Za-z]\w*)(?:\(([^)]*)\))?((?:(?:\[\]|\{\})(?:\([^)]*\))?)*)(\|null)?(?:=(.+))?$`)
	aroundForm = regexp.MustCompile(`(\[\]|\{\})(?:\(([^)]*)\))?`)
	rangeForm  = regexp.MustCompile(`^(-?\d*)\.\.(-?\d*)$`)
)

func readKind(word string) (kind, error) {
	parts := kindForm.FindStringSubmatch(word)
	if parts == nil {
		return kind{}, fmt.Errorf("no kind %q", word)
	}
	k := kind{base: parts[1], limits: parts[2], nullable: parts[4] != "", standard: parts[5]}
	for _, found := range aroundForm.FindAllStringSubmatch(parts[3], -1) {
		k.around = append(k.around, around{brackets: found[1], limits: found[2]})
	}
	return k, nil
}

// scope is where a kind stands.
type scope struct {
	v2  bool
	ref func(name string) (string, error) // the reference to an object or schema
}

// schema of the kind.
func (k kind) schema(s scope) (object, error) {
	o, err := k.inner(s)
	if err != nil {
		return nil, err
	}
	for _, a := range k.around {
		if a.brackets == "{}" {
			o, err = limited(object{{"type", "object"}, {"additionalProperties", o}}, a.limits, "minProperties", "maxProperties")
		} else {
			o, err = limited(object{{"type", "array"}, {"items", o}}, a.limits, "minItems", "maxItems")
		}
		if err != nil {
			return nil, err
		}
	}
	if k.nullable {
		o = orNull(o)
	}
	if k.standard != "" {
		o = o.with("default", json.RawMessage(k.standard))
		if !json.Valid([]byte(k.standard)) {
			return nil, fmt.Errorf("the default %s is no JSON", k.standard)
		}
	}
	return o, nil
}

// inner is the kind without what is around it.
func (k kind) inner(s scope) (object, error) {
	switch k.base {
	case "string":
		o := object{{"type", "string"}}
		if k.limits != "" && !rangeForm.MatchString(k.limits) {
			return o.with("enum", strings.Split(k.limits, ",")), nil
		}
		return limited(o, k.limits, "minLength", "maxLength")
	case "int":
		o := object{{"type", "integer"}, {"format", "int64"}}
		if k.limits != "" && !rangeForm.MatchString(k.limits) {
			return o.with("enum", json.RawMessage("["+k.limits+"]")), nil
		}
		return limited(o, k.limits, "minimum", "maximum")
	case "number":
		return limited(object{{"type", "number"}}, k.limits, "minimum", "maximum")
	case "bool":
		return object{{"type", "boolean"}}, nil
	case "data":
		return object{{"type", "object"}}, nil
	case "json":
		return object{}, nil
	case "choice":
		values := []any{}
		for _, v := range strings.Split(k.limits, ",") {
			values = append(values, v)
		}
		if s.v2 {
			return object{{"type", "string"}, {"enum", append([]any{""}, values...)}}, nil
		}
		return orNull(object{{"type", "string"}, {"enum", values}}), nil
	}
	name := k.base
	switch name {
	case "time":
		name = timeName
	case "id_or":
		name = k.limits
	}
	ref, err := s.ref(name)
	if k.base == "id_or" {
		return object{{"anyOf", []any{object{{"type", "string"}}, object{{"$ref", ref}}}}}, err
	}
	return object{{"$ref", ref}}, err
}

// limited adds the two ends of a range.
func limited(o object, limits, least, most string) (object, error) {
	if limits == "" {
		return o, nil
	}
	ends := rangeForm.FindStringSubmatch(limits)
	if ends == nil {
		return nil, fmt.Errorf("no range (%s)", limits)
	}
	for i, name := range []string{least, most} {
		if ends[i+1] == "" {
			continue
		}
		if _, err := strconv.Atoi(ends[i+1]); err != nil {
			return nil, fmt.Errorf("range (%s): %w", limits, err)
		}
		o = o.with(name, json.Number(ends[i+1]))
	}
	return o, nil
}

// orNull is the schema with null.
func orNull(o object) object {
	if o.get("type") == nil {
		return object{{"anyOf", []any{o, object{{"type", "null"}}}}}
	}
	o = slices.Clone(o)
	for i, m := range o {
		switch m.key {
		case "type":
			o[i].value = []any{m.value, "null"}
		case "enum":
			o[i].value = withNull(m.value)
		}
	}
	return o
}

// withNull are values of an enumeration, and null.
func withNull(values any) []any {
	var all []any
	switch list := values.(type) {
	case []any:
		all = slices.Clone(list)
	case []string:
		for _, v := range list {
			all = append(all, v)
		}
	}
	return append(all, nil)
}

// timeName is the schema of a time in an answer.
const timeName = "Time"

// timeSchema is the one form of a time that a dialect has (contract 2).
func timeSchema(v2 bool) object {
	if v2 {
		return object{
			{"type", "integer"}, {"format", "int64"}, {"multipleOf", int64(time.Microsecond)},
			{"description", "A time in nanoseconds since 1970, in UTC, of microsecond resolution."},
			{"examples", []any{json.Number("1795425304207332000")}},
		}
	}
	return object{
		{"type", "string"}, {"format", "date-time"}, {"pattern", `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`},
		{"description", "A time in RFC 3339 form, in UTC, with exactly six digits of the second."},
		{"examples", []any{"2026-11-23T09:15:04.207332Z"}},
	}
}
