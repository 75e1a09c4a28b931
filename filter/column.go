package filter

import "encoding/json"

// column is a built-in field with one value per row: a column, or an expression over the row.
type column struct {
	value fragment
	kind  kind
	ops   []operator
}

func (c column) operators() []operator { return c.ops }

func (c column) compile(p *parser, at string, op operator, operand json.RawMessage) fragment {
	switch op {
	case opEqual:
		return c.compare(p, at, "=", operand)
	case opNotEqual:
		return not(c.compare(p, at, "=", operand))
	case opIn:
		return c.in(p, at, operand)
	case opNotIn:
		return not(c.in(p, at, operand))
	case opExists:
		return p.exists(at, operand, " IS NOT NULL", " IS NULL", c.value)
	case opAutocomplete, opQuery:
		return p.beginsWord(at, op, operand, c.value)
	default:
		return c.compare(p, at, comparisons[op], operand)
	}
}

func (c column) compare(p *parser, at, comparison string, operand json.RawMessage) fragment {
	v, ok := p.scalar(at, operand, c.kind)
	if !ok {
		return nil
	}
	return func(b *Binder) string { return c.value(b) + " " + comparison + " " + v.bind(b) }
}

func (c column) in(p *parser, at string, operand json.RawMessage) fragment {
	values, ok := p.values(at, operand, c.kind, 1)
	if !ok {
		return nil
	}
	return func(b *Binder) string { return c.value(b) + " = ANY(" + bindAll(b, values, c.kind) + ")" }
}

// textArray is a built-in column of type text[]. Its operators are those a GIN index on the column serves.
type textArray struct {
	column string
}

func (textArray) operators() []operator { return ofArray }

func (a textArray) compile(p *parser, at string, op operator, operand json.RawMessage) fragment {
	switch {
	case op == opIn:
		values, ok := p.values(at, operand, text, 1)
		if !ok {
			return nil
		}
		return a.shares(values)
	case op == opEqual && isArray(operand):
		values, ok := p.values(at, operand, text, 0)
		if !ok {
			return nil
		}
		return func(b *Binder) string {
			set := bindAll(b, values, text)
			return "(" + a.column + " @> " + set + " AND " + a.column + " <@ " + set + ")"
		}
	default:
		v, ok := p.scalar(at, operand, text)
		if !ok {
			return nil
		}
		return a.has(v)
	}
}

func (a textArray) shares(values []scalar) fragment {
	return func(b *Binder) string { return a.column + " && " + bindAll(b, values, text) }
}

func (a textArray) has(v scalar) fragment {
	return func(b *Binder) string { return a.column + " @> ARRAY[" + v.bind(b) + "]" }
}
