package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// wantConforming decodes an answer as typed clients do: no key that the contract does not have, none missing, every value
// of its one kind, times in the one form of the dialect.
func wantConforming(t *testing.T, d dialect, method, path string, a answer) {
	t.Helper()
	c := &conformer{dialect: d}
	c.withoutDuplicates(a.raw)
	switch pattern := routePattern(method, path); {
	case a.status >= http.StatusBadRequest:
		c.object("", a.body, parseShape("&Error"))
	case pattern == "":
		c.note("", "no shape for %s %s in answers of shapes_test.go", method, path)
	default:
		shape, ofV2, two := strings.Cut(answers[pattern], ";")
		if two && d.v2 {
			shape = ofV2
		}
		c.object("", a.body, parseShape("duration:string "+shape))
	}
	for _, problem := range c.problems {
		t.Errorf("%s: %s %s: %s\n%s", d, method, path, problem, a.raw)
	}
}

// routePattern is the key of answers that a request in the v1 form has.
func routePattern(method, path string) string {
	path, _, _ = strings.Cut(path, "?")
	steps := strings.Split(path, "/")
	best, wildcards := "", len(steps)
	for route := range answers {
		ofMethod, pattern, _ := strings.Cut(route, " ")
		want := strings.Split(pattern, "/")
		if ofMethod != method || len(want) != len(steps) {
			continue
		}
		n := 0
		for i := range want {
			switch {
			case strings.HasPrefix(want[i], "{"):
				n++
			case want[i] != steps[i]:
				n = len(steps)
			}
		}
		if n < wildcards {
			best, wildcards = route, n
		}
	}
	return best
}

type shapeKey struct {
	name, kind       string
	optional, onlyV1 bool
}

// parseShape reads the notation of shapes.
func parseShape(text string) []shapeKey {
	var keys []shapeKey
	for _, word := range strings.Fields(text) {
		if included, ok := strings.CutPrefix(word, "&"); ok {
			shape, ok := shapes[included]
			if !ok {
				panic("no shape " + included)
			}
			keys = append(keys, parseShape(shape)...)
			continue
		}
		name, kind, ok := strings.Cut(word, ":")
		if !ok {
			panic("no kind in " + word)
		}
		k := shapeKey{kind: kind}
		k.name, k.optional = strings.CutSuffix(name, "?")
		k.name, k.onlyV1 = strings.CutSuffix(k.name, "~")
		keys = append(keys, k)
	}
	return keys
}

type conformer struct {
	dialect  dialect
	problems []string
}

func (c *conformer) note(path, format string, args ...any) {
	c.problems = append(c.problems, strings.TrimSpace(path+" "+fmt.Sprintf(format, args...)))
}

func (c *conformer) object(path string, value any, shape []shapeKey) {
	object, ok := value.(map[string]any)
	if !ok {
		c.note(path, "is %T, want an object", value)
		return
	}
	rest := make(map[string]any, len(object))
	for key, inner := range object {
		rest[key] = inner
	}
	open := false
	for _, k := range shape {
		if k.kind == "custom" && !c.dialect.v2 {
			open = true
			continue
		}
		inner, there := rest[k.name]
		delete(rest, k.name)
		at := path + "." + k.name
		switch {
		case k.onlyV1 && c.dialect.v2:
			if there {
				c.note(at, "is there")
			}
		case there:
			c.value(at, inner, k.kind)
		case !k.optional:
			c.note(at, "is missing")
		}
	}
	for key := range rest {
		if !open {
			c.note(path+"."+key, "is unknown")
		}
	}
}

var timeAsText = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`)

func (c *conformer) value(path string, value any, kind string) {
	switch kind[0] {
	case '*':
		if value != nil {
			c.value(path, value, kind[1:])
		}
		return
	case '[':
		list, ok := value.([]any)
		if !ok {
			c.note(path, "is %T, want an array", value)
		}
		for i, inner := range list {
			c.value(fmt.Sprintf("%s[%d]", path, i), inner, kind[len("[]"):])
		}
		return
	case '{':
		object, ok := value.(map[string]any)
		if !ok {
			c.note(path, "is %T, want an object", value)
		}
		for key, inner := range object {
			c.value(path+"."+key, inner, kind[len("{}"):])
		}
		return
	}
	ok := true
	switch kind {
	case "json":
	case "string":
		_, ok = value.(string)
	case "bool":
		_, ok = value.(bool)
	case "data", "custom":
		_, ok = value.(map[string]any)
	case "number":
		_, ok = value.(json.Number)
	case "int":
		_, ok = integer(value)
	case "choice":
		s, isString := value.(string)
		ok = isString && (c.dialect.v2 || s != "") || value == nil && !c.dialect.v2
	case "time":
		if c.dialect.v2 {
			n, isInt := integer(value)
			// Nanoseconds of microseconds, and of no time near 1970, which would be another unit.
			ok = isInt && n%int64(time.Microsecond) == 0 && n > int64(365*24*time.Hour)
			break
		}
		s, _ := value.(string)
		ok = timeAsText.MatchString(s)
	default:
		if _, known := shapes[kind]; !known {
			panic("no kind " + kind)
		}
		c.object(path, value, parseShape("&"+kind))
	}
	if !ok {
		c.note(path, "is %v, want a %s", value, kind)
	}
}

// integer reads a number as a typed client does: digits only, in 64 bits.
func integer(value any) (int64, bool) {
	number, _ := value.(json.Number)
	n, err := strconv.ParseInt(number.String(), 10, 64)
	return n, err == nil
}

// withoutDuplicates walks the text of an answer for keys that come twice, of which a decoded one says nothing.
func (c *conformer) withoutDuplicates(raw string) {
	type frame struct {
		object bool
		keys   []string
		isKey  bool
	}
	var stack []frame
	for d := json.NewDecoder(strings.NewReader(raw)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			c.note("", "%v", err)
			return
		}
		top := len(stack) - 1
		if key, ok := token.(string); ok && top >= 0 && stack[top].isKey {
			if slices.Contains(stack[top].keys, key) {
				c.note("", "has the key %q twice in one object", key)
			}
			stack[top].keys, stack[top].isKey = append(stack[top].keys, key), false
			continue
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, frame{object: true, isKey: true})
			continue
		case json.Delim('['):
			stack = append(stack, frame{})
			continue
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:top]
			top--
		}
		if top >= 0 {
			stack[top].isKey = stack[top].object
		}
	}
}

// The conformer itself must be able to fail.
func TestConformerFindsMistakes(t *testing.T) {
	target := `{"targets": [{"app_pk": 1, "segment_id": "s", "target_id": "t", "created_at": 1795425304207332000}], "duration": "1ms"}`
	for _, tc := range []struct{ name, from, to, want string }{
		{"right", "", "", ""},
		{"time as text", "1795425304207332000", `"2026-11-23T09:15:04.207332Z"`, ".targets[0].created_at"},
		{"time with a decimal point", "1795425304207332000", "1795425304207332000.0", ".targets[0].created_at"},
		{"time with an exponent", "1795425304207332000", "1.795425304207332e18", ".targets[0].created_at"},
		{"time in seconds", "1795425304207332000", "1795425304", ".targets[0].created_at"},
		{"time in more than microseconds", "1795425304207332000", "1795425304207332001", ".targets[0].created_at"},
		{"null", `"t"`, "null", ".targets[0].target_id"},
		{"missing", `"app_pk": 1, `, "", ".targets[0].app_pk"},
		{"unknown", `"app_pk": 1`, `"app_pk": 1, "custom": {}`, ".targets[0].custom"},
		{"another kind", `"app_pk": 1`, `"app_pk": 1.0`, ".targets[0].app_pk"},
		{"twice", `"app_pk": 1`, `"app_pk": 2, "app_pk": 1`, "twice"},
		{"no array", `"targets": [`, `"next": [`, ".targets"},
	} {
		raw := strings.Replace(target, tc.from, tc.to, 1)
		var body map[string]any
		d := json.NewDecoder(strings.NewReader(raw))
		d.UseNumber()
		if err := d.Decode(&body); err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		c := &conformer{dialect: dialectV2}
		c.withoutDuplicates(raw)
		c.object("", body, parseShape("duration:string "+answers[routePattern("POST", "/segments/s/targets/query")]))
		if found := strings.Join(c.problems, "\n"); (tc.want == "") != (found == "") || !strings.Contains(found, tc.want) {
			t.Errorf("%s: found %q, want %q", tc.name, found, tc.want)
		}
	}
}
