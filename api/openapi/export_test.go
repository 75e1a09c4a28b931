package openapi

import "encoding/json"

// Kind gives the schema of a kind in a dialect as JSON.
func Kind(word string, v2 bool) (string, error) {
	k, err := readKind(word)
	if err != nil {
		return "", err
	}
	schema, err := k.schema(scope{v2: v2, ref: func(name string) (string, error) { return "#" + name, nil }})
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(schema)
	return string(text), err
}

// Prose is what becomes of a description.
func Prose(text string) string { return prose(text) }
