package conform

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"herald/api/openapi"
)

// everywhere are parameters of a query that any request may have: the key of the app, and what SDKs add that the server ignores.
var everywhere = []string{"api_key", "user_id", "connection_id"}

// checkRequest holds a request that was accepted against the document.
func (c *Checker) checkRequest(op openapi.Operation, e Exchange) error {
	place := []string{"paths", op.Path, strings.ToLower(op.Method)}
	problems := []error{c.checkQuery(op, place, e)}
	if op.Method != http.MethodGet && op.Method != http.MethodDelete {
		var body any
		if len(strings.TrimSpace(string(e.RequestBody))) > 0 {
			var err error
			if body, err = decode(e.RequestBody); err != nil {
				return fmt.Errorf("the request: %w", err)
			}
		}
		if body == nil {
			body = map[string]any{}
		}
		pointer := pointerOf(append(place, "requestBody", "content", "application/json", "schema")...)
		if err := c.check(pointer, withoutNulls(body), "the request"); err != nil {
			problems = append(problems, fmt.Errorf("%w\n%s", err, e.RequestBody))
		}
	}
	return errors.Join(problems...)
}

// withoutNulls leaves out what is null, which is the same to the server.
func withoutNulls(value any) any {
	switch v := value.(type) {
	case map[string]any:
		rest := map[string]any{}
		for key, inner := range v {
			if inner != nil {
				rest[key] = withoutNulls(inner)
			}
		}
		return rest
	case []any:
		rest := make([]any, len(v))
		for i, inner := range v {
			rest[i] = withoutNulls(inner)
		}
		return rest
	default:
		return value
	}
}

func (c *Checker) checkQuery(op openapi.Operation, place []string, e Exchange) error {
	var problems []error
	parameters, _ := at(c.document, append(place, "parameters")...).([]any)
	query := e.URL.Query()
	for i, one := range parameters {
		p, _ := one.(map[string]any)
		name, _ := p["name"].(string)
		if p["in"] != "query" {
			continue
		}
		text := query.Get(name)
		delete(query, name)
		if text == "" { // is the same as a parameter that is not there
			if p["required"] == true {
				problems = append(problems, fmt.Errorf("the parameter %s is missing", name))
			}
			continue
		}
		pointer := pointerOf(append(place, "parameters", fmt.Sprint(i), "schema")...)
		var value any = text
		switch {
		case p["content"] != nil:
			pointer = pointerOf(append(place, "parameters", fmt.Sprint(i), "content", "application/json", "schema")...)
			var err error
			if value, err = decode([]byte(text)); err != nil {
				problems = append(problems, fmt.Errorf("the parameter %s: %w", name, err))
				continue
			}
			value = withoutNulls(value)
		case at(p, "schema", "type") == "integer":
			value = json.Number(text)
		case at(p, "schema", "type") == "boolean":
			value = map[string]any{"true": true, "false": false}[strings.ToLower(text)]
		}
		problems = append(problems, c.check(pointer, value, "the parameter "+name))
	}
	for name := range query {
		if !slices.Contains(everywhere, name) {
			problems = append(problems, fmt.Errorf("%s has no parameter %s", op.ID, name))
		}
	}
	return errors.Join(problems...)
}
