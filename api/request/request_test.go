package request_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"herald/api/request"
	"herald/models"
)

func decode(t *testing.T, body string) *request.Object {
	t.Helper()
	b, err := request.Decode([]byte(body))
	if err != nil {
		t.Fatalf("decode %s: %v", body, err)
	}
	return b.Object()
}

func TestDecodeRefuses(t *testing.T) {
	nested := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	for _, tc := range []struct{ name, body, want string }{
		{"cut off", "{\"a\": 1,\n  \"b\":", "malformed JSON at line 2, column 6: "},
		{"at the start", "x", "malformed JSON at line 1, column 1: "},
		{"column in characters", `{"äöü": x}`, "malformed JSON at line 1, column 9: "},
		{"two values", `{} {}`, "malformed JSON at line 1, column 4: "},
		{"trailing comma", `{"a": [1,]}`, "malformed JSON at line 1, column 10: "},
		{"no object", `[1]`, "the body must be a JSON object"},
		{"text", `"x"`, "the body must be a JSON object"},
		{"invalid UTF-8", "{\"a\": [{\"b\": \"\xff\"}]}", "a[0].b is not valid UTF-8"},
		{"invalid UTF-8 in a key", "{\"a\": {\"\xc0\xaf\": 1}}", "a has a key that is not valid UTF-8"},
		{"invalid UTF-8 at the top", "{\"\xff\": 1}", "the body has a key that is not valid UTF-8"},
		{"surrogate in UTF-8", "{\"a\": \"\xed\xa0\x80\"}", "a is not valid UTF-8"},
		{"NUL", `{"a": {"b": "x\u0000"}}`, "a.b contains the character U+0000"},
		{"NUL in a key", `{"a": {"\u0000": 1}}`, "a has a key that contains the character U+0000"},
		{"first half of a pair", `{"a b": "\ud83d"}`, `["a b"] contains half of a surrogate pair`},
		{"first half, then another escape", `{"a": "\ud83d\u0041"}`, "a contains half of a surrogate pair"},
		{"second half", `{"a": "x\uDE00"}`, "a contains half of a surrogate pair"},
		{"halves in the wrong order", `{"a": "\ude00\ud83d"}`, "a contains half of a surrogate pair"},
		{"too deep", nested(33), strings.TrimSuffix(strings.Repeat("a.", 32), ".") + " is nested deeper than 32 levels"},
		{"endlessly deep", strings.Repeat("[", 20000), "malformed JSON at line 1, column "},
		{"huge number", `{"a": 1e400}`, "a is a number out of range"},
		{"tiny number", `{"a": 1e-400}`, "a is a number out of range"},
		{"long number", `{"a": 1` + strings.Repeat("0", 400) + `}`, "a is a number out of range"},
		{"huge exponent", `{"a": 0e99999999999999999999}`, "a is a number out of range"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := request.Decode([]byte(tc.body))
			if models.ErrorCode(err) != models.CodeInvalid || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
	for _, body := range []string{
		"", " \n", "null", "{}", nested(32), `{"a": "\ud83d\ude00 \\ud83d \ufffd"}`, "{\"a\": \"\ufffd\"}", `{"a": -1.5E+300}`,
	} {
		if _, err := request.Decode([]byte(body)); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestReadsLeniently(t *testing.T) {
	f := decode(t, `{"NAME": "x", "name": "y", "Nothing": 1, "nothing": null, "list": [], "t": 1795425304, "b": false, "i": 7}`)
	name := f.OptionalString("name")
	if name == nil || *name != "y" {
		t.Errorf("name %v: the last of duplicates must win", name)
	}
	if f.Has("nothing") || f.OptionalInt("nothing", 0, 9) != nil || f.Bool("absent", true) != true {
		t.Error("null must be absent")
	}
	if list := f.Strings("list", 1); list == nil || len(list) != 0 {
		t.Errorf("an empty list is given, and empty: %#v", list)
	}
	if f.Strings("absent", 1) != nil || f.Objects("absent", 1) != nil || f.Raw("absent") != nil || f.Time("absent") != nil || f.Entries("absent") != nil {
		t.Error("absent must read as nil")
	}
	if got := f.Time("T"); got == nil || !got.Equal(time.Unix(1795425304, 0)) {
		t.Errorf("time %v", got)
	}
	if b := f.OptionalBool("b"); b == nil || *b {
		t.Error("false must be given")
	}
	if f.Int("i", 7, 7) != 7 {
		t.Error("bounds are inclusive")
	}
	if err := f.Err(); err != nil {
		t.Error(err)
	}
}

func TestReadsStrictly(t *testing.T) {
	f := decode(t, `{
		"s": 1, "long": "ääää", "mode": "x", "b": "true", "i": "10", "f": 1.0, "e": 1e2, "big": 99999999999999999999, "far": 11,
		"list": ["a", null, 1, "toolong"], "many": [1, 2], "o": [], "os": [{}, null], "t": "soon",
		"m": {"x": {"id": 1}, "y z": 2}, "none": null, "deep": {"a": {"b": 1}}, "raw": {"x": "xxxxxxxxxx"}}`)
	f.String("s")
	f.String("long", request.MaxChars(3), request.OneOf("never asked"))
	f.String("mode", request.OneOf("include", "exclude"))
	f.Bool("b", false)
	f.Int("i", 0, 100)
	f.Int("f", 0, 100)
	f.Int("e", 0, 100)
	f.Int("big", 0, 100)
	f.Int("far", 0, 10)
	f.Strings("list", 4, request.MaxChars(3))
	f.Strings("many", 1)
	f.Object("o").String("inside")
	f.Objects("os", 2)
	f.Time("t")
	for _, e := range f.Entries("m") {
		e.Object.String("id")
	}
	f.Require("none", "absent", "s")
	f.Object("deep").Object("a").String("b")
	f.JSONObject("raw", 15)
	want := map[string]string{
		"s": "must be a string", "long": "must be at most 3 characters long", "mode": `must be one of "include", "exclude"`,
		"b": "must be a boolean", "i": "must be an integer", "f": "must be an integer", "e": "must be an integer",
		"big": "must be between 0 and 100", "far": "must be between 0 and 10",
		"list[1]": "must be a string", "list[2]": "must be a string", "list[3]": "must be at most 3 characters long",
		"many": "has 2 elements; at most 1 are allowed", "o": "must be an object", "os[1]": "must be an object", "t": "expected a timestamp",
		"m.x.id": "must be a string", `m["y z"]`: "must be an object", "none": "is required", "absent": "is required",
		"deep.a.b": "must be a string", "raw": "is 18 bytes of JSON; at most 15 are allowed",
	}
	var e *models.Error
	if !errors.As(f.Err(), &e) || e.Code != models.CodeInvalid {
		t.Fatalf("error %v", f.Err())
	}
	got := map[string]string{}
	for _, field := range e.Fields {
		got[field.Path] = field.Reason
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("invalid fields (-want +got):\n%s", diff)
	}
}

func TestBodyIsReadAfresh(t *testing.T) {
	body, err := request.Decode([]byte(`{"a": 1}`))
	if err != nil {
		t.Fatal(err)
	}
	first := body.Object()
	first.String("a")
	if second := body.Object(); first.Err() == nil || second.Err() != nil {
		t.Errorf("errors %v and %v: a second reading starts without any", first.Err(), second.Err())
	}
}

func TestCustom(t *testing.T) {
	for _, tc := range []struct{ body, want string }{
		{`{"id": "a", "Name": "n"}`, ""},
		{`{"id": "a", "x": null, "big": 12345678901234567890.10, "o": {"a": [ null ]}}`, `{"x":null,"big":12345678901234567890.10,"o":{"a":[null]}}`},
		{`{"x": 1, "y": 2, "x": 3}`, `{"x":3,"y":2}`},
		{`{"X": 1, "x": 2}`, `{"X":1,"x":2}`},
		{`{"custom": {"a": 1}}`, `{"custom":{"a":1}}`},
		{`{"a\"b": "\u00e4"}`, `{"a\"b":"\u00e4"}`},
	} {
		f := decode(t, tc.body)
		if got := string(f.Custom("id", "name")); got != tc.want || f.Err() != nil {
			t.Errorf("%s: got %s, want %s, %v", tc.body, got, tc.want, f.Err())
		}
	}
	for size, ok := range map[int]bool{models.MaxCustomBytes: true, models.MaxCustomBytes + 1: false} {
		f := decode(t, `{"id": "a",    "x": "`+strings.Repeat("x", size-len(`{"x":""}`))+`"}`)
		if f.Custom("id"); (f.Err() == nil) != ok {
			t.Errorf("%d bytes: %v", size, f.Err())
		}
	}
}

func TestNestedCustom(t *testing.T) {
	nested := func(body string) *request.Object {
		b, err := request.Decode([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return b.NestedCustom().Object()
	}
	for _, tc := range []struct{ body, want string }{
		{`{"id": "a", "x": 1}`, ""},
		{`{"custom": {}}`, ""},
		{`{"custom": null}`, ""},
		{`{"x": 1, "Custom": {"id": "b", "n": null, "custom": [1.50]}}`, `{"id":"b","n":null,"custom":[1.50]}`},
		{`{"custom": {"x": 1, "y": 2, "x": 3}}`, `{"x":3,"y":2}`},
		{`{"custom": {"x": 1}, "custom": {"y": 2}}`, `{"y":2}`},
	} {
		f := nested(tc.body)
		if got := string(f.Custom("id", "name")); got != tc.want || f.Err() != nil {
			t.Errorf("%s: got %s, want %s, %v", tc.body, got, tc.want, f.Err())
		}
	}

	// Every object of the body is read in the same way, however it was reached.
	f := nested(`{"o": {"flat": 1, "custom": {"a": 1}}, "list": [{"custom": {"a": 1}}], "map": {"k": {"custom": {"a": 1}}}}`)
	objects := append([]*request.Object{f.Object("o"), f.Entries("map")[0].Object}, f.Objects("list", 1)...)
	if element, ok := f.Values("list", 1)[0].Object(); ok {
		objects = append(objects, element)
	}
	for i, o := range objects {
		if got := string(o.Custom("flat")); got != `{"a":1}` {
			t.Errorf("object %d: %s", i, got)
		}
	}

	for body, field := range map[string]string{
		`{"o": {"custom": [1]}}`: "o.custom",
		`{"o": {"custom": {"x": "` + strings.Repeat("x", models.MaxCustomBytes) + `"}}}`: "o.custom",
	} {
		f := nested(body)
		f.Object("o").Custom()
		var e *models.Error
		if !errors.As(f.Err(), &e) || len(e.Fields) != 1 || e.Fields[0].Path != field {
			t.Errorf("%.40s: %v, want a refusal of %s", body, f.Err(), field)
		}
	}
}

func TestMerged(t *testing.T) {
	for _, tc := range []struct{ body, want string }{
		{`{"type": "a", "x": 1, "custom": {"x": 2, "y": null}}`, `{"type":"a","x":2,"y":null}`},
		{`{"type": null, "x": null, "custom": {"type": "hidden"}}`, `{"x":null}`},
		{`{"TYPE": "a", "X": 1, "custom": {"x": 2}}`, `{"type":"a","X":1,"x":2}`},
		{`{"type": "a", "Type": "b"}`, `{"type":"b"}`},
		{`{"type": "a", "Type": null}`, `{}`},
		{`{"type": [{"a": null, "b": [null, {"c": null}], "d": 1}], "x": [{"a": null}]}`, `{"type":[{"b":[null,{}],"d":1}],"x":[{"a": null}]}`},
		{`{"custom": {"custom": {"x": 1}}}`, `{"custom":{"x": 1}}`},
		{`{}`, `{}`},
	} {
		f := decode(t, tc.body)
		if got := string(f.Merged("custom", "type")); got != tc.want || f.Err() != nil {
			t.Errorf("%s: got %s, want %s, %v", tc.body, got, tc.want, f.Err())
		}
	}
}

func TestQuery(t *testing.T) {
	values, err := url.ParseQuery("n=5&far=11&word=x&yes=True&no=false&maybe=1&bad=%FF&nul=%00&empty=")
	if err != nil {
		t.Fatal(err)
	}
	q := request.NewQuery(values)
	if q.Int("n", 0, 5) != 5 || q.Int("absent", 1, 5) != 0 || q.Int("empty", 1, 5) != 0 || q.String("word") != "x" || !q.Bool("yes") || q.Bool("no") || q.Err() != nil {
		t.Errorf("valid parameters: %v", q.Err())
	}
	q.Int("far", 0, 10)
	q.Int("word", 0, 10)
	q.Bool("maybe")
	q.String("bad")
	q.String("nul")
	q.String("word", request.OneOf("y"))
	var e *models.Error
	if !errors.As(q.Err(), &e) || len(e.Fields) != 6 {
		t.Errorf("errors %v", q.Err())
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"", "null", `{"a": [1, "\ud83d\ude00", {"b": null}], "a": true}`, "{\"a\": \"\xff\"}", `{"a": "\ud800"}`, `{"\u0000": 1}`,
		`{"a":{"a":1,"A":2,"a":3}}`, `{"a":1e999}`, `{"a":[{"custom":{"x":1}}]}`, strings.Repeat("[", 40),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		body, err := request.Decode(data)
		if err != nil {
			var shown *models.Error
			if !errors.As(err, &shown) || shown.Code != models.CodeInvalid {
				t.Fatalf("error %#v", err)
			}
			return
		}
		trimmed := bytes.TrimSpace(data)
		if len(trimmed) > 0 && (!json.Valid(data) || !utf8.Valid(data)) {
			t.Fatalf("accepted %q", data)
		}
		o := body.Object()
		for _, name := range []string{"a", "A", ""} {
			o.String(name)
			o.Int(name, 0, 10)
			o.Time(name)
			o.Strings(name, 5)
			o.Objects(name, 5)
			for _, e := range o.Entries(name) {
				e.Object.Merged("custom", "a")
			}
		}
		for _, custom := range []models.Custom{o.Custom("a"), body.NestedCustom().Object().Custom(), o.Merged("custom", "a")} {
			var kept map[string]json.RawMessage
			if custom == nil {
				continue
			}
			if err := json.Unmarshal(custom, &kept); err != nil || bytes.ContainsRune(custom, 0) {
				t.Fatalf("custom data %q: %v", custom, err)
			}
		}
		_ = o.Err()
	})
}
