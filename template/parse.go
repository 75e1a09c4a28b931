package template

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/nikolalohinski/gonja/v2/tokens"
)

const (
	maxLoops   = 2   // loops inside each other
	maxNesting = 100 // blocks, parentheses and operators inside each other; keeps the stack of parsing and rendering small
)

// parser turns tokens into nodes by recursive descent. It reports the first error by a panic with a *SyntaxError, which parse recovers.
type parser struct {
	source string
	scope  Scope
	tokens []token
	at     int
	loops  int
	depth  int
	names  map[string]bool
}

func parse(source string, scope Scope) (nodes []stmt, names map[string]bool, err error) {
	p := &parser{source: source, scope: scope, names: map[string]bool{}}
	defer func() {
		switch failure := recover().(type) {
		case nil:
		case *SyntaxError:
			err = failure
		default: // the lexer is not ours
			err = syntaxError(source, 0, "%s%v", internalError, failure)
		}
	}()
	p.tokens = lex(source)
	nodes, _ = p.body()
	return nodes, p.names, nil
}

func (p *parser) peek() token { return p.tokens[p.at] }

// next takes a token; the last one stays.
func (p *parser) next() token {
	t := p.tokens[p.at]
	if p.at < len(p.tokens)-1 {
		p.at++
	}
	return t
}

// accept takes the token if it is the given operator or name.
func (p *parser) accept(text string) bool {
	if p.peek().is(text) {
		p.next()
		return true
	}
	return false
}

func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.unexpected(p.peek())
	}
}

func (p *parser) expectKind(kind tokens.Type) token {
	if p.peek().kind != kind {
		p.unexpected(p.peek())
	}
	return p.next()
}

func (p *parser) fail(offset int, format string, args ...any) {
	panic(syntaxError(p.source, offset, format, args...))
}

func (p *parser) unexpected(t token) {
	switch t.kind {
	case tokens.Error:
		p.fail(t.offset, "%s", t.text)
	case tokens.EOF:
		p.fail(t.offset, "unexpected end of template")
	default:
		p.fail(t.offset, "%s", unexpected(t.text))
	}
}

func unexpected(text string) string { return fmt.Sprintf("unexpected %q", text) }

// enter counts nesting; the caller defers leave.
func (p *parser) enter() {
	if p.depth++; p.depth > maxNesting {
		p.fail(p.peek().offset, "nested deeper than %d", maxNesting)
	}
}

func (p *parser) leave() { p.depth-- }

// body parses up to the end of the template, or up to a statement named in ends, of which it takes the name.
func (p *parser) body(ends ...string) ([]stmt, string) {
	p.enter()
	defer p.leave()
	var nodes []stmt
	for {
		switch t := p.next(); t.kind {
		case tokens.Data:
			if text := p.text(p.at - 1); text != "" {
				nodes = append(nodes, textStmt(text))
			}
		case tokens.CommentBegin:
			for p.peek().kind == tokens.Data {
				p.next()
			}
			p.expectKind(tokens.CommentEnd)
		case tokens.VariableBegin:
			value := p.measured(p.tuple)
			p.expectKind(tokens.VariableEnd)
			nodes = append(nodes, &outputStmt{value, t.offset})
		case tokens.BlockBegin:
			name := p.expectKind(tokens.Name)
			if slices.Contains(ends, name.text) {
				return nodes, name.text
			}
			if node := p.statement(name, ends); node != nil {
				nodes = append(nodes, node)
			}
		case tokens.EOF:
			if len(ends) > 0 {
				p.fail(t.offset, "unexpected end of template, %q is missing", ends[len(ends)-1])
			}
			return nodes, ""
		default:
			p.unexpected(t)
		}
	}
}

// text is the data of token i without what whitespace control takes away.
func (p *parser) text(i int) string {
	text := p.tokens[i].text
	if i > 0 && strings.HasPrefix(p.tokens[i-1].text, "-") {
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
	}
	if i+1 < len(p.tokens) && strings.HasSuffix(p.tokens[i+1].text, "-") {
		text = strings.TrimRightFunc(text, unicode.IsSpace)
	}
	return text
}

func (p *parser) statement(name token, ends []string) stmt {
	switch name.text {
	case "if":
		return p.ifStatement(name)
	case "for":
		return p.forStatement(name)
	case "set":
		return p.setStatement(name)
	case "with":
		return p.withStatement(name)
	case "raw":
		return p.rawStatement()
	case "elif", "else", "endif", "endfor", "endset", "endwith", "endraw":
		if len(ends) > 0 {
			p.fail(name.offset, "unexpected %q, expected %q", name.text, ends[len(ends)-1])
		}
		p.unexpected(name)
	}
	p.fail(name.offset, "the statement %q is not allowed", name.text)
	return nil
}

func (p *parser) ifStatement(name token) stmt {
	node := &ifStmt{}
	for {
		branch := branch{offset: name.offset}
		branch.when = p.measured(p.expression)
		p.expectKind(tokens.BlockEnd)
		var end string
		branch.then, end = p.body("elif", "else", "endif")
		node.branches = append(node.branches, branch)
		if end == "else" {
			p.expectKind(tokens.BlockEnd)
			node.otherwise, end = p.body("endif")
		}
		if end == "endif" {
			p.expectKind(tokens.BlockEnd)
			return node
		}
		name = p.tokens[p.at-1]
	}
}

func (p *parser) forStatement(name token) stmt {
	if p.loops++; p.loops > maxLoops {
		p.fail(name.offset, "loops are nested deeper than %d", maxLoops)
	}
	node := &forStmt{offset: name.offset, targets: p.targets()}
	p.expect("in")
	node.over = p.measured(func() expr { return p.sequence((*parser).or) })
	if p.accept("if") {
		node.when = p.measured(p.expression)
	}
	if p.peek().is("recursive") {
		p.fail(p.peek().offset, "recursive loops are not allowed")
	}
	p.expectKind(tokens.BlockEnd)
	var end string
	node.body, end = p.body("else", "endfor")
	p.loops--
	p.expectKind(tokens.BlockEnd)
	if end == "else" {
		node.otherwise, _ = p.body("endfor")
		p.expectKind(tokens.BlockEnd)
	}
	return node
}

func (p *parser) setStatement(name token) stmt {
	node := &setStmt{offset: name.offset, targets: p.targets()}
	if p.accept("=") {
		node.value = p.measured(p.tuple)
		p.expectKind(tokens.BlockEnd)
		return node
	}
	if len(node.targets) > 1 {
		p.unexpected(p.peek())
	}
	if p.peek().is("|") {
		node.value = p.measured(func() expr { return p.filters(capturedExpr{}) })
	} else {
		node.value = capturedExpr{}
	}
	p.expectKind(tokens.BlockEnd)
	node.captures = true
	node.body, _ = p.body("endset")
	p.expectKind(tokens.BlockEnd)
	return node
}

func (p *parser) withStatement(name token) stmt {
	node := &withStmt{offset: name.offset}
	for p.peek().kind != tokens.BlockEnd {
		if len(node.names) > 0 {
			p.expect(",")
		}
		node.names = append(node.names, p.target())
		p.expect("=")
		node.values = append(node.values, p.measured(p.expression))
	}
	p.next()
	node.body, _ = p.body("endwith")
	p.expectKind(tokens.BlockEnd)
	return node
}

func (p *parser) rawStatement() stmt {
	p.expectKind(tokens.BlockEnd)
	var node stmt
	if p.peek().kind == tokens.Data {
		p.next()
		node = textStmt(p.text(p.at - 1))
	}
	p.expectKind(tokens.BlockBegin)
	p.expect("endraw")
	p.expectKind(tokens.BlockEnd)
	return node
}

// targets are the names a loop or set assigns: "x" or "k, v".
func (p *parser) targets() []string {
	parenthesis := p.accept("(")
	names := []string{p.target()}
	for p.accept(",") {
		names = append(names, p.target())
	}
	if parenthesis {
		p.expect(")")
	}
	return names
}

func (p *parser) target() string {
	t := p.expectKind(tokens.Name)
	if keywords[t.text] {
		p.unexpected(t)
	}
	p.mention(t)
	return t.text
}

// mention notes a name and refuses those that do not exist in this place.
func (p *parser) mention(t token) {
	switch {
	case t.text == "receiver" && p.scope.NoReceiver:
		p.fail(t.offset, `"receiver" is not available when the audience is channels`)
	case t.text == "channel" && p.scope.NoChannel:
		p.fail(t.offset, `"channel" is not available in a channel template`)
	}
	p.names[t.text] = true
}
