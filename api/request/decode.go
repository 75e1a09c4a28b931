package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"herald/models"
)

// MaxDepth is the deepest nesting of a body, the outer object being 1 (contract 3.2).
const MaxDepth = 32

// Bounds of a number literal. They keep every number inside what Postgres stores in jsonb without loss, and its
// plain form (1e300 is stored with 301 digits) from growing far beyond what was sent.
const (
	maxNumberLength   = 400
	maxNumberExponent = 308
)

// kind of a JSON value.
type kind byte

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindString
	kindArray
	kindObject
)

// node is one JSON value of a body.
type node struct {
	kind    kind
	raw     []byte // its text in the body
	text    string // of a string
	members []member
	elems   []node
}

type member struct {
	key    string
	rawKey []byte // quoted, as in the body
	value  node
}

// decode reads a whole body. An empty body and null are an object without keys.
func decode(body []byte) (node, error) {
	if len(bytes.Trim(body, " \t\r\n")) == 0 {
		return node{kind: kindObject}, nil
	}
	// Checked first and as a whole: only this error has a position, and what follows may rely on the grammar.
	var whole json.RawMessage
	if err := json.Unmarshal(body, &whole); err != nil {
		return node{}, malformed(body, err)
	}
	d := decoder{body: body, tokens: json.NewDecoder(bytes.NewReader(body))}
	d.tokens.UseNumber()
	root, bad := d.value(1)
	switch {
	case bad != nil && bad.path == "":
		return node{}, models.Invalid("the body %s", bad.reason)
	case bad != nil:
		return node{}, models.InvalidField(bad.path, "%s", bad.reason)
	case root.kind == kindNull:
		return node{kind: kindObject}, nil
	case root.kind != kindObject:
		return node{}, models.Invalid("the body must be a JSON object")
	}
	return root, nil
}

func malformed(body []byte, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return models.Invalid("malformed JSON: %v", err)
	}
	read := body[:max(0, min(int(syntax.Offset), len(body)))]
	line := 1 + bytes.Count(read, []byte("\n"))
	column := utf8.RuneCount(read[bytes.LastIndexByte(read, '\n')+1:])
	return models.Invalid("malformed JSON at line %d, column %d: %v", line, max(column, 1), syntax)
}

// badValue is a value that is JSON but not acceptable anywhere. Its path grows from the inside out.
type badValue struct {
	path   string
	reason string
}

func (b *badValue) in(outer string) *badValue {
	switch {
	case b.path == "":
		b.path = outer
	case strings.HasPrefix(b.path, "["):
		b.path = outer + b.path
	default:
		b.path = outer + "." + b.path
	}
	return b
}

type decoder struct {
	body   []byte
	tokens *json.Decoder
}

// next gives the next token and its text in the body.
func (d *decoder) next() (json.Token, []byte, *badValue) {
	before := d.tokens.InputOffset()
	token, err := d.tokens.Token()
	if err != nil {
		return nil, nil, &badValue{reason: fmt.Sprintf("is malformed: %v", err)}
	}
	return token, bytes.Trim(d.body[before:d.tokens.InputOffset()], " \t\r\n,:"), nil
}

func (d *decoder) value(depth int) (node, *badValue) {
	token, raw, bad := d.next()
	if bad != nil {
		return node{}, bad
	}
	switch t := token.(type) {
	case nil:
		return node{kind: kindNull, raw: raw}, nil
	case bool:
		return node{kind: kindBool, raw: raw}, nil
	case json.Number:
		return node{kind: kindNumber, raw: raw}, checkNumber(string(t))
	case string:
		return node{kind: kindString, raw: raw, text: t}, checkString(t, raw)
	}
	if depth > MaxDepth {
		return node{}, &badValue{reason: fmt.Sprintf("is nested deeper than %d levels", MaxDepth)}
	}
	start := int(d.tokens.InputOffset()) - 1
	var n node
	if token == json.Delim('{') {
		n, bad = d.object(depth)
	} else {
		n, bad = d.array(depth)
	}
	if bad != nil {
		return node{}, bad
	}
	if _, _, bad = d.next(); bad != nil { // the closing bracket
		return node{}, bad
	}
	n.raw = d.body[start:d.tokens.InputOffset()]
	return n, nil
}

func (d *decoder) object(depth int) (node, *badValue) {
	n := node{kind: kindObject}
	for d.tokens.More() {
		token, rawKey, bad := d.next()
		if bad != nil {
			return node{}, bad
		}
		key, _ := token.(string)
		if bad := checkString(key, rawKey); bad != nil {
			bad.reason = "has a key that " + bad.reason
			return node{}, bad
		}
		value, bad := d.value(depth + 1)
		if bad != nil {
			return node{}, bad.in(pathKey(key))
		}
		n.members = append(n.members, member{key: key, rawKey: rawKey, value: value})
	}
	return n, nil
}

func (d *decoder) array(depth int) (node, *badValue) {
	n := node{kind: kindArray}
	for d.tokens.More() {
		value, bad := d.value(depth + 1)
		if bad != nil {
			return node{}, bad.in("[" + strconv.Itoa(len(n.elems)) + "]")
		}
		n.elems = append(n.elems, value)
	}
	return n, nil
}

// checkString refuses what Postgres cannot store and what encoding/json would quietly replace.
func checkString(text string, raw []byte) *badValue {
	switch {
	case !utf8.Valid(raw):
		return &badValue{reason: "is not valid UTF-8"}
	case strings.IndexByte(text, 0) >= 0:
		return &badValue{reason: "contains the character U+0000"}
	case strings.ContainsRune(text, utf8.RuneError) && loneSurrogate(raw):
		return &badValue{reason: "contains half of a surrogate pair"}
	}
	return nil
}

// loneSurrogate says whether a quoted JSON string has an escape \ud800 to \udfff that is not one of a pair.
func loneSurrogate(raw []byte) bool {
	const (
		escapeLength = len(`\u0000`)
		high, low    = 0xd800, 0xdc00
		end          = 0xe000
	)
	escape := func(i int) (rune, bool) {
		if i+escapeLength > len(raw) || raw[i] != '\\' || raw[i+1] != 'u' {
			return 0, false
		}
		n, err := strconv.ParseUint(string(raw[i+2:i+escapeLength]), 16, 16)
		return rune(n), err == nil
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		first, ok := escape(i)
		if !ok {
			i++ // the escaped character
			continue
		}
		i += escapeLength - 1
		switch {
		case first < high || first >= end:
		case first >= low:
			return true
		default:
			second, ok := escape(i + 1)
			if !ok || second < low || second >= end {
				return true
			}
			i += escapeLength
		}
	}
	return false
}

func checkNumber(literal string) *badValue {
	f, err := strconv.ParseFloat(literal, 64)
	_, exponent, _ := strings.Cut(strings.ToLower(literal), "e")
	e := 0
	if exponent != "" && err == nil {
		e, err = strconv.Atoi(exponent)
	}
	if err != nil || math.IsInf(f, 0) || len(literal) > maxNumberLength || e < -maxNumberExponent {
		return &badValue{reason: "is a number out of range"}
	}
	return nil
}

// pathKey writes a key as a step of a path; one with unusual characters is quoted.
func pathKey(key string) string {
	plain := func(r rune) bool {
		return r == '_' || r == '-' || r == '$' || r == '@' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return !plain(r) }) {
		return "[" + strconv.Quote(key) + "]"
	}
	return key
}
