package models_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

func TestEditCustom(t *testing.T) {
	deep := strings.TrimSuffix(strings.Repeat("a.", 32), ".")
	for _, tt := range []struct {
		name      string
		data, set string
		unset     []string
		want      string
		invalid   []models.KeyError
	}{
		{"nothing", ``, ``, nil, `{}`, nil},
		{"the first key", ``, `{"a": 1}`, nil, `{"a":1}`, nil},
		{"replaced", `{"a": 1, "b": 2}`, `{"a": [1, {"x": null}]}`, nil, `{"a":[1,{"x":null}],"b":2}`, nil},
		{"null is a value", `{"a": 1}`, `{"a": null}`, nil, `{"a":null}`, nil},
		{"digits stay", `{"a": 12345678901234567890.10}`, `{"b": 1e2}`, nil, `{"a":12345678901234567890.10,"b":1e2}`, nil},
		{"markup stays", `{"a": "<b>&"}`, `{"b": "é<"}`, nil, `{"a":"<b>&","b":"é<"}`, nil},
		{"unset", `{"a": 1, "b": 2}`, ``, []string{"a", "missing", "b.c"}, `{"b":2}`, nil},
		{"unset and set", `{"a": {"x": 1}}`, `{"a.y": 2}`, []string{"a"}, `{"a":{"y":2}}`, nil},
		{"nested", `{"a": {"x": 1}}`, `{"a.y.z": 2}`, nil, `{"a":{"x":1,"y":{"z":2}}}`, nil},
		{"null on the way", `{"a": null}`, `{"a.y": 2}`, nil, `{"a":{"y":2}}`, nil},
		{"nested unset", `{"a": {"x": 1, "y": {"z": 2}}}`, ``, []string{"a.y.z", "a.x", "a.no.no"}, `{"a":{"y":{}}}`, nil},
		{"the later of two that meet", ``, `{"a.b": 1, "a": {"c": 2}, "a.d": 3}`, nil, `{"a":{"c":2,"d":3}}`, nil},
		{"through a scalar", `{"a": "x"}`, `{"a.b": 1, "c": 2}`, nil, ``, []models.KeyError{{"a.b", `can't be set: "a" is no object`}}},
		{"through an array", `{"a": {"l": [1]}}`, `{"a.l.0": 1}`, nil, ``, []models.KeyError{{"a.l.0", `can't be set: "l" is no object`}}},
		{"into a built-in field", `{"NAME": {"x": 1}}`, `{"Name.first": 1}`, []string{"name.x", "name"}, ``, []models.KeyError{{"Name.first", `can't be set: "Name" is no object`}}},
		{"no names", ``, `{"": 1, "a.": 1, ".a": 1, "a..b": 1}`, nil, ``, []models.KeyError{
			{"", "has a step without a name"}, {"a.", "has a step without a name"}, {".a", "has a step without a name"}, {"a..b", "has a step without a name"}}},
		{"deepest", ``, fmt.Sprintf(`{%q: 1}`, deep), nil, strings.Repeat(`{"a":`, 32) + "1" + strings.Repeat("}", 32), nil},
		{"too deep", ``, fmt.Sprintf(`{%q: 1}`, deep+".a"), nil, ``, []models.KeyError{{deep + ".a", "has more than 32 steps"}}},
		{"longest", fmt.Sprintf(`{"a": %q}`, strings.Repeat("x", 5000)), fmt.Sprintf(`{"b": %q}`, strings.Repeat("<", 105)), nil,
			fmt.Sprintf(`{"a":%q,"b":"%s"}`, strings.Repeat("x", 5000), strings.Repeat("<", 105)), nil},
		{"too long", fmt.Sprintf(`{"a": %q}`, strings.Repeat("x", 5000)), fmt.Sprintf(`{"b": %q}`, strings.Repeat("x", 106)), nil, ``,
			[]models.KeyError{{"", "makes custom data of 5121 bytes of JSON; at most 5120 are allowed"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, invalid := models.EditCustom(models.Custom(tt.data), models.Custom(tt.set), tt.unset, []string{"id", "name"})
			if diff := cmp.Diff(tt.invalid, invalid); diff != "" {
				t.Errorf("invalid (-want +got):\n%s", diff)
			}
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// Whatever is set can be read back at its path, and nothing else has changed.
func FuzzEditCustom(f *testing.F) {
	f.Add(`{"a": {"x": 1}}`, "a.y", `2`, "a.x")
	f.Add(`{}`, "a", `"<"`, "b")
	f.Add(`{"a": [1]}`, "a.0", `null`, "")
	f.Fuzz(func(t *testing.T, data, key, value, unset string) {
		var before map[string]any
		quoted, err := json.Marshal(key)
		if json.Unmarshal([]byte(data), &before) != nil || before == nil || !json.Valid([]byte(value)) || err != nil {
			t.Skip()
		}
		set := fmt.Sprintf(`{%s: %s}`, quoted, value)
		got, invalid := models.EditCustom(models.Custom(data), models.Custom(set), []string{unset}, nil)
		if len(invalid) > 0 {
			if got != nil {
				t.Fatalf("invalid and yet %s", got)
			}
			return
		}
		if len(got) > models.MaxCustomBytes {
			t.Fatalf("%d bytes", len(got))
		}
		var name string
		if err := json.Unmarshal(quoted, &name); err != nil {
			t.Fatal(err)
		}
		at := got
		for _, step := range strings.Split(name, ".") {
			var doc map[string]json.RawMessage
			if err := json.Unmarshal(at, &doc); err != nil {
				t.Fatalf("%s in %s: %v", step, got, err)
			}
			at = doc[step]
		}
		var want bytes.Buffer
		if err := json.Compact(&want, []byte(value)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(at, want.Bytes()) {
			t.Fatalf("%s at %s, want %s", at, name, want.Bytes())
		}
	})
}
