package template

import (
	"slices"

	"github.com/nikolalohinski/gonja/v2/tokens"
)

// parameter of a filter or test. Arguments come by place or by name, as in Python.
type parameter struct {
	name     string
	required bool
	def      any // when not required and not given
}

// arguments are the expressions given in a call, by place and by name.
type arguments struct {
	placed []expr
	named  map[string]expr
	at     int // offset of the name of the filter or test
}

// filters parses "|name(…)" and "is name …" after a value, any number of times.
func (p *parser) filters(node expr) expr {
	for {
		t := p.peek()
		switch {
		case t.is("|"):
			p.next()
			name := p.expectKind(tokens.Name)
			node = p.filter(node, name, p.arguments(name))
		case t.is("is"):
			p.next()
			node = p.test(node)
		case t.is("("):
			p.fail(t.offset, "calls are not allowed")
		default:
			return node
		}
	}
}

func (p *parser) arguments(name token) arguments {
	args := arguments{at: name.offset}
	if !p.accept("(") {
		return args
	}
	for first := true; !p.accept(")"); first = false {
		if !first {
			if p.expect(","); p.accept(")") {
				break
			}
		}
		t := p.peek()
		if t.is("*") || t.is("**") {
			p.fail(t.offset, "the operator %q is not allowed", t.text)
		}
		if t.kind == tokens.Name && p.tokens[p.at+1].is("=") {
			p.next()
			p.next()
			if _, twice := args.named[t.text]; twice {
				p.fail(t.offset, "the argument %q is given twice", t.text)
			}
			if args.named == nil {
				args.named = map[string]expr{}
			}
			args.named[t.text] = p.expression()
			continue
		}
		if args.named != nil {
			p.fail(t.offset, "an argument without a name follows one with a name")
		}
		args.placed = append(args.placed, p.expression())
	}
	return args
}

// bind lays the arguments on the parameters. Whatever does not fit is a syntax error.
func (p *parser) bind(kind, name string, parameters []parameter, args arguments) []expr {
	if len(args.placed) > len(parameters) {
		p.fail(args.at, "%s %q takes at most %d arguments", kind, name, len(parameters))
	}
	bound := make([]expr, len(parameters))
	copy(bound, args.placed)
	for key, value := range args.named {
		i := slices.IndexFunc(parameters, func(q parameter) bool { return q.name == key })
		switch {
		case i < 0:
			p.fail(args.at, "%s %q has no argument %q", kind, name, key)
		case bound[i] != nil:
			p.fail(args.at, "%s %q: the argument %q is given twice", kind, name, key)
		}
		bound[i] = value
	}
	for i, q := range parameters {
		if bound[i] == nil {
			if q.required {
				p.fail(args.at, "%s %q needs the argument %q", kind, name, q.name)
			}
			bound[i] = literal{q.def}
		}
	}
	return bound
}

// filter builds the node of one filter. Those that apply another filter or test to each item need its name as a literal, so that it is
// checked now.
func (p *parser) filter(node expr, name token, args arguments) expr {
	switch name.text {
	case "map":
		return p.mapFilter(node, name, args)
	case "select", "reject":
		return &selectExpr{value: node, test: p.innerTest(args, 0), negate: name.text == "reject"}
	case "selectattr", "rejectattr":
		if len(args.placed) == 0 {
			p.fail(name.offset, "filter %q needs the name of an attribute", name.text)
		}
		return &selectExpr{value: node, attribute: args.placed[0], test: p.innerTest(args, 1), negate: name.text == "rejectattr"}
	}
	return &filterExpr{value: node, filter: p.boundFilter(name.text, name.offset, args)}
}

func (p *parser) boundFilter(name string, offset int, args arguments) boundFilter {
	f, known := filters[name]
	if !known {
		p.fail(offset, "the filter %q is not allowed", name)
	}
	bound := boundFilter{name: name, apply: f.apply, args: p.bind("filter", name, f.parameters, args)}
	if name == "strftime" {
		p.checkStrftime(bound.args, offset)
	}
	return bound
}

// checkStrftime refuses a format or a language that can never work. One that only a rendering knows is looked at there.
func (p *parser) checkStrftime(args []expr, offset int) {
	if format, constant := firstLiteral(args); constant {
		if fault := timeFormatFault(format); fault != "" {
			p.fail(offset, "filter %q: %s", "strftime", fault)
		}
	}
	if tag, constant := firstLiteral(args[1:]); constant && findLanguage(tag) == nil {
		p.fail(offset, "filter %q: unknown language %q", "strftime", tag)
	}
}

func (p *parser) mapFilter(node expr, name token, args arguments) expr {
	if len(args.placed) == 0 {
		bound := p.bind("filter", "map", []parameter{{name: "attribute", required: true}, {name: "default"}}, args)
		return &mapExpr{value: node, attribute: bound[0], def: bound[1]}
	}
	inner, constant := firstLiteral(args.placed)
	if !constant {
		p.fail(name.offset, `filter "map" needs the name of a filter as a literal`)
	}
	switch inner {
	case "map", "select", "reject", "selectattr", "rejectattr":
		p.fail(name.offset, "filter %q cannot be used inside map", inner)
	}
	args.placed = args.placed[1:]
	filter := p.boundFilter(inner, name.offset, args)
	return &mapExpr{value: node, filter: &filter}
}

// innerTest is the test that select and its like apply to each item: the argument at i and those after it. None: truth.
func (p *parser) innerTest(args arguments, i int) *boundTest {
	if len(args.placed) <= i {
		if len(args.named) > 0 {
			p.fail(args.at, "unexpected named argument")
		}
		return nil
	}
	name, constant := firstLiteral(args.placed[i:])
	if !constant {
		p.fail(args.at, "the name of a test must be a literal")
	}
	test := p.boundTest(name, args.at, arguments{placed: args.placed[i+1:], named: args.named, at: args.at})
	return &test
}

// test parses what follows "is": [not] name, then arguments in parentheses or one bare argument.
func (p *parser) test(node expr) expr {
	negate := p.accept("not")
	name := p.next()
	if name.kind != tokens.Name {
		p.unexpected(name)
	}
	args := arguments{at: name.offset}
	switch t := p.peek(); {
	case t.is("("):
		args = p.arguments(name)
	case t.is("is"):
		p.unexpected(t)
	case t.is("["), t.is("{"), t.kind == tokens.String, t.kind == tokens.Integer, t.kind == tokens.Float, t.kind == tokens.Name && !keywords[t.text]:
		args.placed = []expr{p.postfix(p.primary())}
	}
	return &testExpr{value: node, test: p.boundTest(name.text, name.offset, args), negate: negate}
}

func (p *parser) boundTest(name string, offset int, args arguments) boundTest {
	t, known := tests[name]
	if !known {
		p.fail(offset, "the test %q is not allowed", name)
	}
	return boundTest{apply: t.apply, args: p.bind("test", name, t.parameters, args)}
}

func firstLiteral(args []expr) (string, bool) {
	if len(args) == 0 {
		return "", false
	}
	l, ok := args[0].(literal)
	if !ok {
		return "", false
	}
	text, ok := l.value.(string)
	return text, ok
}
