package apifuzz

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// body is a body for a route: half of them begin as a valid one.
func (g *generator) body(r route) []byte {
	switch n := g.IntN(100); {
	case n < 75:
		body := g.encode(g.mutated(r, "", r.body))
		if g.chance(8) {
			body = g.corrupted(body)
		}
		return body
	case n < 90:
		return g.encode(g.anything(0))
	case n < 98:
		return []byte(pick(g,
			"", "null", "[]", "{}", `"x"`, "0", "true", "NaN", "{", "}", "[", `{"`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,}`, `{a:1}`, `{'a':1}`, "\xef\xbb\xbf{}", "{}{}", "{} x", "\x00", "\xff\xfe{\x00}\x00",
			"// x\n{}", `{"a":01}`, `{"a":+1}`, `{"a":.5}`, `{"a":1e}`, `{"a":"`+"\n"+`"}`, `{"a":"\x"}`, `{"a":"\u12"}`, "users=1&a=b", "<xml/>", `{"users":{"ann":{"id":"ann"},"ann":{"id":"ann"}}}`,
			`{"a":{"a":1},"a":2,"A":3}`, " \t\r\n", "--x\r\n\r\n--x--", `{"\u0000":1}`, `{"\ud800":1}`,
		))
	case n < 99:
		return []byte(strings.Repeat(pick(g, "[", `{"a":`, "[[", `{"filter":{"$and":[`), 1+g.IntN(60_000)))
	case g.chance(10):
		return bytes.Repeat([]byte(" "), pick(g, 10<<20, 10<<20+1))
	default:
		return bytes.Repeat([]byte(pick(g, `{"a":1}`, "x", "\"", "é")), 1+g.IntN(50_000))
	}
}

// mutated is a valid value of a schema with up to three changes; none in two fifths of all.
func (g *generator) mutated(r route, key string, schema object) any {
	var value any
	if key == "" && r.example != nil && g.chance(70) {
		value = clone(r.example)
	} else {
		value = g.value(r, key, schema, 0)
	}
	if g.chance(40) {
		return value
	}
	for range 1 + g.IntN(3) {
		value = g.change(r, value)
	}
	return value
}

// clone copies objects and arrays.
func clone(value any) any {
	switch v := value.(type) {
	case object:
		copied := object{}
		for key, inner := range v {
			copied[key] = clone(inner)
		}
		return copied
	case array:
		copied := make(array, len(v))
		for i, inner := range v {
			copied[i] = clone(inner)
		}
		return copied
	default:
		return value
	}
}

// change changes a value at a random depth.
func (g *generator) change(r route, value any) any {
	switch v := value.(type) {
	case object:
		keys := sortedKeys(v)
		if len(keys) == 0 || g.chance(12) {
			v[g.customKey()] = g.odd()
			return v
		}
		key := pick(g, keys...)
		switch g.IntN(10) {
		case 0:
			delete(v, key)
		case 1:
			v[pick(g, strings.ToUpper(key), key+" ", " "+key, strings.Title(key))] = v[key] //nolint:staticcheck // of ASCII only
		case 2:
			if schema := within(r.body, "properties", key); schema != nil {
				v[key] = g.value(r, key, schema, 1)
			}
		default:
			v[key] = g.change(r, v[key])
		}
		return v
	case array:
		if len(v) == 0 || g.chance(20) {
			return append(v, g.odd())
		}
		i := g.IntN(len(v))
		switch g.IntN(10) {
		case 0:
			return append(v, v[i])
		case 1:
			many := slices.Clone(v)
			for len(many) < 10_001 && g.chance(99) {
				many = append(many, v[i])
			}
			return many
		default:
			v[i] = g.change(r, v[i])
		}
		return v
	default:
		if g.chance(25) {
			return pick[any](g, array{v}, object{"a": v}, object{"$eq": v})
		}
		return g.odd()
	}
}

// corrupted damages JSON text.
func (g *generator) corrupted(text []byte) []byte {
	at := g.IntN(len(text) + 1)
	switch g.IntN(6) {
	case 0:
		return text[:at]
	case 1:
		return slices.Concat(text[:at], []byte(pick(g, "\x00", "\xff", ",", "\"", "}", "]", "\\", "\u2028", "\\u0000")), text[at:])
	case 2:
		return append(text, pick(g, "x", "{}", " \x00", ",")...)
	case 3: // the same key twice
		if rest, ok := bytes.CutPrefix(text, []byte("{\"")); ok {
			if key, _, ok := bytes.Cut(rest, []byte("\"")); ok {
				return slices.Concat([]byte("{\""), key, []byte(pick(g, `":1,"`, `":null,"`, `":{"id":"ann"},"`, `":[],"`)), rest)
			}
		}
		return text
	case 4:
		return slices.Concat([]byte("\xef\xbb\xbf"), text)
	default:
		damaged := slices.Clone(text)
		if at < len(damaged) {
			damaged[at] ^= 1 << g.IntN(8)
		}
		return damaged
	}
}

// encode writes JSON. Raw values stand in it as they are, and strings that are no UTF-8 too.
func (g *generator) encode(value any) []byte {
	var b bytes.Buffer
	write(&b, value)
	return b.Bytes()
}

func write(b *bytes.Buffer, value any) {
	switch v := value.(type) {
	case object:
		b.WriteByte('{')
		for i, key := range sortedKeys(v) {
			if i > 0 {
				b.WriteByte(',')
			}
			write(b, key)
			b.WriteByte(':')
			write(b, v[key])
		}
		b.WriteByte('}')
	case array:
		b.WriteByte('[')
		for i, inner := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			write(b, inner)
		}
		b.WriteByte(']')
	case json.RawMessage:
		b.Write(v)
	case json.Number:
		b.WriteString(v.String())
	case string:
		b.WriteByte('"')
		for _, c := range []byte(v) {
			switch {
			case c == '"' || c == '\\':
				b.WriteByte('\\')
				b.WriteByte(c)
			case c < ' ':
				b.WriteString(`\u00`)
				b.WriteByte("0123456789abcdef"[c>>4])
				b.WriteByte("0123456789abcdef"[c&15])
			default:
				b.WriteByte(c)
			}
		}
		b.WriteByte('"')
	default:
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // only numbers and booleans are left
		}
		b.Write(text)
	}
}

func gzipped(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}
