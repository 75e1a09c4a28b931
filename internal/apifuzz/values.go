package apifuzz

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// deepest is how deep made values nest; the server takes 32 levels, and mutations go beyond them.
const deepest = 6

// value makes a value that a schema allows, mostly.
func (g *generator) value(r route, key string, schema object, depth int) any {
	if ref, ok := schema["$ref"].(string); ok {
		name := ref[strings.LastIndex(ref, "/")+1:]
		if name == "Filter" {
			return g.filter(depth)
		}
		schema = within(r.schemas, name)
	}
	for _, choice := range []string{"oneOf", "anyOf"} {
		if list, ok := schema[choice].(array); ok && len(list) > 0 {
			one, _ := pick(g, list...).(object)
			return g.value(r, key, one, depth)
		}
	}
	if values, ok := schema["enum"].(array); ok && len(values) > 0 {
		return pick(g, values...)
	}
	name, ok := schema["type"].(string)
	if list, many := schema["type"].(array); many && len(list) > 0 {
		name, ok = pick(g, list...).(string)
	}
	if !ok {
		return g.anything(depth)
	}
	switch name {
	case "object":
		return g.object(r, schema, depth)
	case "array":
		items := within(schema, "items")
		list := array{}
		for range g.integer(schema["minItems"], 0) + g.Int64N(3) {
			list = append(list, g.value(r, key, items, depth+1))
		}
		return list
	case "integer":
		low := g.integer(schema["minimum"], -2)
		return low + g.Int64N(max(1, min(g.integer(schema["maximum"], 200), 400)-low+1))
	case "number":
		return g.Float64() * 10
	case "boolean":
		return g.chance(50)
	case "null":
		return nil
	default:
		return g.text(r, key, schema)
	}
}

func (g *generator) integer(value any, otherwise int64) int64 {
	if n, ok := value.(json.Number); ok {
		if i, err := n.Int64(); err == nil {
			return i
		}
	}
	return otherwise
}

func (g *generator) object(r route, schema object, depth int) object {
	o := object{}
	properties := within(schema, "properties")
	required, _ := schema["required"].(array)
	for _, key := range sortedKeys(properties) {
		if depth < deepest && g.chance(35) || slices.Contains(required, any(key)) {
			o[key] = g.value(r, key, within(properties, key), depth+1)
		}
	}
	if more, ok := schema["additionalProperties"].(object); ok {
		for range 1 + g.IntN(2) {
			key := g.id(user)
			made := g.value(r, key, more, depth+1)
			if inner, ok := made.(object); ok && g.chance(80) {
				inner["id"] = key // a user's key is its id
			}
			o[key] = made
		}
	} else if len(properties) == 0 || g.chance(20) {
		for range g.IntN(4) {
			o[g.customKey()] = g.anything(depth + 1)
		}
	}
	return o
}

func (g *generator) text(r route, key string, schema object) string {
	switch k := kindOfKey(key); {
	case g.chance(5):
		return g.oddString()
	case key == "id" && r.Name == "QueryMembers": // of a channel
		return g.id(channel)
	case k != other:
		return g.id(k)
	case key == "id" && g.chance(50):
		return "new-" + strconv.Itoa(g.IntN(10_000))
	case key == "text" || g.chance(5):
		return g.template()
	case strings.HasSuffix(key, "_at") || key == "scheduled_for" || schema["format"] == "date-time":
		return pick(g, times...)
	case strings.HasSuffix(key, "_url"):
		return pick(g, "https://example.com/hook", "http://127.0.0.1/", "http://[::1]:80/", "//x", "https://example.com:99999/", "http://\x7f", "javascript:alert(1)")
	default:
		return pick(g, "", "a", "Yes", "firebase", "webhook", "user", "soft", "hard", g.oddString())
	}
}

func (g *generator) customKey() string {
	return pick(g, "country", "a", "custom", "ID", "Name", "id", "name", "a.b", "", "$eq", "__proto__", "x\u0000y", "é", "filter", "Filter", strings.Repeat("k", g.IntN(300)))
}

// anything is any JSON value.
func (g *generator) anything(depth int) any {
	switch n := g.IntN(9); {
	case depth >= deepest || n < 4:
		return g.odd()
	case n < 6:
		return g.oddString()
	case n < 7:
		return g.IntN(1000)
	case n < 8:
		list := array{}
		for range g.IntN(4) {
			list = append(list, g.anything(depth+1))
		}
		return list
	default:
		o := object{}
		for range g.IntN(4) {
			o[g.customKey()] = g.anything(depth + 1)
		}
		return o
	}
}

// odd is a value that some parser or database has stumbled over.
func (g *generator) odd() any {
	return pick[any](g,
		nil, true, false, 0, -1, 1.5, math.MaxInt64, math.MinInt64, math.MaxInt32+1, "", " ", "null", "10", array{}, object{}, array{nil}, object{"": nil},
		raw("1e400"), raw("-1e400"), raw("1e-400"), raw("-0"), raw("1.0"), raw("123456789012345678901234567890"), raw("0."+strings.Repeat("1", 2000)),
		raw("1"+strings.Repeat("0", 200_000)), raw("1E+2"), raw(`"\ud800"`), raw(`"a\udc00b"`), raw(`"\u0000"`), raw("\"\xff\xfe\""), raw(`"\ud83d\ude00"`),
		raw(strings.Repeat("[", 40)+strings.Repeat("]", 40)), raw(strings.Repeat(`{"a":`, 31)+"1"+strings.Repeat("}", 31)), raw(strings.Repeat("[", 9000)+strings.Repeat("]", 9000)),
		g.oddString(), pick(g, times...), g.template(),
	)
}

// raw is JSON as it stands, which may be none that encoding/json would write.
func raw(text string) json.RawMessage { return json.RawMessage(text) }

func (g *generator) oddString() string {
	return pick(g,
		"", " ", "a b", "a+b", "50%", "%41", "..", ".", "/", "a/b", "\\", "'", `"`, "';--", "%s%n", "$1", "{{", "<&>", "é", "e\u0301", "\u202eabc", "\u2028", "ﷺ", "👩‍👩‍👧", "\U0010ffff", "\ufeff",
		"\x7f", "\x01", "a\tb", "a\nb", "a\r\nb", "\x00", "\xff", "\xed\xa0\x80", "null", "undefined", "NaN", "true", "-1", "0x10", "1e5", "messaging:general", "messaging:", ":", "!members-x", "!",
		"messaging:!members-"+strings.Repeat("a", 43), "nobody-"+strconv.Itoa(g.IntN(100)), strings.Repeat("x", 255), strings.Repeat("x", 256), strings.Repeat("é", 255), strings.Repeat("y", 1001),
		strings.Repeat("z", g.IntN(20_000)), "İ", "ß", "ǅ", "\u0300", "query", "delete", "ann", "*", "?", "#", ";", "a=b&c=d",
	)
}

// oddHeader is a value that may stand in a header.
func (g *generator) oddHeader() string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '.'
		}
		return r
	}, g.oddString())
}

var times = []string{
	"2026-11-23T10:00:00Z", "2199-12-31T23:59:59.999999999Z", "2200-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z",
	"2026-11-23T10:00:00", "2026-11-23T10:00:00.1234567891Z", "2026-11-23T24:00:00Z", "2026-11-23T23:59:60Z", "2026-11-23T10:00:00+23:59", "2026-11-23T10:00:00-99:00", "2026-11-23", "now", "10000-01-01T00:00:00Z",
	"2026-11-23t10:00:00z", "2026-11-23 10:00:00Z", "-2026-11-23T10:00:00Z", "2150-01-01T00:00:00Z",
}

func (g *generator) template() string {
	return pick(g,
		"Hello", "Hi {{ receiver.name }}", "{{", "}}", "{%", "{% if %}", "{% for i in range(10) %}x{% endfor %}", "{{ 1/0 }}", "{{ 'a' * 99999 }}", "{{ 9 ** 99 }}", "{# never ends", "{{ receiver.created_at|strftime('%Q') }}",
		"{% for a in custom %}{% for b in custom %}{{ a }}{{ b }}{% endfor %}{% endfor %}", "{{ custom.a.b.c.d[0]['x'] }}", "{{ channel.name }}", "{{ nobody.name }}", "{% raw %}{{{% endraw %}", "{% set x = [1,2,3] %}{{ x|join(',') }}",
		"{{ receiver|tojson }}", "{{ receiver.name|truncate(-1) }}", "{{ receiver.name|replace('', 'x') }}", "{{ ''|first }}", "{{ []|max }}", "{{ 'x'|round }}", "{{ 1|round(999999999) }}", "{{ '%s'|format(1) }}",
		"{{ "+strings.Repeat("(", 500)+"1"+strings.Repeat(")", 500)+" }}", strings.Repeat("{% if 1 %}", 200)+strings.Repeat("{% endif %}", 200), "{{ "+strings.Repeat("-", 2000)+"1 }}", "{{ [[[[1]]]]|sum }}", "{{ receiver['\\ud800'] }}",
		"{% include 'x' %}", "{% import 'x' as y %}", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{{ receiver.name|map('x') }}", "{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775808 // -1 }}", "{{ 1 % 0 }}", "{{ 1 // 0 }}",
		"{{ 'a'[5] }}", "{{ 'abc'[::0] }}", "{{ {}['a'] }}", "{{ custom|dictsort }}", "{{ '1'|int(base=99) }}", strings.Repeat("x", 5001), strings.Repeat("x", 20_001), "{{ receiver.name|wordcount|abs|d('x')|title }}",
	)
}

var filterFields = []string{
	"id", "name", "sender_id", "status", "created_at", "updated_at", "scheduled_for", "segments", "paused", "all_users", "type", "target_id", "role", "last_active", "banned", "invisible", "language", "teams", "team", "cid",
	"created_by_id", "last_message_at", "last_updated", "member_count", "message_count", "frozen", "members", "member.user.name", "disabled", "distinct", "hidden", "joined", "archived", "has_unread", "user_id", "country", "address.city",
	"custom.country", "muted", "size", "email", "plan", "a.b.c.d.e.f.g.h.i.j", "", "$", "custom.", ".", "a..b", "a'b", "a\"b", "{a,b}", "0", "x\u0000",
}

var operators = []string{"$eq", "$ne", "$nin", "$gt", "$gte", "$lt", "$lte", "$in", "$exists", "$contains", "$autocomplete", "$q", "$regex", "$EQ", ""}

// filter is a condition, which may be nonsense.
func (g *generator) filter(depth int) object {
	f := object{}
	for range 1 + g.IntN(2) {
		if depth < deepest && g.chance(20) {
			list := array{}
			for range g.IntN(3) + 1 {
				list = append(list, g.filter(depth+1))
			}
			f[pick(g, "$and", "$or", "$nor", "$not")] = list
			continue
		}
		field := pick(g, filterFields...)
		if g.chance(30) {
			f[field] = g.operand(field)
			continue
		}
		conditions := object{}
		for range 1 + g.IntN(2) {
			op := pick(g, operators...)
			value := g.operand(field)
			switch {
			case op == "$exists" && g.chance(80):
				value = g.chance(50)
			case (op == "$in" || op == "$nin") && g.chance(90):
				value = array{value, g.operand(field)}
			}
			conditions[op] = value
		}
		f[field] = conditions
	}
	return f
}

func (g *generator) operand(field string) any {
	switch {
	case g.chance(15):
		return g.odd()
	case strings.HasSuffix(field, "_at") || field == "last_active" || field == "scheduled_for":
		return pick[any](g, pick(g, times...), 1795428000, 1795428000000000000)
	case strings.HasSuffix(field, "_count") || field == "size":
		return pick[any](g, 0, 1, -1, math.MaxInt64, 1.5, raw("1e30"))
	case g.chance(60):
		return pick(g, "ann", "a", "messaging", "messaging:general", "draft", "user", "plain", "US", "%", "_", "\\", "a:*", "!", "' | x")
	case g.chance(30):
		return array{g.oddString(), "ann"}
	default:
		return pick[any](g, true, false, 1, 1.25, g.oddString(), array{"ann", "bob"})
	}
}
