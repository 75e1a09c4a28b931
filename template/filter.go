package template

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// filter is one allowed filter: its parameters after the filtered value, as Jinja2 names them, and what it does.
type filter struct {
	parameters []parameter
	apply      func(r *run, v any, args []any) (any, error)
}

// filters are all that templates may use, besides map, select, reject, selectattr and rejectattr, which the parser builds.
var filters = allFilters()

func allFilters() map[string]filter {
	caseSensitive := parameter{name: "case_sensitive", def: false}
	attribute := parameter{name: "attribute"}
	reverse := parameter{name: "reverse", def: false}
	return map[string]filter{
		"abs":        {nil, filterAbs},
		"capitalize": {nil, textFilter(capitalize)},
		"count":      {nil, filterLength},
		"d":          {[]parameter{{name: "default_value", def: ""}, {name: "boolean", def: false}}, filterDefault},
		"default":    {[]parameter{{name: "default_value", def: ""}, {name: "boolean", def: false}}, filterDefault},
		"dictsort":   {[]parameter{caseSensitive, {name: "by", def: "key"}, reverse}, filterDictsort},
		"e":          {nil, textFilter(escape)},
		"escape":     {nil, textFilter(escape)},
		"first":      {nil, filterFirst},
		"float":      {[]parameter{{name: "default", def: 0.0}}, filterFloat},
		"int":        {[]parameter{{name: "default", def: int64(0)}, {name: "base", def: int64(10)}}, filterInt},
		"items":      {nil, filterItems},
		"join":       {[]parameter{{name: "d", def: ""}, attribute}, filterJoin},
		"last":       {nil, filterLast},
		"length":     {nil, filterLength},
		"list":       {nil, filterList},
		"lower":      {nil, textFilter(strings.ToLower)},
		"max":        {[]parameter{caseSensitive, attribute}, filterMax},
		"min":        {[]parameter{caseSensitive, attribute}, filterMin},
		"replace":    {[]parameter{{name: "old", required: true}, {name: "new", required: true}, {name: "count"}}, filterReplace},
		"reverse":    {nil, filterReverse},
		"round":      {[]parameter{{name: "precision", def: int64(0)}, {name: "method", def: "common"}}, filterRound},
		"safe":       {nil, func(_ *run, v any, _ []any) (any, error) { return v, nil }},
		"sort":       {[]parameter{reverse, caseSensitive, attribute}, filterSort},
		"strftime":   {[]parameter{{name: "format", required: true}, {name: "language"}}, filterStrftime},
		"string":     {nil, textFilter(func(s string) string { return s })},
		"striptags":  {nil, textFilter(stripTags)},
		"sum":        {[]parameter{attribute, {name: "start", def: int64(0)}}, filterSum},
		"title":      {nil, textFilter(title)},
		"tojson":     {[]parameter{{name: "indent"}}, filterToJSON},
		"trim":       {[]parameter{{name: "chars"}}, filterTrim},
		"truncate":   {[]parameter{{name: "length", def: int64(255)}, {name: "killwords", def: false}, {name: "end", def: "..."}, {name: "leeway", def: int64(5)}}, filterTruncate},
		"unique":     {[]parameter{caseSensitive, attribute}, filterUnique},
		"upper":      {nil, textFilter(upper)},
		"urlencode":  {nil, filterURLEncode},
		"wordcount":  {nil, filterWordcount},
	}
}

// boundFilter is a filter with its arguments.
type boundFilter struct {
	name  string
	apply func(r *run, v any, args []any) (any, error)
	args  []expr
}

func (f *boundFilter) arguments(r *run) ([]any, error) { return evaluate(r, f.args) }

func (f *boundFilter) call(r *run, v any, args []any) (any, error) {
	if err := r.spend(filterWork); err != nil {
		return nil, err
	}
	if err := r.readTexts(v); err != nil {
		return nil, err
	}
	if err := r.readTexts(args...); err != nil {
		return nil, err
	}
	result, err := f.apply(r, v, args)
	if failure, ok := errors.AsType[*RenderError](err); ok && !strings.HasPrefix(failure.Reason, "filter ") {
		failure.Reason = "filter " + f.name + ": " + failure.Reason
	}
	return result, err
}

func evaluate(r *run, exprs []expr) ([]any, error) {
	if len(exprs) == 0 {
		return nil, nil
	}
	values := make([]any, len(exprs))
	for i, e := range exprs {
		var err error
		if values[i], err = e.eval(r); err != nil {
			return nil, err
		}
	}
	return values, nil
}

type filterExpr struct {
	value  expr
	filter boundFilter
}

func (e *filterExpr) eval(r *run) (any, error) {
	value, err := e.value.eval(r)
	if err != nil {
		return nil, err
	}
	args, err := e.filter.arguments(r)
	if err != nil {
		return nil, err
	}
	return e.filter.call(r, value, args)
}

// mapExpr is map("filter", …), or map(attribute=…, default=…).
type mapExpr struct {
	value          expr
	filter         *boundFilter
	attribute, def expr
}

func (e *mapExpr) eval(r *run) (any, error) {
	value, err := e.value.eval(r)
	if err != nil {
		return nil, err
	}
	items, err := r.items(value)
	if err != nil {
		return nil, err
	}
	if err := r.listed(len(items)); err != nil {
		return nil, err
	}
	mapped := make([]any, len(items))
	if e.filter != nil {
		args, err := e.filter.arguments(r)
		if err != nil {
			return nil, err
		}
		for i, item := range items {
			if mapped[i], err = e.filter.call(r, normalise(item), args); err != nil {
				return nil, err
			}
		}
		return mapped, nil
	}
	path, err := e.attribute.eval(r)
	if err != nil {
		return nil, err
	}
	def, err := e.def.eval(r)
	if err != nil {
		return nil, err
	}
	for i, item := range items {
		if mapped[i], err = r.follow(normalise(item), path); err != nil {
			return nil, err
		}
		if mapped[i] == nil {
			mapped[i] = def
		}
	}
	return mapped, nil
}

// selectExpr is select, reject, selectattr and rejectattr.
type selectExpr struct {
	value     expr
	attribute expr       // nil: the item itself is tested
	test      *boundTest // nil: truth
	negate    bool
}

func (e *selectExpr) eval(r *run) (any, error) {
	value, err := e.value.eval(r)
	if err != nil {
		return nil, err
	}
	items, err := r.items(value)
	if err != nil {
		return nil, err
	}
	var path any
	if e.attribute != nil {
		if path, err = e.attribute.eval(r); err != nil {
			return nil, err
		}
	}
	var args []any
	if e.test != nil {
		if args, err = evaluate(r, e.test.args); err != nil {
			return nil, err
		}
	}
	chosen := []any{}
	for _, item := range items {
		tested := normalise(item)
		if e.attribute != nil {
			if tested, err = r.follow(tested, path); err != nil {
				return nil, err
			}
		}
		passes := truth(tested)
		if e.test != nil {
			if passes, err = e.test.call(r, tested, args); err != nil {
				return nil, err
			}
		}
		if passes != e.negate {
			chosen = append(chosen, item)
		}
	}
	return chosen, r.listed(len(chosen))
}

// follow walks an attribute given to a filter: "a.b.0" or a number; nil is the value itself.
func (r *run) follow(v, path any) (any, error) {
	if err := r.spend(compareWork); err != nil {
		return nil, err
	}
	switch path := path.(type) {
	case nil:
		return v, nil
	case int64:
		return index(v, path)
	case string:
		if err := r.spend(len(path) * elementWork); err != nil {
			return nil, err
		}
		for name := range strings.SplitSeq(path, ".") {
			var key any = name
			if i, err := strconv.ParseInt(name, 10, 64); err == nil {
				key = i
			}
			var err error
			if v, err = index(v, key); err != nil || v == nil {
				return nil, err
			}
		}
		return v, nil
	}
	return nil, fail("an attribute is a text or a number, not %s", typeName(path))
}

// sorted returns the items in order of their keys, equal ones in their old order.
func (r *run) sorted(items []any, reverse bool, compare func(a, b any) (int, error)) ([]any, error) {
	if err := r.listed(len(items)); err != nil {
		return nil, err
	}
	result := slices.Clone(items)
	var failure error
	slices.SortStableFunc(result, func(a, b any) int {
		if failure != nil {
			return 0
		}
		order, err := compare(a, b)
		if err != nil {
			failure = err
		}
		if reverse {
			return -order
		}
		return order
	})
	return result, failure
}
