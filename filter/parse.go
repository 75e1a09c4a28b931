package filter

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// parser walks one filter. It goes on after an error, so that a client learns of all of them at once, except after a
// broken limit.
type parser struct {
	entity     Entity
	member     *string
	conditions int
	mentioned  map[string]bool
	errs       Errors
}

// field is something a filter can name.
type field interface {
	operators() []operator
	// compile reads the operand of one of the operators. What is wrong with it goes to p, and then no fragment of the
	// filter is ever written, so that the result may be nil.
	compile(p *parser, at string, op operator, operand json.RawMessage) fragment
}

func (p *parser) fail(at, format string, args ...any) {
	p.errs = append(p.errs, &Error{Path: at, Reason: fmt.Sprintf(format, args...)})
}

// done says that reading on has no use: a limit is broken, or there are more errors than anybody reads.
func (p *parser) done() bool { return p.conditions > MaxConditions || len(p.errs) >= MaxConditions }

// overLimit counts a condition.
func (p *parser) overLimit(at string) bool {
	p.conditions++
	if p.conditions == MaxConditions+1 {
		p.fail(at, "more than %d conditions", MaxConditions)
	}
	return p.conditions > MaxConditions
}

// filter reads an object of fields and $and, $or, $nor. Keys are taken in sorted order: the same filter always gives the
// same statement, which prepared statements and tests live on.
func (p *parser) filter(at string, raw json.RawMessage, depth int) fragment {
	entries, ok := object(raw)
	switch {
	case !ok:
		p.fail(at, "expected an object")
		return nil
	case depth > MaxDepth:
		p.fail(at, "nested deeper than %d levels", MaxDepth)
		return nil
	case len(entries) == 0 && depth > 1 && p.overLimit(at):
		return nil
	}
	var parts []fragment
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		if p.done() {
			return nil
		}
		below := at + "." + key
		switch key {
		case opAnd:
			parts = append(parts, all(p.filters(below, entries[key], depth+1)))
		case opOr:
			parts = append(parts, some(p.filters(below, entries[key], depth+1)))
		case opNor:
			parts = append(parts, not(some(p.filters(below, entries[key], depth+1))))
		default:
			parts = append(parts, p.named(below, key, entries[key]))
		}
	}
	return all(parts)
}

func (p *parser) filters(at string, raw json.RawMessage, depth int) []fragment {
	entries, ok := array(raw)
	if !ok || len(entries) == 0 {
		p.fail(at, "expected a non-empty array of filters")
		return nil
	}
	parts := make([]fragment, 0, min(len(entries), MaxConditions))
	for i, entry := range entries {
		parts = append(parts, p.filter(fmt.Sprintf("%s[%d]", at, i), entry, depth))
		if p.done() || depth > MaxDepth {
			break
		}
	}
	return parts
}

// named reads what a filter says about one field: a literal, or an object of operators.
func (p *parser) named(at, name string, raw json.RawMessage) fragment {
	if strings.HasPrefix(name, "$") {
		p.fail(at, "unknown operator; $and, $or and $nor can stand in place of a field")
		return nil
	}
	f, reason := p.field(name)
	if reason != "" {
		p.fail(at, "%s", reason)
		return nil
	}
	operands, ok := object(raw)
	if !ok {
		return p.leaf(at, f, opEqual, raw)
	}
	if len(operands) == 0 {
		p.fail(at, "expected a value or an object of operators")
		return nil
	}
	var parts []fragment
	for _, key := range slices.Sorted(maps.Keys(operands)) {
		if p.done() {
			return nil
		}
		parts = append(parts, p.leaf(at+"."+key, f, operator(key), operands[key]))
	}
	return all(parts)
}

func (p *parser) leaf(at string, f field, op operator, operand json.RawMessage) fragment {
	if p.overLimit(at) {
		return nil
	}
	if !slices.Contains(f.operators(), op) {
		p.fail(at, "operator %s is not supported here; supported: %s", op, list(f.operators()))
		return nil
	}
	return f.compile(p, at, op, operand)
}

func list(ops []operator) string {
	names := make([]string, len(ops))
	for i, op := range ops {
		names[i] = string(op)
	}
	return strings.Join(names, " ")
}

func all(parts []fragment) fragment  { return joined(parts, " AND ") }
func some(parts []fragment) fragment { return joined(parts, " OR ") }

// joined of nothing is true: it stands for an object without keys.
func joined(parts []fragment, with string) fragment {
	switch len(parts) {
	case 0:
		return verbatim("true")
	case 1:
		return parts[0]
	}
	return func(b *Binder) string {
		written := make([]string, len(parts))
		for i, part := range parts {
			written[i] = part(b)
		}
		return "(" + strings.Join(written, with) + ")"
	}
}

func not(part fragment) fragment {
	return func(b *Binder) string { return "((" + part(b) + ") IS NOT TRUE)" }
}

func object(raw json.RawMessage) (map[string]json.RawMessage, bool) {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil || entries == nil {
		return nil, false
	}
	return entries, true
}

func array(raw json.RawMessage) ([]json.RawMessage, bool) {
	var entries []json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil || entries == nil {
		return nil, false
	}
	return entries, true
}
