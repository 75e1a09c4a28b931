package template_test

import (
	"fmt"
	"strings"

	"herald/template"
)

// generator makes templates out of the language's own grammar. Each choice takes a byte of the data; when they run out it is the simplest
// one, so everything ends, and a fuzzer that changes a byte changes one choice.
type generator struct {
	data  []byte
	out   strings.Builder
	loops int
}

// generate makes a template of the data.
func generate(data []byte) string {
	g := &generator{data: data}
	for len(g.data) > 0 && g.out.Len() < template.MaxSource {
		g.statement(4)
	}
	return g.out.String()
}

func (g *generator) choose(n int) int {
	if len(g.data) == 0 {
		return 0
	}
	b := g.data[0]
	g.data = g.data[1:]
	return int(b) % n
}

func (g *generator) one(of ...string) string { return of[g.choose(len(of))] }

func (g *generator) print(parts ...string) {
	for _, p := range parts {
		g.out.WriteString(p)
	}
}

func (g *generator) statement(depth int) {
	kind := g.choose(12)
	if depth == 0 {
		kind %= 6
	}
	switch kind {
	case 0:
		g.print(g.one("text ", "é\u202e😀", "\r\n", "{ } ", "<b>&", "{#c#}", "{% raw %}{{ x }}{% endraw %}", "\t"))
	case 1, 2, 3:
		g.print("{{ ", g.expression(3), " }}")
	case 4:
		g.print("{% set ", g.variable(), " = ", g.expression(3), " %}")
	case 5: // grows what is there
		v := g.variable()
		g.print("{% set ", v, " = ", g.one(v+" ~ "+v, "["+v+", "+v+"]", v+"|list + "+v+"|list", v+"|tojson", "["+v+"]", "{'k': "+v+"}"), " %}")
	case 6:
		g.print("{% if ", g.expression(3), " %}")
		g.body(depth, "elif "+g.expression(2), "else")
		g.print("{% endif %}")
	case 7, 8:
		if g.loops == 2 {
			return
		}
		g.loops++
		g.print("{% for ", g.one("a", "b", "a", "b", "a, b"), " in ", g.one(g.list(2), g.list(2), g.expression(2)), g.one("", " if "+g.expression(1)), " %}")
		g.body(depth)
		g.loops--
		g.print(g.one("", "{% else %}none"), "{% endfor %}")
	case 9:
		g.print("{% set ", g.variable(), g.one("", "|"+g.filter(1)), " %}")
		g.body(depth)
		g.print("{% endset %}")
	case 10:
		g.print("{% with ", g.variable(), " = ", g.expression(2), " %}")
		g.body(depth)
		g.print("{% endwith %}")
	case 11: // the same again and again
		g.print(strings.Repeat(g.one("{% set x = x ~ x %}", "{% set x = [x, x] %}", "{{ x }}", "{% if x == y %}{% endif %}", "{% set y = y|list + y|list %}",
			"{% with %}{% endwith %}", "{{ y|sort|first }}", "{{ x|upper|length }}"), 1+g.choose(200)))
	}
}

func (g *generator) body(depth int, alternatives ...string) {
	for range 1 + g.choose(3) {
		g.statement(depth - 1)
	}
	for _, a := range alternatives {
		if g.choose(2) == 1 {
			g.print("{% ", a, " %}")
			g.statement(depth - 1)
		}
	}
}

func (g *generator) variable() string { return g.one("x", "y", "a", "b") }

// expression is one of any type, as seldom fits where it stands, or most often of a type that does.
func (g *generator) expression(depth int) string {
	switch g.choose(5) {
	case 0:
		return g.any(depth)
	case 1:
		return g.number(depth)
	case 2:
		return g.list(depth)
	default:
		return g.text(depth)
	}
}

func (g *generator) text(depth int) string {
	if depth <= 0 {
		return g.one("receiver.name", "'a'", "custom.text", "x", "sender.id", "''", "custom.long", "custom.accents", "custom.brackets", "custom.x", "receiver.created_at",
			"'%d %B'", "'<!--'", "'\\u00e9'", "'{{'", "'a.b.0'", "'de'", "campaign.name", "channel.cid", "receiver.language")
	}
	depth--
	switch g.choose(12) {
	case 0:
		return g.text(depth) + strings.Repeat(" ~ "+g.expression(depth), 1+g.choose(60))
	case 1:
		return "(" + g.text(depth) + ")[" + g.one("3:", "-50:", ":1000", "::-1", "::7", g.number(depth)+":") + "]"
	case 2:
		return "(" + g.list(depth) + ")|join(" + g.text(depth) + ")"
	case 3:
		return "(" + g.text(depth) + ")|replace(" + g.text(depth) + ", " + g.text(depth) + ")"
	case 4:
		return "(" + g.text(depth) + " if " + g.expression(depth) + " else " + g.text(depth) + ")"
	case 5:
		return "(" + g.expression(depth) + ")|" + g.one("tojson", "string", "urlencode", "tojson(indent=16)")
	case 6:
		return "(" + g.text(depth) + ")|truncate(" + g.one("9", "100", "5000", g.number(depth)) + g.one("", ", true", ", end="+g.text(depth)) + ")"
	case 7:
		return "(" + g.text(depth) + ")|trim(" + g.text(depth) + ")"
	default:
		return "(" + g.text(depth) + ")|" + g.one("upper", "lower", "title", "capitalize", "e", "striptags", "trim", "reverse", "default('x', true)", "safe")
	}
}

func (g *generator) number(depth int) string {
	if depth <= 0 {
		return g.one("0", "1", "-1", "2.5", "1e308", "9223372036854775807", "65536", "3", "0x10", "1_000", "custom.number", "custom.n", "loop.index", "channel.member_count", "custom.digits")
	}
	depth--
	switch g.choose(6) {
	case 0:
		return "(" + g.number(depth) + strings.Repeat(g.one(" + ", " - ", " / ", " // ", " % ")+g.number(depth), 1+g.choose(60)) + ")"
	case 1:
		return "(" + g.expression(depth) + ")|length"
	case 2:
		return "(" + g.text(depth) + ")|" + g.one("int", "float", "wordcount", "int(base=16)")
	case 3:
		return "(" + g.number(depth) + ")|" + g.one("round(300)", "abs", "int", "round(-2, 'floor')", "float")
	case 4:
		return "(" + g.list(depth) + ")|" + g.one("sum", "max", "min", "sum(attribute='id')", "length")
	default:
		return strings.Repeat("- ", 1+g.choose(90)) + g.number(depth)
	}
}

func (g *generator) list(depth int) string {
	if depth <= 0 {
		return g.one("custom.list", "receiver.teams", "y", "custom.words", "custom.numbers", "[]", "[1, 2, 3]", "custom.wide", "receiver", "custom", "custom.deep", "custom.object")
	}
	depth--
	switch g.choose(8) {
	case 0:
		return "[" + g.expression(depth) + ", " + g.expression(depth) + "]"
	case 1:
		return "(" + g.text(depth) + ")|list"
	case 2:
		return "(" + g.list(depth) + ")|list + (" + g.list(depth) + ")|list"
	case 3:
		return "(" + g.list(depth) + ")[" + g.one("::-1", "5:", ":100", "::2", ":"+g.number(depth)) + "]"
	case 4:
		return "(" + g.one("custom", "custom.wide", "receiver", "channel", "custom.object", "{'a': "+g.text(depth)+", 'B': 'b'}", g.list(depth)) + ")|" + g.one("items", "dictsort", "dictsort(by='value')")
	case 5:
		return "(" + g.list(depth) + ")|map(" + g.one("'string'", "'upper'", "'length'", "attribute='a'", "'replace', 'a', "+g.text(depth)) + ")"
	default:
		return "(" + g.list(depth) + ")|" + g.one("sort", "unique", "reverse", "select", "selectattr('a')", "sort(attribute='id')", "reject('string')", "sort(reverse=true, case_sensitive=true)")
	}
}

// any is whatever the grammar allows, whether its types fit or not.
func (g *generator) any(depth int) string {
	if depth <= 0 {
		return g.one(g.variable(), "true", "false", "none", "{}", "()", g.one("receiver", "sender", "channel", "campaign", "custom", "loop")+
			g.one("", ".id", ".name", ".teams", ".object", ".deep", ".x", ".previtem", ".last", "['name']"))
	}
	depth--
	e := func() string { return g.expression(depth) }
	switch g.choose(10) {
	case 0, 1:
		return "(" + e() + ")|" + g.filter(depth)
	case 2, 3:
		return "(" + e() + ") is " + g.one("", "not ") + g.test(depth)
	case 4:
		return "(" + e() + g.one(" + ", " and ", " or ", " == ", " != ", " < ", " >= ", " in ", " not in ", " < 5 <= ") + e() + ")"
	case 5:
		return "{" + e() + ": " + e() + "}"
	case 6:
		return "(" + strings.Repeat("not ", 1+g.choose(90)) + "(" + e() + "))"
	case 7:
		return "(" + e() + ")[" + e() + "]"
	case 8:
		return "(" + e() + ")." + g.one("id", "a", "0", "items", "__class__", "name")
	default:
		return "(" + e() + strings.Repeat(g.one(" == ", " and ", " or ", " in ")+e(), 1+g.choose(100)) + ")"
	}
}

func (g *generator) filter(depth int) string {
	name := template.NamesOfFilters()[g.choose(len(template.NamesOfFilters()))]
	args := []string{}
	switch name {
	case "map":
		args = append(args, g.one("'upper'", "'join'", "'replace', 'a', "+g.expression(max(depth, 0)), "attribute='a'", "'length'", "'tojson'"))
	case "select", "reject":
		args = append(args, g.one("'eq', "+g.expression(max(depth, 0)), "'odd'", "'in', "+g.expression(max(depth, 0)), "'string'"))
	case "selectattr", "rejectattr":
		args = append(args, g.one("'a'", "'id', 'defined'", "'a', 'eq', "+g.expression(max(depth, 0))))
	default:
		for i, parameter := range template.ParametersOf(name) {
			required := name == "replace" && i < 2 || name == "strftime" && i == 0
			if !required && g.choose(3) > 0 {
				break
			}
			value := g.expression(max(depth, 0))
			if name == "strftime" {
				value = g.one("'%d %B %Y'", "'%x %A'", "receiver.language", "'de'", value)
			}
			args = append(args, g.one(value, parameter+"="+value))
			if strings.Contains(args[len(args)-1], parameter+"=") {
				break
			}
		}
	}
	if len(args) == 0 {
		return name
	}
	return fmt.Sprintf("%s(%s)", name, strings.Join(args, ", "))
}

func (g *generator) test(depth int) string {
	name := template.NamesOfTests()[g.choose(len(template.NamesOfTests()))]
	switch name {
	case "divisibleby", "in", "sameas", "eq", "equalto", "ne", "lt", "lessthan", "le", "gt", "greaterthan", "ge":
		return name + "(" + g.expression(max(depth, 0)) + ")"
	case "==", "!=", "<", "<=", ">", ">=": // only as names inside select
		return "defined"
	}
	return name
}
