package template

import (
	"math"
	"strings"
)

const floorDivision = 'F' // the op of "//"; the others are their own sign

// add adds numbers, joins texts and lists. A missing value joins as an empty text.
func (r *run) add(left, right any) (any, error) {
	if a, ok := left.([]any); ok {
		if b, ok := right.([]any); ok {
			if err := r.listed(len(a) + len(b)); err != nil {
				return nil, err
			}
			return append(append(make([]any, 0, len(a)+len(b)), a...), b...), nil
		}
	}
	a, textA := asText(left)
	b, textB := asText(right)
	if textA && textB {
		if len(a)+len(b) > MaxProduced {
			return nil, errTooLong()
		}
		return r.produced(a + b)
	}
	return calculate('+', left, right)
}

func asText(v any) (string, bool) {
	if v == nil {
		return "", true
	}
	s, ok := v.(string)
	return s, ok
}

var operations = map[byte]string{'+': "add", '-': "subtract", '/': "divide", floorDivision: "divide", '%': "divide"}

// calculate works on numbers as Python does: / is exact, // and % round down. Results that are whole stay whole.
func calculate(op byte, left, right any) (any, error) {
	x, okX := toFloat(left)
	y, okY := toFloat(right)
	if !okX || !okY {
		return nil, fail("cannot %s %s and %s", operations[op], typeName(left), typeName(right))
	}
	if y == 0 && op != '+' && op != '-' {
		return nil, fail("division by zero")
	}
	a, wholeA := toInt(left)
	b, wholeB := toInt(right)
	if wholeA && wholeB && op != '/' {
		return calculateWhole(op, a, b)
	}
	var result float64
	switch op {
	case '+':
		result = x + y
	case '-':
		result = x - y
	case '/':
		result = x / y
	case floorDivision:
		result = math.Floor(x / y)
	case '%':
		if result = math.Mod(x, y); result != 0 && (result < 0) != (y < 0) {
			result += y
		}
	}
	return finite(result)
}

func calculateWhole(op byte, a, b int64) (any, error) {
	switch op {
	case '+', '-':
		sum, overflow := a+b, false
		if op == '+' {
			overflow = (sum > a) != (b > 0) && b != 0
		} else {
			sum = a - b
			overflow = (sum < a) != (b > 0) && b != 0
		}
		if overflow {
			return nil, errTooLarge()
		}
		return sum, nil
	case floorDivision:
		if a == math.MinInt64 && b == -1 {
			return nil, errTooLarge()
		}
		quotient := a / b
		if a%b != 0 && (a < 0) != (b < 0) {
			quotient--
		}
		return quotient, nil
	}
	if b == -1 {
		return int64(0), nil
	}
	rest := a % b
	if rest != 0 && (rest < 0) != (b < 0) {
		rest += b
	}
	return rest, nil
}

func errTooLarge() error { return fail("the number is too large") }

func finite(f float64) (any, error) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, errTooLarge()
	}
	return f, nil
}

func negate(v any) (any, error) {
	if n, ok := toInt(v); ok {
		return calculateWhole('-', 0, n)
	}
	f, ok := toFloat(v)
	if !ok {
		return nil, fail("a sign needs a number, not %s", typeName(v))
	}
	return -f, nil
}

// bytesAtOnce is how many bytes of two texts are compared within a unit of work.
const bytesAtOnce = 16

// equal compares deeply. Numbers compare by value, whole or not, and booleans with them; a missing value equals an empty text.
func (r *run) equal(left, right any) (bool, error) {
	if err := r.spend(compareWork); err != nil {
		return false, err
	}
	a, textA := asText(left)
	b, textB := asText(right)
	if textA || textB {
		return textA && textB && a == b, r.spend(min(len(a), len(b)) / bytesAtOnce)
	}
	if n, ok := toInt(left); ok {
		if m, ok := toInt(right); ok {
			return n == m, nil
		}
	}
	if x, ok := toFloat(left); ok {
		y, ok := toFloat(right)
		return ok && x == y, nil
	}
	if list, ok := left.([]any); ok {
		other, ok := right.([]any)
		if !ok || len(list) != len(other) {
			return false, nil
		}
		for i := range list {
			if same, err := r.equal(normalise(list[i]), normalise(other[i])); err != nil || !same {
				return false, err
			}
		}
		return true, nil
	}
	return r.equalDicts(left, right)
}

func (r *run) equalDicts(left, right any) (bool, error) {
	if isObject(left) && isObject(right) && left == right {
		return true, nil
	}
	a, err := r.toDict(left)
	if err != nil {
		return false, err
	}
	b, err := r.toDict(right)
	if err != nil {
		return false, err
	}
	if a == nil || b == nil || len(a.keys) != len(b.keys) {
		return false, nil
	}
	for _, key := range a.keys {
		other, ok := b.get(key)
		if !ok {
			return false, nil
		}
		if same, err := r.equal(a.values[key], other); err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

func isObject(v any) bool {
	_, ok := v.(object)
	return ok
}

// contains tells whether a list holds an equal element, a text holds a text, an object has a field.
func (r *run) contains(container, value any) (bool, error) {
	switch c := container.(type) {
	case nil:
		return false, nil
	case string:
		part, ok := asText(value)
		if !ok {
			return false, fail("text cannot contain %s", typeName(value))
		}
		return strings.Contains(c, part), r.spend(len(c))
	case []any:
		for _, item := range c {
			if same, err := r.equal(normalise(item), value); err != nil || same {
				return same, err
			}
		}
		return false, nil
	case bool, int64, float64:
		return false, fail("%s contains nothing", typeName(container))
	}
	d, err := r.toDict(container)
	if err != nil {
		return false, err
	}
	if d == nil {
		return false, fail("%s contains nothing", typeName(container))
	}
	key, ok := dictKey(value)
	if !ok {
		return false, nil
	}
	_, found := d.get(key)
	return found, nil
}

// compare orders numbers, texts (a missing value as the empty one) and lists.
func (r *run) compare(left, right any) (int, error) {
	if err := r.spend(compareWork); err != nil {
		return 0, err
	}
	a, textA := asText(left)
	b, textB := asText(right)
	if textA && textB {
		return strings.Compare(a, b), r.spend(min(len(a), len(b)) / bytesAtOnce)
	}
	if n, ok := toInt(left); ok {
		if m, ok := toInt(right); ok {
			return order(n, m), nil
		}
	}
	x, okX := toFloat(left)
	y, okY := toFloat(right)
	if okX && okY {
		return order(x, y), nil
	}
	list, okL := left.([]any)
	other, okO := right.([]any)
	if !okL || !okO {
		return 0, fail("cannot compare %s and %s", typeName(left), typeName(right))
	}
	for i := range min(len(list), len(other)) {
		first, second := normalise(list[i]), normalise(other[i])
		if same, err := r.equal(first, second); err != nil {
			return 0, err
		} else if !same {
			return r.compare(first, second)
		}
	}
	return order(int64(len(list)), int64(len(other))), nil
}

func order[T int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// slice cuts a list as Python does; a nil bound is the end on its side.
func slice(list []any, bounds [3]*int64) ([]any, error) {
	step := int64(1)
	if bounds[2] != nil {
		step = *bounds[2]
	}
	if step == 0 {
		return nil, fail("a slice cannot have step 0")
	}
	size := int64(len(list))
	low, high := int64(0), size // where from and to may lie
	if step < 0 {
		low, high = -1, size-1
	}
	bound := func(given *int64, otherwise int64) int64 {
		if given == nil {
			return otherwise
		}
		i := *given
		if i < 0 {
			i += size
		}
		return min(max(i, low), high)
	}
	from, to := bound(bounds[0], low), bound(bounds[1], high)
	if step < 0 {
		from, to = bound(bounds[0], high), bound(bounds[1], low)
	}
	step = min(max(step, -size-1), size+1) // so that adding it cannot overflow
	cut := []any{}
	for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
		cut = append(cut, list[i])
	}
	return cut, nil
}
