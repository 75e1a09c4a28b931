package openapi_test

import (
	"testing"

	"herald/api/openapi"
)

func TestKinds(t *testing.T) {
	for word, want := range map[string][2]string{
		"string":                  {`{"type":"string"}`},
		"string(..5)":             {`{"type":"string","maxLength":5}`},
		"string(a,b)":             {`{"type":"string","enum":["a","b"]}`},
		"string(a,b)|null":        {`{"type":["string","null"],"enum":["a","b",null]}`},
		`string(1..255)=""`:       {`{"type":"string","minLength":1,"maxLength":255,"default":""}`},
		"int(0..100)=30":          {`{"type":"integer","format":"int64","minimum":0,"maximum":100,"default":30}`},
		"int(-1,0,1)":             {`{"type":"integer","format":"int64","enum":[-1,0,1]}`},
		"int(-5..)":               {`{"type":"integer","format":"int64","minimum":-5}`},
		"number(0..1)":            {`{"type":"number","minimum":0,"maximum":1}`},
		"bool=false":              {`{"type":"boolean","default":false}`},
		"json[]":                  {`{"type":"array","items":{}}`},
		"json|null":               {`{"anyOf":[{},{"type":"null"}]}`},
		"string(..9)[](1..20)":    {`{"type":"array","items":{"type":"string","maxLength":9},"minItems":1,"maxItems":20}`},
		"Vote[]{}(..3)":           {`{"type":"object","additionalProperties":{"type":"array","items":{"$ref":"#Vote"}},"maxProperties":3}`},
		"time|null":               {`{"anyOf":[{"$ref":"#Time"},{"type":"null"}]}`},
		"id_or(Member)":           {`{"anyOf":[{"type":"string"},{"$ref":"#Member"}]}`},
		"choice(hidden,archived)": {`{"type":["string","null"],"enum":["hidden","archived",null]}`, `{"type":"string","enum":["","hidden","archived"]}`},
	} {
		for i, v2 := range []bool{false, true} {
			if i == 1 && want[1] == "" {
				want[1] = want[0]
			}
			if got, err := openapi.Kind(word, v2); err != nil || got != want[i] {
				t.Errorf("%s is %s (%v), want %s", word, got, err, want[i])
			}
		}
	}
	for _, word := range []string{"", "[]string", "string[", "string(..x)[](a)", "int(1...2)", "bool=no", "a b", "number(a)"} {
		if got, err := openapi.Kind(word, false); err == nil {
			t.Errorf("%q is %s", word, got)
		}
	}
}

func TestProse(t *testing.T) {
	const text = "One\nline.\n\n# Head\nBelow\n- an entry\n  of two lines\n- another\n\n| a | b |\n|---|---|\n"
	const want = "One line.\n\n# Head\nBelow\n- an entry of two lines\n- another\n\n| a | b |\n|---|---|"
	if got := openapi.Prose(text); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
