package request

import "strconv"

// Value is one element of a list that may hold different kinds of values.
type Value struct {
	path     string
	node     node
	problems *reading
}

// Values reads a list of at most limit elements; nil when absent, and when it is no list or too long.
func (o *Object) Values(name string, limit int) []Value {
	n := o.findKind(name, kindArray, "an array")
	if n == nil {
		return nil
	}
	if len(n.elems) > limit {
		o.Invalid(name, "has %d elements; at most %d are allowed", len(n.elems), limit)
		return nil
	}
	path := o.Path(name)
	values := make([]Value, len(n.elems))
	for i, elem := range n.elems {
		values[i] = Value{path: path + "[" + strconv.Itoa(i) + "]", node: elem, problems: o.problems}
	}
	return values
}

// Text gives the value if it is a string.
func (v Value) Text() (string, bool) { return v.node.text, v.node.kind == kindString }

// Object gives the value if it is an object.
func (v Value) Object() (*Object, bool) {
	if v.node.kind != kindObject {
		return nil, false
	}
	return &Object{path: v.path, node: v.node, problems: v.problems}, true
}

// Path is the place of the value in the body.
func (v Value) Path() string { return v.path }

// Invalid notes that the value is not acceptable, for a reason as in Object.Invalid.
func (v Value) Invalid(format string, args ...any) { v.problems.add(v.path, format, args...) }
