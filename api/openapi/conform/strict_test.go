package conform_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"herald/api/openapi"
)

// open are the keys of answers under which anything may be: what integrators said themselves, an event as it was sent, and
// what a task has to tell.
var open = []string{"custom", "filter", "giphy", "event", "result"}

// A typed client of the v2 dialect knows the keys that it decodes and reads times and integers into 64 bits. So an answer
// of v2 may be nothing that it could not decode: every object in it has a fixed list of keys, or values of one kind, every
// integer has the format that the check reads in digits only, and no time is text. What is optional in an answer, and so
// perhaps in none that a test sees, is held to that too.
func TestAnswersOfV2AreClosed(t *testing.T) {
	var document map[string]any
	if err := json.Unmarshal(openapi.Document(), &document); err != nil {
		t.Fatal(err)
	}
	w := walk{t: t, document: document, seen: map[string]bool{}}
	for _, op := range openapi.Operations() {
		if op.V2 {
			w.schema(op.ID, w.at("paths", op.Path, strings.ToLower(op.Method), "responses", strconv.Itoa(op.Status), "content", "application/json", "schema"))
		}
	}
	w.schema("Error", w.at("components", "schemas", "Error"))
	t.Logf("%d objects and %d integers, %d of them times", w.objects, w.integers, w.times)
	if w.objects < 100 || w.integers < 60 || w.times < 50 {
		t.Errorf("only %d objects, %d integers and %d times were found", w.objects, w.integers, w.times)
	}
}

// walk goes through schemas and the schemas that they refer to.
type walk struct {
	t        *testing.T
	document map[string]any
	seen     map[string]bool // references

	objects, integers, times int
}

func (w *walk) at(steps ...string) map[string]any {
	w.t.Helper()
	object := w.document
	for i, step := range steps {
		inner, ok := object[step].(map[string]any)
		if !ok {
			w.t.Fatalf("the document has no object at %v", steps[:i+1])
		}
		object = inner
	}
	return object
}

func (w *walk) schema(place string, schema map[string]any) {
	if ref, ok := schema["$ref"].(string); ok {
		if strings.HasSuffix(ref, "/TimeV2") {
			w.times++
		}
		if !w.seen[ref] {
			w.seen[ref] = true
			steps := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
			w.schema(steps[len(steps)-1], w.at(steps...))
		}
		return
	}
	for _, keyword := range []string{"anyOf", "oneOf", "allOf"} {
		list, _ := schema[keyword].([]any)
		for i, one := range list {
			w.schema(fmt.Sprintf("%s.%s[%d]", place, keyword, i), one.(map[string]any))
		}
		if list != nil {
			return
		}
	}
	if schema["maxItems"] == 0. || schema["maxProperties"] == 0. {
		return // always empty
	}
	types, _ := schema["type"].([]any)
	if one, ok := schema["type"].(string); ok {
		types = []any{one}
	}
	if len(types) == 0 {
		w.t.Errorf("%s may be of any kind", place)
	}
	for _, kind := range types {
		switch kind {
		case "object":
			w.object(place, schema)
		case "array":
			items, ok := schema["items"].(map[string]any)
			if !ok {
				w.t.Errorf("%s: an array of anything", place)
				continue
			}
			w.schema(place+"[]", items)
		case "integer":
			w.integers++
			if schema["format"] != "int64" {
				w.t.Errorf("%s: an integer that may be written as 1.0", place)
			}
		case "string":
			if schema["format"] == "date-time" {
				w.t.Errorf("%s: a time as text", place)
			}
		}
	}
}

func (w *walk) object(place string, schema map[string]any) {
	w.objects++
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if property := properties[name].(map[string]any); !slices.Contains(open, name) || property["$ref"] != nil {
			w.schema(place+"."+name, property)
		}
	}
	switch others := schema["additionalProperties"].(type) {
	case bool:
		if others {
			w.t.Errorf("%s may have any keys", place)
		}
	case map[string]any:
		if properties != nil {
			w.t.Errorf("%s may have other keys beside its own", place)
		}
		w.schema(place+".*", others)
	default:
		w.t.Errorf("%s may have any keys", place)
	}
}
