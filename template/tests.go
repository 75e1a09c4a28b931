package template

import (
	"encoding/json"
	"strings"
)

// test is one allowed test: its parameters after the tested value and what it asks.
type test struct {
	parameters []parameter
	apply      func(r *run, v any, args []any) (bool, error)
}

// boundTest is a test with its arguments.
type boundTest struct {
	apply func(r *run, v any, args []any) (bool, error)
	args  []expr
}

type testExpr struct {
	value  expr
	test   boundTest
	negate bool
}

func (e *testExpr) eval(r *run) (any, error) {
	value, err := e.value.eval(r)
	if err != nil {
		return nil, err
	}
	args, err := evaluate(r, e.test.args)
	if err != nil {
		return nil, err
	}
	passes, err := e.test.call(r, value, args)
	return passes != e.negate, err
}

func (t *boundTest) call(r *run, v any, args []any) (bool, error) {
	if err := r.spend(filterWork); err != nil {
		return false, err
	}
	if err := r.readTexts(v); err != nil {
		return false, err
	}
	return t.apply(r, v, args)
}

// tests are those of gonja, with the meaning they have in Jinja2.
var tests = allTests()

func allTests() map[string]test {
	other := []parameter{{name: "other", required: true}}
	all := map[string]test{
		"boolean":     {nil, ofType[bool]},
		"callable":    {nil, never},
		"defined":     {nil, func(_ *run, v any, _ []any) (bool, error) { return v != nil, nil }},
		"divisibleby": {[]parameter{{name: "num", required: true}}, testDivisible},
		"escaped":     {nil, never},
		"even":        {nil, parity(0)},
		"false":       {nil, func(_ *run, v any, _ []any) (bool, error) { return v == false, nil }},
		"filter":      {nil, testFilter},
		"float":       {nil, ofType[float64]},
		"in":          {[]parameter{{name: "seq", required: true}}, testIn},
		"integer":     {nil, testInteger},
		"iterable":    {nil, testIterable},
		"lower":       {nil, testCase(strings.ToLower)},
		"mapping":     {nil, testMapping},
		"none":        {nil, func(_ *run, v any, _ []any) (bool, error) { return v == nil, nil }},
		"number":      {nil, func(_ *run, v any, _ []any) (bool, error) { _, ok := toFloat(v); return ok, nil }},
		"odd":         {nil, parity(1)},
		"sameas":      {other, testSame},
		"sequence":    {nil, testIterable},
		"string":      {nil, ofType[string]},
		"true":        {nil, func(_ *run, v any, _ []any) (bool, error) { return v == true, nil }},
		"undefined":   {nil, func(_ *run, v any, _ []any) (bool, error) { return v == nil, nil }},
		"upper":       {nil, testCase(upper)},
	}
	for op, names := range map[string][]string{
		"==": {"eq", "equalto"}, "!=": {"ne"}, "<": {"lt", "lessthan"}, "<=": {"le"}, ">": {"gt", "greaterthan"}, ">=": {"ge"},
	} {
		compares := test{other, func(r *run, v any, args []any) (bool, error) { return r.holds(op, v, args[0]) }}
		all[op] = compares
		for _, name := range names {
			all[name] = compares
		}
	}
	all["test"] = test{nil, func(_ *run, v any, _ []any) (bool, error) {
		name, _ := v.(string)
		_, known := all[name]
		return known, nil
	}}
	return all
}

func ofType[T any](_ *run, v any, _ []any) (bool, error) {
	_, ok := v.(T)
	return ok, nil
}

// never: a template reaches no functions, and nothing counts as escaped.
func never(*run, any, []any) (bool, error) { return false, nil }

func testInteger(_ *run, v any, _ []any) (bool, error) {
	switch v.(type) {
	case int64, json.Number:
		return true, nil
	}
	return false, nil
}

func testDivisible(_ *run, v any, args []any) (bool, error) {
	rest, err := calculate('%', v, args[0])
	if err != nil {
		return false, err
	}
	f, _ := toFloat(rest)
	return f == 0, nil
}

func parity(rest float64) func(*run, any, []any) (bool, error) {
	return func(_ *run, v any, _ []any) (bool, error) {
		result, err := calculate('%', v, int64(2))
		if err != nil {
			return false, err
		}
		f, _ := toFloat(result)
		return f == rest, nil
	}
}

func testIn(r *run, v any, args []any) (bool, error) { return r.contains(args[0], v) }

func testIterable(r *run, v any, _ []any) (bool, error) {
	switch v.(type) {
	case string, []any:
		return true, nil
	}
	return testMapping(r, v, nil)
}

func testMapping(_ *run, v any, _ []any) (bool, error) {
	switch v.(type) {
	case map[string]any, *dict, object:
		return true, nil
	}
	return false, nil
}

// testCase wants at least one letter with case, and all of them in this one.
func testCase(convert func(string) string) func(*run, any, []any) (bool, error) {
	return func(r *run, v any, _ []any) (bool, error) {
		text, err := r.toText(v)
		if err != nil {
			return false, err
		}
		hasCase := strings.ToLower(text) != strings.ToUpper(text)
		return hasCase && convert(text) == text, r.spend(len(text))
	}
}

// testSame compares without mixing types: 1 is not sameas true.
func testSame(r *run, v any, args []any) (bool, error) {
	if typeName(v) != typeName(args[0]) {
		return false, nil
	}
	return r.equal(v, args[0])
}

func testFilter(_ *run, v any, _ []any) (bool, error) {
	name, _ := v.(string)
	_, known := filters[name]
	switch name {
	case "map", "select", "reject", "selectattr", "rejectattr":
		known = true
	}
	return known, nil
}
