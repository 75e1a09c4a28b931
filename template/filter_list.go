package template

import (
	"slices"
	"strings"
)

func filterDefault(_ *run, v any, args []any) (any, error) {
	if v == nil || truth(args[1]) && !truth(v) {
		return args[0], nil
	}
	return v, nil
}

func filterLength(r *run, v any, _ []any) (any, error) {
	n, err := r.length(v)
	return int64(n), err
}

func filterFirst(r *run, v any, _ []any) (any, error) {
	if _, isList := v.([]any); isList {
		return index(v, int64(0))
	}
	items, err := r.items(v)
	if err != nil || len(items) == 0 {
		return nil, err
	}
	return normalise(items[0]), nil
}

func filterLast(r *run, v any, _ []any) (any, error) {
	if _, isList := v.([]any); isList {
		return index(v, int64(-1))
	}
	items, err := r.items(v)
	if err != nil || len(items) == 0 {
		return nil, err
	}
	return normalise(items[len(items)-1]), nil
}

func filterList(r *run, v any, _ []any) (any, error) {
	items, err := r.items(v)
	if items == nil {
		items = []any{}
	}
	return items, err
}

func filterItems(r *run, v any, _ []any) (any, error) {
	if v == nil {
		return []any{}, nil
	}
	d, err := r.toDict(v)
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, fail("needs an object, not %s", typeName(v))
	}
	return d.pairs(), r.listed(2 * len(d.keys))
}

func filterReverse(r *run, v any, _ []any) (any, error) {
	items, err := r.items(v)
	if err != nil {
		return nil, err
	}
	if err := r.listed(len(items)); err != nil {
		return nil, err
	}
	reversed := append([]any{}, items...)
	slices.Reverse(reversed)
	if _, isText := v.(string); isText {
		return r.joinText(reversed, "")
	}
	return reversed, nil
}

func filterJoin(r *run, v any, args []any) (any, error) {
	items, err := r.items(v)
	if err != nil {
		return nil, err
	}
	separator, err := r.toText(args[0])
	if err != nil {
		return nil, err
	}
	if args[1] != nil {
		if items, err = r.followAll(items, args[1]); err != nil {
			return nil, err
		}
	}
	return r.joinText(items, separator)
}

func (r *run) followAll(items []any, path any) ([]any, error) {
	if err := r.listed(len(items)); err != nil {
		return nil, err
	}
	found := make([]any, len(items))
	for i, item := range items {
		var err error
		if found[i], err = r.follow(normalise(item), path); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func filterDictsort(r *run, v any, args []any) (any, error) {
	by := 0
	switch args[1] {
	case "key":
	case "value":
		by = 1
	default:
		return nil, fail(`by is "key" or "value"`)
	}
	pairs, err := filterItems(r, v, nil)
	if err != nil {
		return nil, err
	}
	return r.sorted(pairs.([]any), truth(args[2]), func(a, b any) (int, error) {
		x, err := r.folded(a.([]any)[by], args[0])
		if err != nil {
			return 0, err
		}
		y, err := r.folded(b.([]any)[by], args[0])
		if err != nil {
			return 0, err
		}
		return r.compare(x, y)
	})
}

// folded is what a text is sorted and compared by: without case, unless caseSensitive.
func (r *run) folded(v, caseSensitive any) (any, error) {
	if text, ok := v.(string); ok && !truth(caseSensitive) {
		return strings.ToLower(text), r.spend(2 * len(text))
	}
	return v, nil
}

// keyed is an item with what it is sorted by.
type keyed struct {
	item any
	keys []any
}

// filterSort sorts by the item, or by attributes with commas between them, later ones deciding between equals.
func filterSort(r *run, v any, args []any) (any, error) {
	items, err := r.items(v)
	if err != nil {
		return nil, err
	}
	paths := []any{args[2]}
	if text, ok := args[2].(string); ok {
		paths = nil
		for path := range strings.SplitSeq(text, ",") {
			paths = append(paths, path)
		}
	}
	if err := r.listed(len(items) * (len(paths) + 2)); err != nil {
		return nil, err
	}
	entries := make([]any, len(items))
	for i, item := range items {
		entry := keyed{item: item, keys: make([]any, len(paths))}
		for j, path := range paths {
			key, err := r.follow(normalise(item), path)
			if err != nil {
				return nil, err
			}
			if entry.keys[j], err = r.folded(key, args[1]); err != nil {
				return nil, err
			}
		}
		entries[i] = entry
	}
	ordered, err := r.sorted(entries, truth(args[0]), func(a, b any) (int, error) {
		for i, key := range a.(keyed).keys {
			if order, err := r.compare(key, b.(keyed).keys[i]); err != nil || order != 0 {
				return order, err
			}
		}
		return 0, nil
	})
	if err != nil {
		return nil, err
	}
	for i, entry := range ordered {
		ordered[i] = entry.(keyed).item
	}
	return ordered, nil
}

func filterUnique(r *run, v any, args []any) (any, error) {
	items, err := r.items(v)
	if err != nil {
		return nil, err
	}
	seen := make(map[any]bool, len(items))
	unique := []any{}
	for _, item := range items {
		value, err := r.follow(normalise(item), args[1])
		if err != nil {
			return nil, err
		}
		if value, err = r.folded(value, args[0]); err != nil {
			return nil, err
		}
		key, ok := dictKey(value)
		if !ok {
			return nil, fail("cannot tell apart %s", typeName(value))
		}
		if !seen[key] {
			seen[key] = true
			unique = append(unique, item)
		}
	}
	return unique, r.keyed(2 * len(items))
}

func filterMin(r *run, v any, args []any) (any, error) { return r.extreme(v, args, -1) }

func filterMax(r *run, v any, args []any) (any, error) { return r.extreme(v, args, 1) }

// extreme is the first item whose key is below (-1) or above (1) all others; nil of none.
func (r *run) extreme(v any, args []any, side int) (any, error) {
	items, err := r.items(v)
	if err != nil {
		return nil, err
	}
	var best, bestKey any
	for i, item := range items {
		item = normalise(item)
		key, err := r.follow(item, args[1])
		if err != nil {
			return nil, err
		}
		if key, err = r.folded(key, args[0]); err != nil {
			return nil, err
		}
		if i > 0 {
			order, err := r.compare(key, bestKey)
			if err != nil {
				return nil, err
			}
			if order*side <= 0 {
				continue
			}
		}
		best, bestKey = item, key
	}
	return best, nil
}

func filterSum(r *run, v any, args []any) (any, error) {
	items, err := r.items(v)
	if err != nil {
		return nil, err
	}
	sum := args[1]
	for _, item := range items {
		value, err := r.follow(normalise(item), args[0])
		if err != nil {
			return nil, err
		}
		if sum, err = calculate('+', sum, value); err != nil {
			return nil, err
		}
	}
	return sum, nil
}
