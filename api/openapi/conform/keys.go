package conform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// frame is an object or array that a walk through JSON text is in.
type frame struct {
	object bool
	keys   []string
	isKey  bool // a key comes next
}

// repeatedKeys finds keys that come twice in one object, of which a decoded one says nothing.
func repeatedKeys(text []byte) error {
	var problems []error
	var stack []frame
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return errors.Join(problems...)
		}
		if err != nil {
			return err
		}
		top := len(stack) - 1
		if key, ok := token.(string); ok && top >= 0 && stack[top].isKey {
			if slices.Contains(stack[top].keys, key) {
				problems = append(problems, fmt.Errorf("the answer has the key %q twice in one object", key))
			}
			stack[top].keys, stack[top].isKey = append(stack[top].keys, key), false
			continue
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, frame{object: true, isKey: true})
			continue
		case json.Delim('['):
			stack = append(stack, frame{})
			continue
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:top]
			top--
		}
		if top >= 0 {
			stack[top].isKey = stack[top].object
		}
	}
}
