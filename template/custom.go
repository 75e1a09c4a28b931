package template

import (
	"bytes"
	"encoding/json"
)

// lookupsBeforeDecoding is how often the JSON text is searched before it is decoded as a whole. A search costs about a thirtieth of decoding.
const lookupsBeforeDecoding = 16

// customData is the custom data of a user or channel for the time of one rendering.
type customData struct {
	decoded map[string]any
	raw     []byte
	lookups int
}

func (c *customData) set(decoded map[string]any, raw []byte) {
	c.decoded, c.raw, c.lookups = decoded, raw, 0
	if decoded != nil {
		c.raw = nil
	}
}

// field returns a top-level field, nil when it is missing.
func (c *customData) field(name string) (any, error) {
	if len(c.raw) == 0 {
		return normalise(c.decoded[name]), nil
	}
	if c.lookups++; c.lookups > lookupsBeforeDecoding {
		all, err := c.all()
		return normalise(all[name]), err
	}
	value, err := searchField(c.raw, name)
	if err != nil || value == nil {
		return nil, err
	}
	if value[0] == '"' && bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1]), nil
	}
	var v any
	if err := decodeJSON(value, &v); err != nil {
		return nil, err
	}
	return normalise(v), nil
}

// all returns the fields as a map, which must not be changed.
func (c *customData) all() (map[string]any, error) {
	if len(c.raw) > 0 {
		if err := decodeJSON(c.raw, &c.decoded); err != nil {
			return nil, err
		}
		c.raw = nil
	}
	return c.decoded, nil
}

func decodeJSON(raw []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(v); err != nil {
		return errBadCustom()
	}
	return nil
}

func errBadCustom() error { return fail("custom data are no JSON object") }

// searchField returns the text of the value of a key of a JSON object, nil when there is none. It goes by quotes and brackets only, so the text
// should be valid JSON, as Postgres gives it; on other text it may find nothing or fail, but ends.
func searchField(raw []byte, name string) ([]byte, error) {
	i := skipBlanks(raw, 0)
	if i == len(raw) || raw[i] != '{' {
		if string(bytes.TrimSpace(raw)) == "null" {
			return nil, nil
		}
		return nil, errBadCustom()
	}
	for i = skipBlanks(raw, i+1); i < len(raw) && raw[i] == '"'; i = skipBlanks(raw, i+1) {
		end := skipString(raw, i)
		key := raw[i:end]
		i = skipBlanks(raw, end)
		if i == len(raw) || raw[i] != ':' {
			return nil, errBadCustom()
		}
		start := skipBlanks(raw, i+1)
		i = skipValue(raw, start)
		if i == start {
			return nil, errBadCustom()
		}
		if isKey(key, name) {
			return raw[start:i], nil
		}
		if i = skipBlanks(raw, i); i == len(raw) || raw[i] != ',' {
			break
		}
	}
	if i == len(raw) || raw[i] != '}' {
		return nil, errBadCustom()
	}
	return nil, nil
}

func isKey(quoted []byte, name string) bool {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return len(quoted) == len(name)+2 && string(quoted[1:len(quoted)-1]) == name
	}
	var key string
	return json.Unmarshal(quoted, &key) == nil && key == name
}

func skipBlanks(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\t' || raw[i] == '\n' || raw[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the index after the string that begins at i.
func skipString(raw []byte, i int) int {
	for i++; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(raw)
}

// skipValue returns the index after the value that begins at i.
func skipValue(raw []byte, i int) int {
	depth := 0
	for i < len(raw) {
		switch raw[i] {
		case '"':
			i = skipString(raw, i)
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}
