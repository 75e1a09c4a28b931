package template

import (
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nikolalohinski/gonja/v2/tokens"
)

// keywords cannot be names of variables.
var keywords = map[string]bool{"and": true, "or": true, "not": true, "in": true, "is": true, "if": true, "else": true, "elif": true}

// The methods below are the levels of Jinja2's grammar, loosest first.

// measured parses an expression of a statement and notes how long it is: no part of it is evaluated more than once, but for what filters
// do to each item of a list and count themselves.
func (p *parser) measured(parse func() expr) expr {
	start := p.at
	value := parse()
	return &measuredExpr{value, (p.at - start) * tokenWork}
}

// tuple is one expression, or several with commas, which make a list.
func (p *parser) tuple() expr { return p.sequence((*parser).expression) }

func (p *parser) sequence(item func(*parser) expr) expr {
	first := item(p)
	if !p.peek().is(",") {
		return first
	}
	list := listExpr{first}
	for p.accept(",") {
		switch t := p.peek(); {
		case t.kind == tokens.VariableEnd, t.kind == tokens.BlockEnd, t.is(")"):
			return list
		}
		list = append(list, item(p))
	}
	return list
}

// expression is "a if b else c" or anything simpler.
func (p *parser) expression() expr {
	p.enter()
	defer p.leave()
	value := p.or()
	for p.accept("if") {
		node := &condExpr{when: p.or(), then: value, otherwise: literal{nil}}
		if p.accept("else") {
			node.otherwise = p.expression()
		}
		value = node
	}
	return value
}

func (p *parser) or() expr {
	left := p.and()
	for p.accept("or") {
		left = &logicExpr{left: left, right: p.and(), or: true}
	}
	return left
}

func (p *parser) and() expr {
	left := p.not()
	for p.accept("and") {
		left = &logicExpr{left: left, right: p.not()}
	}
	return left
}

func (p *parser) not() expr {
	if !p.peek().is("not") {
		return p.comparison()
	}
	p.next()
	p.enter()
	defer p.leave()
	return &notExpr{p.not()}
}

var comparisons = map[string]bool{"==": true, "!=": true, "<": true, "<=": true, ">": true, ">=": true, "in": true}

func (p *parser) comparison() expr {
	node := &compareExpr{first: p.sum()}
	for {
		t := p.peek()
		op := t.text
		switch {
		case t.is("not") && p.tokens[p.at+1].is("in"):
			p.next()
			op = "not in"
		case !comparisons[op] || !t.is(op):
			if len(node.rest) == 0 {
				return node.first
			}
			return node
		}
		p.next()
		node.rest = append(node.rest, comparand{op, p.sum()})
	}
}

func (p *parser) sum() expr {
	left := p.concat()
	for p.peek().is("+") || p.peek().is("-") {
		op := p.next().text
		left = &arithmeticExpr{op: op[0], left: left, right: p.concat()}
	}
	return left
}

func (p *parser) concat() expr {
	first := p.product()
	if !p.peek().is("~") {
		return first
	}
	parts := concatExpr{first}
	for p.accept("~") {
		parts = append(parts, p.product())
	}
	return parts
}

func (p *parser) product() expr {
	left := p.unary(true)
	for {
		t := p.peek()
		switch {
		case t.is("*"), t.is("**"):
			p.fail(t.offset, "the operator %q is not allowed", t.text)
		case t.is("//"):
			p.next()
			left = &arithmeticExpr{op: floorDivision, left: left, right: p.unary(true)}
		case t.is("/"), t.is("%"):
			p.next()
			left = &arithmeticExpr{op: t.text[0], left: left, right: p.unary(true)}
		default:
			return left
		}
	}
}

// unary is a sign, then a value with everything that follows it. Filters and tests bind to the sign too: -1|abs is 1.
func (p *parser) unary(filters bool) expr {
	var node expr
	if t := p.peek(); t.is("-") || t.is("+") {
		p.next()
		p.enter()
		defer p.leave()
		node = &signExpr{minus: t.is("-"), value: p.unary(false)}
	} else {
		node = p.postfix(p.primary())
	}
	if filters {
		node = p.filters(node)
	}
	return node
}

func (p *parser) primary() expr {
	t := p.next()
	switch {
	case t.is("("):
		if p.accept(")") {
			return listExpr{}
		}
		value := p.tuple()
		p.expect(")")
		return value
	case t.is("["):
		return p.list()
	case t.is("{"):
		return p.dict()
	}
	switch t.kind {
	case tokens.Integer, tokens.Float:
		return p.number(t)
	case tokens.String:
		text := p.unescape(t)
		for p.peek().kind == tokens.String {
			text += p.unescape(p.next())
		}
		return literal{text}
	case tokens.Name:
		return p.name(t)
	default:
		p.unexpected(t)
		return nil
	}
}

func (p *parser) name(t token) expr {
	switch t.text {
	case "true", "True":
		return literal{true}
	case "false", "False":
		return literal{false}
	case "none", "None":
		return literal{nil}
	}
	if keywords[t.text] {
		p.unexpected(t)
	}
	if p.peek().is("(") {
		p.fail(t.offset, "the function %q is not allowed", t.text)
	}
	p.mention(t)
	return newName(t.text)
}

func (p *parser) list() expr {
	list := listExpr{}
	for !p.accept("]") {
		if len(list) > 0 {
			if p.expect(","); p.accept("]") {
				break
			}
		}
		list = append(list, p.expression())
	}
	return list
}

func (p *parser) dict() expr {
	node := &dictExpr{}
	for !p.accept("}") {
		if len(node.keys) > 0 {
			if p.expect(","); p.accept("}") {
				break
			}
		}
		node.keys = append(node.keys, p.expression())
		p.expect(":")
		node.values = append(node.values, p.expression())
	}
	return node
}

// postfix is what walks into a value: .name, .0, [key] and [from:to:step].
func (p *parser) postfix(node expr) expr {
	for {
		t := p.peek()
		switch {
		case t.is("."):
			p.next()
			key := p.next()
			switch key.kind {
			case tokens.Name:
				if p.peek().is("(") {
					p.fail(key.offset, "the method %q is not allowed", key.text)
				}
				node = &attributeExpr{node, key.text}
			case tokens.Integer:
				node = &indexExpr{node, p.number(key)}
			default:
				p.unexpected(key)
			}
		case t.is("["):
			p.next()
			node = p.subscript(node)
		case t.is("("):
			p.fail(t.offset, "calls are not allowed")
		default:
			return node
		}
	}
}

func (p *parser) subscript(node expr) expr {
	var bounds [3]expr
	n := 0
	for {
		if t := p.peek(); !t.is(":") && !t.is("]") {
			bounds[n] = p.expression()
		}
		if n == 2 || !p.accept(":") {
			break
		}
		n++
	}
	if n == 0 && bounds[0] == nil {
		p.unexpected(p.peek())
	}
	p.expect("]")
	if n == 0 {
		return &indexExpr{node, bounds[0]}
	}
	return &sliceExpr{node, bounds}
}

// number reads a literal. A whole number beyond 64 bits is refused, like a fraction beyond what a float holds.
func (p *parser) number(t token) expr {
	digits := strings.ReplaceAll(t.text, "_", "")
	if t.kind == tokens.Float {
		f, err := strconv.ParseFloat(digits, 64)
		if err != nil {
			p.fail(t.offset, "malformed number")
		}
		return literal{f}
	}
	base := 10
	if len(digits) > 2 && digits[0] == '0' && (digits[1] < '0' || digits[1] > '9') {
		base = 0 // 0x, 0o, 0b
	}
	n, ok := new(big.Int).SetString(digits, base)
	if !ok || !n.IsInt64() {
		p.fail(t.offset, "malformed number")
	}
	return literal{n.Int64()}
}

var escapes = map[byte]string{'n': "\n", 't': "\t", 'r': "\r", '\\': `\`, '\'': `'`, '"': `"`, '\n': "", 'a': "\a", 'b': "\b", 'f': "\f", 'v': "\v"}

// unescape reads a string literal with the escapes of Python. One that Python does not know stays as written.
func (p *parser) unescape(t token) string {
	text := t.text[1 : len(t.text)-1]
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		digits := 0
		switch text[i] {
		case 'x':
			digits = 2
		case 'u':
			digits = 4
		case 'U':
			digits = 8
		default:
			if plain, known := escapes[text[i]]; known {
				b.WriteString(plain)
			} else {
				b.WriteString(text[i-1 : i+1])
			}
			continue
		}
		if i+digits >= len(text) {
			p.fail(t.offset, `malformed escape \%c in a string`, text[i])
		}
		code, err := strconv.ParseUint(text[i+1:i+1+digits], 16, 32)
		if err != nil || code == 0 || !utf8.ValidRune(rune(code)) {
			p.fail(t.offset, `malformed escape \%c in a string`, text[i])
		}
		b.WriteRune(rune(code))
		i += digits
	}
	return b.String()
}
