package template_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/template"
)

// person is a context with all names set and a custom object of many types, decoded and as JSON.
func person(t testing.TB) template.Context {
	t.Helper()
	const custom = `{"country": "US", "age": 30, "ratio": 12.50, "whole": 5.0, "big": 12345678901234567890, "huge": 1e300, "tiny": 1e-9, "vip": true, "off": false,
		"nothing": null, "empty": "", "name": "hidden by the name", "quote\"d": "key", "esc": "a\n\"b\" \u00e9", "html": "<b>&", "list": [1, "é", null, true, 2.5],
		"object": {"b": 1, "a": {"c": ["x", {"d": "deep"}]}}, "when": "2026-11-23T09:15:04+02:00", "day": "2026-03-05", "last": "end"}`
	at := time.Date(2026, 11, 23, 9, 15, 4, 207332999, time.FixedZone("", 3600))
	var decoded map[string]any
	decoder := json.NewDecoder(strings.NewReader(custom))
	decoder.UseNumber()
	if err := decoder.Decode(&decoded); err != nil {
		t.Fatal(err)
	}
	return template.Context{
		Sender: &template.User{ID: "shop", Name: "The Shop", Role: "admin", Language: "de", CreatedAt: at, Custom: decoded},
		Receiver: &template.User{ID: "ann", Name: "Ann", Image: "i.png", Role: "user", Language: "en", Teams: []string{"red", "blue"},
			CreatedAt: at, UpdatedAt: at, LastActive: at, CustomJSON: []byte(custom)},
		Channel: &template.Channel{ID: "c1", Type: "messaging", CID: "messaging:c1", Team: "eu", MemberCount: 2, CreatedAt: at,
			CustomJSON: []byte(`{"name":"General","id":"hidden"}`)},
		Campaign: template.Campaign{ID: "spring", Name: "Spring"},
		Custom:   map[string]any{"promo": true, "raw": "{{ receiver.name }}", "n": json.Number("7")},
	}
}

func render(t *testing.T, source string, ctx template.Context) (string, error) {
	t.Helper()
	compiled, err := template.Compile(source, template.Scope{})
	if err != nil {
		t.Fatalf("%q: %v", source, err)
	}
	return compiled.Render(ctx)
}

// Ensure contexts and values print as the contract says. Each field of the receiver comes from JSON text, the sender's from a map.
func TestRender(t *testing.T) {
	ctx := person(t)
	for _, c := range []struct{ source, want string }{
		{"", ""},
		{"no template { at } all\r\n", "no template { at } all\r\n"},
		{"a\r\n{{ receiver.id }}\r\n", "a\r\nann\r\n"},
		{"{Hello} {{ receiver.name }} }}", "{Hello} Ann }}"},
		{"{{ receiver.id }} {{ receiver.name }} {{ receiver.image }} {{ receiver.role }} {{ receiver.language }}", "ann Ann i.png user en"},
		{"{{ receiver.created_at }} {{ receiver.updated_at }} {{ receiver.last_active }}",
			"2026-11-23T08:15:04.207332Z 2026-11-23T08:15:04.207332Z 2026-11-23T08:15:04.207332Z"},
		{"[{{ sender.last_active }}][{{ sender.image }}]{{ sender.image is defined }}", "[][]False"},
		{"{{ receiver.teams }} {{ sender.teams }}", `["red","blue"] []`},
		{"{{ channel.id }} {{ channel.type }} {{ channel.cid }} {{ channel.team }} {{ channel.member_count }} {{ channel.created_at }}[{{ channel.last_message_at }}] {{ channel.name }}",
			"c1 messaging messaging:c1 eu 2 2026-11-23T08:15:04.207332Z[] General"},
		{"{{ campaign.id }} {{ campaign.name }} {{ campaign.x }}", "spring Spring "},
		{"{{ custom.promo }} {{ custom.raw }} {{ custom.n + 1 }}", "True {{ receiver.name }} 8"},
		{"{{ Receiver.name }}{{ unknown }}{{ unknown.a.b[0].c }}{{ receiver.no.such['x'].y }}{{ receiver.nothing.x }}", ""},
		{"{{ receiver.country }} {{ receiver['country'] }} {{ sender.country }}", "US US US"},
		{"{{ receiver.age }} {{ receiver.age + 1 }} {{ receiver.ratio }} {{ receiver.whole }} {{ receiver.big }} {{ receiver.huge }} {{ receiver.tiny }}",
			"30 31 12.5 5 12345678901234567890 1e+300 1e-09"},
		{"{{ sender.age }} {{ sender.age + 1 }} {{ sender.ratio }} {{ sender.whole }} {{ sender.big }}", "30 31 12.5 5 12345678901234567890"},
		{"{{ receiver.vip }} {{ receiver.off }}[{{ receiver.nothing }}]", "True False[]"},
		{"{{ receiver.list }} {{ receiver.object }}", `[1,"é",null,true,2.5] {"a":{"c":["x",{"d":"deep"}]},"b":1}`},
		{"{{ receiver.object.a.c[1].d }} {{ receiver['object']['a'].c[-1]['d'] }} {{ sender.object.a.c.1.d }}", "deep deep deep"},
		{"{{ receiver.esc }} {{ receiver.html }} {{ receiver['quote\"d'] }}", "a\n\"b\" é <b>& key"},
		{"{{ [1, 'a<b', none, true, 1.0] }} {{ {'b': 1, 'a': [missing]} }} {{ [] }} {{ {} }}", `[1,"a<b",null,true,1] {"b":1,"a":[null]} [] {}`},
		{"{{ 10 / 2 }} {{ 3.0 }} {{ 1 / 4 }} {{ 2.50 }} {{ 0.1 + 0.2 }} {{ -0.0 }}", "5 3 0.25 2.5 0.30000000000000004 0"},
		{"{{ missing|default('x') }} {{ receiver.nothing|default('x') }} {{ receiver.empty|default('x') }}[{{ receiver.empty|d('x', true) }}]", "x x [x]"},
		{"{{ missing == '' }} {{ missing == none }} {{ missing == 0 }} {{ '' in [missing] }} {{ 'a' ~ missing }} {{ 'a' + missing }}", "True True False True a a"},
		{"{{ missing|length }} {{ missing|int }} {{ missing|sum }}{{ missing|first }}{{ missing|items }}{{ missing|tojson }}", "0 0 0[]null"},
		{"{{ receiver.created_at|strftime('%d %B %Y, %H:%M:%S %Z %% %A %a %b %y %m %j %I %p') }}", "23 November 2026, 08:15:04 UTC % Monday Mon Nov 26 11 327 08 AM"},
		{"{{ receiver.when|strftime('%H:%M') }} {{ receiver.day|strftime('%d.%m.%Y %I %p') }}[{{ missing|strftime('%Y') }}]", "07:15 05.03.2026 12 AM[]"},
		{`{{ ['a"b', 'c\\d', 'é', '\u2028\u0001'] }}`, `["a\"b","c\\d","é","\u2028\u0001"]`},
		{"{{ receiver.html|tojson }} {{ {'a': [1, 'x'], 'b': {}}|tojson }} {{ {'a': [1]}|tojson(indent=2) }}",
			`"\u003cb\u003e\u0026" {"a":[1,"x"],"b":{}} {` + "\n  \"a\": [\n    1\n  ]\n}"},
		{"{{ receiver.object|items|length }} {% for k, v in receiver.object|dictsort %}{{ k }}={{ v }} {% endfor %}", `2 a={"c":["x",{"d":"deep"}]} b=1 `},
		{"{{ campaign }} {{ channel|length }} {{ 'name' in receiver }} {{ 'x' in receiver }} {{ receiver is mapping }}", `{"id":"spring","name":"Spring"} 7 True False True`},
		{"{% for k in channel %}{{ k }} {% endfor %}{{ channel.items }}", "id type cid team member_count created_at name "},
		{"{{ receiver == receiver }} {{ receiver == sender }} {{ receiver.object == sender.object }} {{ receiver.list == sender.list }}", "True False True True"},
		{strings.Repeat("{{ receiver.age }}", 20) + "{{ receiver.last }}{{ receiver.no }}", strings.Repeat("30", 20) + "end"},
		{"{{ 'Zoë'|reverse }} {{ 'Zoë'|length }} {{ 'Zoë'[2] }} {{ 'ǆ'|capitalize }} {{ 'straße'|upper }}", "ëoZ 3 ë ǅ STRASSE"},
		{"{{ 'x' in 'xyz' and receiver.vip }} {{ 1 is none }} {{ missing is none }} {{ receiver is defined }}", "True False True True"},
		{"{{ 9223372036854775807 }} {{ '9'|int(base=8) }} {{ '99999999999999999999'|int }} {{ '1e400'|float }}", "9223372036854775807 9 0 0"},
		{"{% for a in [1,2] %}{% for b in [1,2] %}{{ a }}{{ b }}{{ loop.index }} {% endfor %}{% else %}{% for c in [] %}{% endfor %}{% endfor %}", "111 122 211 222 "},
	} {
		got, err := render(t, c.source, ctx)
		if err != nil {
			t.Errorf("%q: %v", c.source, err)
		} else if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q: %s", c.source, diff)
		}
	}
}

// Ensure a name that is not set prints as nothing, and that custom data show through an unset built-in field but not a set one.
func TestUnsetFields(t *testing.T) {
	ctx := template.Context{Receiver: &template.User{ID: "bob", CustomJSON: []byte(`{"name":"Custom Bob","id":"x","teams":["t"]}`)}}
	for _, c := range []struct{ source, want string }{
		{"{{ receiver.id }} {{ receiver.name }} {{ receiver.teams }} {{ receiver }}", `bob Custom Bob ["t"] {"id":"bob","name":"Custom Bob","teams":["t"]}`},
		{"{{ receiver.language|default('en') }}[{{ sender.name }}][{{ channel.name }}][{{ custom.x }}][{{ campaign.name }}]", "en[][][][]"},
		{"{{ sender is defined }} {{ sender|default('nobody') }}", "False nobody"},
	} {
		got, err := render(t, c.source, ctx)
		if err != nil || got != c.want {
			t.Errorf("%q: got %q, %v; want %q", c.source, got, err, c.want)
		}
	}
}

// Ensure whatever is not allowed is refused with its place.
func TestSyntaxErrors(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"Hi {{ sender }", `line 1, column 14: unexpected "}"`},
		{"Hi {{ sender", `line 1, column 13: unexpected end of template`},
		{"é\n{{ a b }}", `line 2, column 6: unexpected "b"`},
		{"{{ }}", `line 1, column 4: unexpected "}}"`},
		{"{{ $x }}", `line 1, column 4: unexpected "$"`},
		{"{{ a ; b }}", `line 1, column 6: unexpected ";"`},
		{"{{ a ! b }}", `line 1, column 6: unexpected "!"`},
		{"{{ a & }}", `line 1, column 6: unexpected "&"`},
		{"{{ (a }}", `line 1, column 7: unexpected "}}"`},
		{"{{ a) }}", `line 1, column 5: unexpected ")"`},
		{"{{ [1, 2 }}", `line 1, column 10: unexpected "}}"`},
		{"{{ 'abc }}", `line 1, column 4: the string is not closed`},
		{"{{ 1.2.3 }}", `line 1, column 4: malformed number`},
		{"{{ 3abc }}", `line 1, column 4: unexpected "3"`},
		{"{{ 99999999999999999999 }}", `line 1, column 4: malformed number`},
		{"{{ '\\u12' }}", `line 1, column 4: malformed escape \u in a string`},
		{"{{ a. }}", `line 1, column 7: unexpected "}}"`},
		{"{{ a.'b' }}", `line 1, column 6: unexpected "'b'"`},
		{"{{ a[] }}", `line 1, column 6: unexpected "]"`},
		{"{{ a|  }}", `line 1, column 8: unexpected "}}"`},
		{"{{ a is }}", `line 1, column 9: unexpected "}}"`},
		{"{{ and }}", `line 1, column 4: unexpected "and"`},
		{"{{ a if }}", `line 1, column 9: unexpected "}}"`},
		{"{# never closed", `line 1, column 1: the comment is not closed`},
		{"{% raw %} x", `line 1, column 8: the raw block is not closed`},
		{"{% if a %}x", `line 1, column 12: unexpected end of template, "endif" is missing`},
		{"{% for a in b %}x", `line 1, column 18: unexpected end of template, "endfor" is missing`},
		{"{% if a %}x{% endfor %}", `line 1, column 15: unexpected "endfor", expected "endif"`},
		{"x{% endif %}", `line 1, column 5: unexpected "endif"`},
		{"{% else %}", `line 1, column 4: unexpected "else"`},
		{"{% %}", `line 1, column 4: unexpected "%}"`},
		{"{% if %}{% endif %}", `line 1, column 7: unexpected "%}"`},
		{"{% if a b %}{% endif %}", `line 1, column 9: unexpected "b"`},
		{"{% for in x %}{% endfor %}", `line 1, column 8: unexpected "in"`},
		{"{% for a x %}{% endfor %}", `line 1, column 10: unexpected "x"`},
		{"{% set a.b = 1 %}", `line 1, column 9: unexpected "."`},
		{"{% include 'x' %}", `line 1, column 4: the statement "include" is not allowed`},
		{"{% import 'x' as y %}", `line 1, column 4: the statement "import" is not allowed`},
		{"{% from 'x' import y %}", `line 1, column 4: the statement "from" is not allowed`},
		{"{% extends 'x' %}", `line 1, column 4: the statement "extends" is not allowed`},
		{"{% block x %}{% endblock %}", `line 1, column 4: the statement "block" is not allowed`},
		{"{% macro x() %}{% endmacro %}", `line 1, column 4: the statement "macro" is not allowed`},
		{"{% call x() %}{% endcall %}", `line 1, column 4: the statement "call" is not allowed`},
		{"{% autoescape true %}{% endautoescape %}", `line 1, column 4: the statement "autoescape" is not allowed`},
		{"{% filter upper %}x{% endfilter %}", `line 1, column 4: the statement "filter" is not allowed`},
		{"{% do x %}", `line 1, column 4: the statement "do" is not allowed`},
		{"{% for a in b %}{% break %}{% endfor %}", `line 1, column 20: the statement "break" is not allowed`},
		{"{% comment %}x{% endcomment %}", `line 1, column 4: the statement "comment" is not allowed`},
		{"{% for a in b %}{% for c in d %}{% for e in f %}{% endfor %}{% endfor %}{% endfor %}", `line 1, column 36: loops are nested deeper than 2`},
		{"{% for a in b recursive %}{% endfor %}", `line 1, column 15: recursive loops are not allowed`},
		{"{% for a in b if a recursive %}{% endfor %}", `line 1, column 20: recursive loops are not allowed`},
		{"{% for a in b %}{{ loop(a) }}{% endfor %}", `line 1, column 20: the function "loop" is not allowed`},
		{"{{ range(3) }}", `line 1, column 4: the function "range" is not allowed`},
		{"{{ a.upper() }}", `line 1, column 6: the method "upper" is not allowed`},
		{"{{ a['x']() }}", `line 1, column 10: calls are not allowed`},
		{"{{ (a)(1) }}", `line 1, column 7: calls are not allowed`},
		{"{{ a|upper()() }}", `line 1, column 13: calls are not allowed`},
		{"{{ 2 * 3 }}", `line 1, column 6: the operator "*" is not allowed`},
		{"{{ 'a' ** 3 }}", `line 1, column 8: the operator "**" is not allowed`},
		{"{{ a|join(*b) }}", `line 1, column 11: the operator "*" is not allowed`},
		{"{{ a|center }}", `line 1, column 6: the filter "center" is not allowed`},
		{"{{ a|attr('x') }}", `line 1, column 6: the filter "attr" is not allowed`},
		{"{{ a|map('indent')|list }}", `line 1, column 6: the filter "indent" is not allowed`},
		{"{{ a|map(b) }}", `line 1, column 6: filter "map" needs the name of a filter as a literal`},
		{"{{ a|map('map', 'upper') }}", `line 1, column 6: filter "map" cannot be used inside map`},
		{"{{ a|map }}", `line 1, column 6: filter "map" needs the argument "attribute"`},
		{"{{ a|select('nope') }}", `line 1, column 6: the test "nope" is not allowed`},
		{"{{ a|selectattr }}", `line 1, column 6: filter "selectattr" needs the name of an attribute`},
		{"{{ a is nope }}", `line 1, column 9: the test "nope" is not allowed`},
		{"{{ a is divisibleby }}", `line 1, column 9: test "divisibleby" needs the argument "num"`},
		{"{{ a|replace('b') }}", `line 1, column 6: filter "replace" needs the argument "new"`},
		{"{{ a|upper(1) }}", `line 1, column 6: filter "upper" takes at most 0 arguments`},
		{"{{ a|round(digits=1) }}", `line 1, column 6: filter "round" has no argument "digits"`},
		{"{{ a|round(1, precision=1) }}", `line 1, column 6: filter "round": the argument "precision" is given twice`},
		{"{{ a|replace('a' 'b' 'c') }}", `line 1, column 6: filter "replace" needs the argument "new"`},
		{"{{ a|strftime('%d %Q') }}", `line 1, column 6: filter "strftime": unknown directive "%Q"`},
		{"{{ a|strftime('100%') }}", `line 1, column 6: filter "strftime": a "%" stands at the end of the format`},
		{"{{ " + strings.Repeat("(", 200) + "1" + strings.Repeat(")", 200) + " }}", `line 1, column 103: nested deeper than 100`},
		{"{{ \x00 }}", `line 1, column 4: unexpected "\x00"`},
		{strings.Repeat("é", 20_001), `line 1, column 1: the template has 20001 characters, at most 20000 are allowed`},
	} {
		_, err := template.Compile(c.source, template.Scope{})
		var syntax *template.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%.60q: got %v, want %s", c.source, err, c.want)
		} else if syntax.Error() != c.want {
			t.Errorf("%.60q:\n got %s\nwant %s", c.source, syntax, c.want)
		}
	}
}

// Ensure names are refused where they do not exist, and only as names.
func TestScope(t *testing.T) {
	noReceiver, noChannel := template.Scope{NoReceiver: true}, template.Scope{NoChannel: true}
	for _, c := range []struct {
		source string
		scope  template.Scope
		want   string
	}{
		{"{{ receiver.name }}", noReceiver, `line 1, column 4: "receiver" is not available when the audience is channels`},
		{"{% if false %}{{ a|default(receiver) }}{% endif %}", noReceiver, `line 1, column 28: "receiver" is not available when the audience is channels`},
		{"{% set receiver = 1 %}", noReceiver, `line 1, column 8: "receiver" is not available when the audience is channels`},
		{"{{ channel.id }}", noChannel, `line 1, column 4: "channel" is not available in a channel template`},
		{"{{ custom.receiver }} receiver {{ 'receiver' }} {{ channel.id }}", noReceiver, ""},
		{"{{ receiver.channel }}", noChannel, ""},
		{"{{ aaaaaaaaaaaaaaaaa }}", template.Scope{MaxSource: 10}, `line 1, column 1: the template has 23 characters, at most 10 are allowed`},
	} {
		_, err := template.Compile(c.source, c.scope)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.source, got, c.want)
		}
	}
}

// Ensure errors of types end one rendering with their place and a reason a support agent understands.
func TestRenderErrors(t *testing.T) {
	ctx := person(t)
	ctx.Channel.CustomJSON = []byte(`{"a": `)
	for _, c := range []struct{ source, want string }{
		{"{{ 'a' + 1 }}", `line 1, column 1: cannot add text and a number`},
		{"ok\n  {{ receiver.name - 1 }}", `line 2, column 3: cannot subtract text and a number`},
		{"{% if missing > 3 %}{% endif %}", `line 1, column 4: cannot compare a missing value and a number`},
		{"{% if false %}{% elif 'a' < 1 %}{% endif %}", `line 1, column 18: cannot compare text and a number`},
		{"{{ 1 / 0 }}{{ 1 }}", `line 1, column 1: division by zero`},
		{"{{ 1 // 0.0 }}", `line 1, column 1: division by zero`},
		{"{{ 9223372036854775807 + 1 }}", `line 1, column 1: the number is too large`},
		{"{{ receiver.huge / 1e-300 }}", `line 1, column 1: the number is too large`},
		{"{{ '%s' % 1 }}", `line 1, column 1: cannot divide text and a number`},
		{"{{ -receiver.name }}", `line 1, column 1: a sign needs a number, not text`},
		{"{% for x in 5 %}{% endfor %}", `line 1, column 4: cannot walk over a number`},
		{"{% for a, b in [[1]] %}{% endfor %}", `line 1, column 4: 1 values for 2 names`},
		{"{% for a in [1] %}\n{{ a|join }}{% endfor %}", `line 2, column 1: filter join: cannot walk over a number`},
		{"{{ receiver.name|round }}", `line 1, column 1: filter round: needs a number, not text`},
		{"{{ receiver.name|strftime('%Y') }}", `line 1, column 1: filter strftime: "Ann" is no time`},
		{"{{ 'abc'|truncate(-9223372036854775807) }}", `line 1, column 1: filter truncate: length must be at least that of the end "...", and leeway at least 0`},
		{"{{ 5|length }}", `line 1, column 1: filter length: a number has no length`},
		{"{{ [1, 'a']|sort }}", `line 1, column 1: filter sort: cannot compare text and a number`},
		{"{{ [[1]]|unique }}", `line 1, column 1: filter unique: cannot tell apart a list`},
		{"{{ ['a']|sum }}", `line 1, column 1: filter sum: cannot add a number and text`},
		{"{{ 3 in 5 }}", `line 1, column 1: a number contains nothing`},
		{"{{ receiver.object[0:1] }}", `line 1, column 1: cannot slice an object`},
		{"{{ [1][::0] }}", `line 1, column 1: a slice cannot have step 0`},
		{"{{ {[1]: 2} }}", `line 1, column 1: a list cannot be a key`},
		{"{{ 'a' is odd }}", `line 1, column 1: cannot divide text and a number`},
		{"{{ channel.a }}", `line 1, column 1: custom data are no JSON object`},
	} {
		got, err := render(t, c.source, ctx)
		var failure *template.RenderError
		if !errors.As(err, &failure) || got != "" {
			t.Errorf("%q: got %q, %v, want %s", c.source, got, err, c.want)
		} else if failure.Error() != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.source, failure, c.want)
		}
	}
}

// Ensure one compiled template serves many goroutines, each with its own receiver and all with one sender. The race detector watches.
func TestConcurrentUse(t *testing.T) {
	m, err := template.CompileMessage(template.MessageSource{
		Text:   "{% for t in receiver.teams %}{{ t }},{% endfor %}{{ receiver.id }} {{ sender.object.b }} {{ custom.promo }} {{ receiver.x }}",
		Custom: map[string]any{"to": "{{ receiver.name|upper }}", "from": []any{"{{ sender }}", 1}},
	}, template.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	shared := person(t)
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			id := string(rune('a' + i))
			ctx := shared
			ctx.Receiver = &template.User{ID: id, Name: id, Teams: []string{id}, CustomJSON: []byte(`{"x":"` + id + `"}`)}
			for range 500 {
				got, err := m.Render(ctx)
				if want := id + "," + id + " 1 True " + id; err != nil || got.Text != want || got.Custom["to"] != strings.ToUpper(id) {
					t.Errorf("got %+v, %v", got, err)
					return
				}
			}
		})
	}
	group.Wait()
}

// Ensure the message is there where there is one, in pushes, and missing in a campaign's own templates, where a variable may
// have its name.
func TestRenderMessage(t *testing.T) {
	with := person(t)
	with.Message = &template.Told{ID: "m1", Text: "Hello <b>"}
	for _, c := range []struct {
		ctx          template.Context
		source, want string
	}{
		{with, "{{ message.id }}: {{ message.text|upper }}{{ message.custom.x }}", "m1: HELLO <B>"},
		{with, "{{ message }}", `{"id":"m1","text":"Hello <b>"}`},
		{with, "{% set message = 'mine' %}{{ message }}", "mine"},
		{person(t), "[{{ message }}{{ message.text }}]{{ message is defined }}", "[]False"},
		{person(t), "{% set message = 'mine' %}{{ message }}", "mine"},
	} {
		if got, err := render(t, c.source, c.ctx); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", c.source, got, err, c.want)
		}
	}
}
