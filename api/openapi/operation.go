package openapi

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed examples
var examples embed.FS

// Operation is one method and path of the document.
type Operation struct {
	ID         string // unique in the document
	Name       string // in errors and rate limits, the same in both dialects and for all routes of the operation
	Method     string
	Path       string // with {parameters}
	V1Path     string // of the same route in the v1 dialect
	V2         bool
	Tag        string // the subject, the same in both dialects
	Summary    string
	Status     int  // of success
	UserTokens bool // a user token may call it, not only a server token
	Deprecated bool // a route of older SDKs
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// operations adds the operations of a source in a dialect to the paths of the document.
func (b *builder) operations(src source, v2 bool) error {
	for _, e := range src.Operations {
		if v2 && e.value.Only == "v1" {
			continue
		}
		routes := append(listOf[string]{{name: e.value.Route}}, e.value.Also...)
		for i, route := range routes {
			method, path, _ := strings.Cut(route.name, " ")
			op := Operation{
				ID: e.name, Name: e.value.Name, Method: method, Path: path, V1Path: path, V2: v2, Tag: src.Tag,
				Summary: e.value.Summary, Status: e.value.Status, UserTokens: e.value.Users, Deprecated: i > 0,
			}
			if op.Name == "" {
				op.Name = e.name
			}
			if op.Status == 0 {
				op.Status = statusOf(method)
			}
			if i > 0 {
				op.ID += "Legacy"
				if len(routes) > 2 {
					op.ID += strconv.Itoa(i)
				}
			}
			if v2 {
				op.ID, op.Path = op.ID+"V2", src.V2+path
			}
			described, err := b.operation(src, e.value, op, route.value)
			if err != nil {
				return fmt.Errorf("%s: %w", op.ID, err)
			}
			b.add(op, described)
		}
	}
	return nil
}

// statusOf success is that of the method, unless an operation says otherwise (contract 4.1).
func statusOf(method string) int {
	if method == http.MethodPost || method == http.MethodPut {
		return http.StatusCreated
	}
	return http.StatusOK
}

func hasBody(method string) bool { return method != http.MethodGet && method != http.MethodDelete }

func (b *builder) operation(src source, from operationSource, op Operation, legacy string) (object, error) {
	if from.Summary == "" || src.Parameters == nil && strings.Contains(op.Path, "{") {
		return nil, errors.New("has no summary, or its file no parameters")
	}
	described := object{{"operationId", op.ID}, {"tags", []string{tagName(src.Tag, op.V2)}}, {"summary", from.Summary}}
	if text := prose(legacy + "\n\n" + from.Description); text != "" {
		described = described.with("description", text)
	}
	if op.Deprecated {
		described = described.with("deprecated", true)
	}
	parameters, err := b.parameters(src, from, op)
	if err != nil {
		return nil, err
	}
	if len(parameters) > 0 {
		described = described.with("parameters", parameters)
	}
	if hasBody(op.Method) {
		body, err := b.body(from, op.V2)
		if err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
		described = described.with("requestBody", body)
	}
	success, err := b.success(from, op)
	if err != nil {
		return nil, fmt.Errorf("answer: %w", err)
	}
	responses := object{{strconv.Itoa(op.Status), success}}
	for _, e := range b.errors {
		switch e.value.When {
		case "body":
			if !hasBody(op.Method) {
				continue
			}
		case "path":
			if !from.Missing && !strings.Contains(op.Path, "{") {
				continue
			}
		case http.MethodPost:
			if op.Method != http.MethodPost {
				continue
			}
		}
		responses = responses.with(e.name, object{{"$ref", "#/components/responses/" + e.value.Name}})
	}
	described = described.with("responses", responses)
	return described.with("security", b.security(op.UserTokens)), nil
}

func (b *builder) parameters(src source, from operationSource, op Operation) ([]any, error) {
	var list []any
	for _, found := range pathParameter.FindAllStringSubmatch(op.Path, -1) {
		i := slices.IndexFunc(src.Parameters, func(e entry[string]) bool { return e.name == found[1] })
		if i < 0 {
			return nil, fmt.Errorf("no parameter %s", found[1])
		}
		k, err := readKey(found[1], src.Parameters[i].value)
		if err != nil {
			return nil, err
		}
		p, err := b.parameter("path", k, op.V2)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	for _, e := range from.Query {
		k, err := readKey(e.name, e.value)
		if err != nil {
			return nil, err
		}
		if k.only == "v1" && op.V2 || k.only == "v2" && !op.V2 {
			continue
		}
		p, err := b.parameter("query", k, op.V2)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	if op.Method != http.MethodPost {
		return list, nil
	}
	for _, e := range b.post.Request {
		k, err := readKey(e.name, e.value)
		if err != nil {
			return nil, err
		}
		p, err := b.parameter("header", k, op.V2)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// parameter of a path or query. One that is an object is JSON text.
func (b *builder) parameter(in string, k key, v2 bool) (object, error) {
	p := object{{"name", k.name}, {"in", in}}
	if !k.optional {
		p = p.with("required", true)
	}
	if k.description != "" {
		p = p.with("description", k.description)
	}
	schema, err := k.kind.schema(b.components.scope(v2))
	if schema.get("$ref") != nil {
		return p.with("content", object{{"application/json", object{{"schema", schema}}}}), err
	}
	return p.with("schema", schema), err
}

func (b *builder) body(from operationSource, v2 bool) (object, error) {
	keys, err := b.components.readKeys(from.Body)
	if err != nil {
		return nil, err
	}
	schema, err := objectSchema(keys, true, b.components.scope(v2))
	if err != nil {
		return nil, err
	}
	content := object{{"schema", schema}}
	example := from.Example
	if v2 && !from.ExampleV2.IsZero() {
		example = from.ExampleV2
	}
	if !example.IsZero() {
		value, err := fromYAML(&example)
		if err != nil {
			return nil, err
		}
		content = content.with("example", value)
	}
	body := object{{"content", object{{"application/json", content}}}}
	if schema.get("required") != nil {
		body = object{{"required", true}}.with("content", body.get("content"))
	}
	return body, nil
}

func (b *builder) success(from operationSource, op Operation) (object, error) {
	v2 := op.V2
	var headers listOf[string]
	if op.Method == http.MethodPost {
		headers = b.post.Answer
	}
	list := from.Answer
	if v2 && from.AnswerV2 != nil {
		list = *from.AnswerV2
	}
	keys, err := b.components.readKeys(append(slices.Clone(list), durationKey))
	if err != nil {
		return nil, err
	}
	schema, err := objectSchema(keys, false, b.components.scope(v2))
	if err != nil {
		return nil, err
	}
	content := object{{"schema", schema}}
	if from.Shown != "" {
		example, err := readExample(from.Shown, v2)
		if err != nil {
			return nil, err
		}
		content = content.with("example", example)
	}
	return object{
		{"description", "Done."}, {"headers", b.headerRefs(headers)}, {"content", object{{"application/json", content}}},
	}, nil
}

// durationKey is in every answer (contract 4.1).
var durationKey = entry[string]{"duration", "string How long the server took, such as \"5.20ms\"."}

// Example is an answer of the contract by its file, as it is in a dialect.
func Example(file string, v2 bool) ([]byte, error) {
	dir := "examples/v1/"
	if v2 {
		dir = "examples/v2/"
	}
	return fs.ReadFile(examples, dir+file)
}

func readExample(file string, v2 bool) (json.RawMessage, error) {
	text, err := Example(file, v2)
	if err != nil {
		return nil, err
	}
	if !json.Valid(text) {
		return nil, fmt.Errorf("%s is no JSON", file)
	}
	return text, nil
}

// headerRefs are the headers of every answer, and more.
func (b *builder) headerRefs(more listOf[string]) object {
	var o object
	for _, h := range slices.Concat(b.headers, more) {
		o = o.with(strings.TrimSuffix(h.name, "?"), object{{"$ref", "#/components/headers/" + headerComponent(h.name)}})
	}
	return o
}

// headerComponent is the component of a header, which one answer may have to have and another may not.
func headerComponent(key string) string {
	if name, optional := strings.CutSuffix(key, "?"); optional {
		return "Optional-" + name
	}
	return key
}

// security says which tokens an operation takes.
func (b *builder) security(users bool) []any {
	tokens := []string{"server_token"}
	if users {
		tokens = append(tokens, "user_token")
	}
	var list []any
	for _, token := range tokens {
		list = append(list, object{{"api_key", []any{}}, {token, []any{}}, {"stream_auth_type", []any{}}})
	}
	return list
}

// securitySchemes are those of the source.
func securitySchemes(list listOf[map[string]string]) object {
	var schemes object
	for _, e := range list {
		scheme := object{}
		for _, name := range slices.Sorted(maps.Keys(e.value)) {
			scheme = scheme.with(name, strings.TrimSpace(e.value[name]))
		}
		schemes = schemes.with(e.name, scheme)
	}
	return schemes
}

func tagName(tag string, v2 bool) string {
	if v2 {
		return tag + " (v2)"
	}
	return tag
}
