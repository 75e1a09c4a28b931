package apifuzz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"herald/api/openapi"
)

type (
	object = map[string]any
	array  = []any
)

// route is an operation of the document with what is known of its requests.
type route struct {
	openapi.Operation
	query   []parameter
	body    object // a schema; nil where there is no body
	example any    // of a body; may be nil
	schemas object // by name
}

type parameter struct {
	name     string
	required bool
	text     bool // its schema is that of JSON text
	schema   object
}

func readRoutes() ([]route, error) {
	var document object
	d := json.NewDecoder(bytes.NewReader(openapi.Document()))
	d.UseNumber()
	if err := d.Decode(&document); err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	schemas := within(document, "components", "schemas")
	var routes []route
	for _, op := range openapi.Operations() {
		described := within(document, "paths", op.Path, strings.ToLower(op.Method))
		r := route{Operation: op, schemas: schemas}
		content := within(described, "requestBody", "content", "application/json")
		r.body, r.example = within(content, "schema"), content["example"]
		parameters, _ := described["parameters"].(array)
		for _, one := range parameters {
			p, _ := one.(object)
			if p["in"] != "query" {
				continue
			}
			name, _ := p["name"].(string)
			found := parameter{name: name, required: p["required"] == true, schema: within(p, "schema")}
			if found.schema == nil {
				found.text, found.schema = true, within(p, "content", "application/json", "schema")
			}
			r.query = append(r.query, found)
		}
		routes = append(routes, r)
	}
	return routes, nil
}

// within walks into objects; nil where there is none.
func within(o object, steps ...string) object {
	for _, step := range steps {
		o, _ = o[step].(object)
	}
	return o
}
