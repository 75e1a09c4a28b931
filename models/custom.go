package models

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// maxCustomPath is how many steps a dotted key may have: as deep as the body of a request may be nested (contract 3.2).
const maxCustomPath = 32

// KeyError says why a key of custom data cannot be changed. An empty Key stands for the data as a whole.
type KeyError struct {
	Key    string // as the client wrote it: address.city
	Reason string // completes the sentence "<key> ..."
}

// EditCustom gives custom data with some keys taken away and others set; what is in both is set. A dot in a key walks
// into nested objects, which setting makes where they are missing, but not into the built-in fields of the entity. data
// and set are JSON objects, or empty. The result is at most MaxCustomBytes long. Every key that cannot be set is named;
// then there is no result.
func EditCustom(data, set Custom, unset, builtin []string) (Custom, []KeyError) {
	root, err := decodeObject(data)
	if err != nil {
		return nil, []KeyError{{Reason: fmt.Sprintf("is no object: %v", err)}}
	}
	isBuiltin := func(step string) bool {
		return slices.ContainsFunc(builtin, func(name string) bool { return strings.EqualFold(name, step) })
	}
	for _, key := range unset {
		if path := strings.Split(key, "."); !isBuiltin(path[0]) {
			removePath(root, path)
		}
	}
	var invalid []KeyError
	err = eachMember(set, func(key string, value json.RawMessage) {
		path := strings.Split(key, ".")
		if len(path) > 1 && isBuiltin(path[0]) {
			invalid = append(invalid, KeyError{key, fmt.Sprintf("can't be set: %q is no object", path[0])})
		} else if reason := setPath(root, path, value); reason != "" {
			invalid = append(invalid, KeyError{key, reason})
		}
	})
	if err != nil {
		invalid = append(invalid, KeyError{Reason: fmt.Sprintf("is no object: %v", err)})
	}
	edited := encodeObject(root)
	if len(edited) > MaxCustomBytes {
		invalid = append(invalid, KeyError{Reason: fmt.Sprintf("makes custom data of %d bytes of JSON; at most %d are allowed", len(edited), MaxCustomBytes)})
	}
	if len(invalid) > 0 {
		return nil, invalid
	}
	return edited, nil
}

func setPath(doc map[string]json.RawMessage, path []string, value json.RawMessage) (reason string) {
	if len(path) > maxCustomPath {
		return fmt.Sprintf("has more than %d steps", maxCustomPath)
	}
	for _, step := range path {
		if step == "" {
			return "has a step without a name"
		}
	}
	if len(path) == 1 {
		doc[path[0]] = value
		return ""
	}
	inner, err := decodeObject(doc[path[0]])
	if err != nil {
		return fmt.Sprintf("can't be set: %q is no object", path[0])
	}
	if reason := setPath(inner, path[1:], value); reason != "" {
		return reason
	}
	doc[path[0]] = encodeObject(inner)
	return ""
}

// removePath takes a key away. Where there is nothing at the path, nothing happens.
func removePath(doc map[string]json.RawMessage, path []string) {
	if len(path) == 1 {
		delete(doc, path[0])
		return
	}
	inner, err := decodeObject(doc[path[0]])
	if err != nil || len(inner) == 0 {
		return
	}
	removePath(inner, path[1:])
	doc[path[0]] = encodeObject(inner)
}

// decodeObject takes an object apart. Nothing and null are one without members.
func decodeObject(raw json.RawMessage) (map[string]json.RawMessage, error) {
	doc := map[string]json.RawMessage{}
	if len(raw) == 0 {
		return doc, nil
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	if doc == nil {
		doc = map[string]json.RawMessage{}
	}
	return doc, nil
}

// eachMember calls f for every member of an object, in their order: of two keys that meet (a, a.b) the later one holds.
func eachMember(raw json.RawMessage, f func(key string, value json.RawMessage)) error {
	if len(raw) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("%q: %w", t, err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		name, _ := key.(string)
		f(name, value)
	}
	return nil
}

// encodeObject writes an object without white space, leaving <, > and & as they are: the length of the result counts.
func encodeObject(doc map[string]json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil { // its values came out of a decoder
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
