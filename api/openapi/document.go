package openapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Document is the OpenAPI document, as JSON. It is built once; nobody may change what is given.
func Document() []byte { return built().json }

// Operations are all methods and paths of the document, those of the v1 dialect first.
func Operations() []Operation { return slices.Clone(built().list) }

// built is the document. Its sources are part of the program, so one that does not build is a mistake in them, which the
// tests of this package find.
var built = sync.OnceValue(func() *builder {
	b, err := build()
	if err != nil {
		panic("openapi: " + err.Error())
	}
	return b
})

type builder struct {
	components *components
	errors     listOf[errorSource]
	headers    listOf[string]
	post       postHeaders

	paths object
	list  []Operation
	json  []byte
}

func build() (*builder, error) {
	sources, err := readSources()
	if err != nil {
		return nil, err
	}
	common := sources[0]
	b := &builder{errors: common.Errors, headers: common.Headers, post: common.PostHeaders}
	if b.components, err = readComponents(sources); err != nil {
		return nil, err
	}
	var tags, groups []any
	var webhooks object
	for _, v2 := range []bool{false, true} {
		var names []string
		for _, src := range sources[1:] {
			if err := b.operations(src, v2); err != nil {
				return nil, err
			}
			hooks, err := b.webhooks(src, v2)
			if err != nil {
				return nil, err
			}
			webhooks = append(webhooks, hooks...)
			names = append(names, tagName(src.Tag, v2))
			tags = append(tags, object{{"name", tagName(src.Tag, v2)}, {"description", prose(src.Description)}})
		}
		groups = append(groups, object{{"name", map[bool]string{false: "v1 dialect", true: "v2 dialect"}[v2]}, {"tags", names}})
	}
	shared, err := b.shared(common)
	if err != nil {
		return nil, err
	}
	b.json, err = json.Marshal(object{
		{"openapi", "3.1.0"},
		{"info", object{
			{"title", "Herald"}, {"version", "1"}, {"summary", "Campaigns, in the two dialects of Stream Chat's API"},
			{"description", prose(common.Description)},
			{"license", object{{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}},
		}},
		{"servers", []any{object{{"url", "/"}}}},
		{"tags", tags},
		{"x-tagGroups", groups},
		{"paths", b.paths},
		{"webhooks", webhooks},
		{"components", shared},
	})
	return b, err
}

// shared are the components of the document.
func (b *builder) shared(common source) (object, error) {
	schemas, err := b.components.schemas()
	if err != nil {
		return nil, err
	}
	headers, responses := object{}, object{}
	addHeaders := func(list listOf[string]) error {
		for _, h := range list {
			k, err := readKey(h.name, h.value)
			if err != nil {
				return err
			}
			schema, err := k.kind.schema(b.components.scope(false))
			if err != nil {
				return err
			}
			if headers.get(headerComponent(h.name)) == nil {
				header := object{{"description", k.description}}
				if !k.optional {
					header = header.with("required", true)
				}
				headers = headers.with(headerComponent(h.name), header.with("schema", schema))
			}
		}
		return nil
	}
	if err := addHeaders(common.Headers); err != nil {
		return nil, err
	}
	if err := addHeaders(common.PostHeaders.Answer); err != nil {
		return nil, err
	}
	ref, err := b.components.scope(false).ref("Error")
	if err != nil {
		return nil, err
	}
	for _, e := range common.Errors {
		if err := addHeaders(e.value.Headers); err != nil {
			return nil, err
		}
		responses = responses.with(e.value.Name, object{
			{"description", prose(e.value.Description)},
			{"headers", b.headerRefs(e.value.Headers)},
			{"content", object{{"application/json", object{{"schema", object{{"$ref", ref}}}}}}},
		})
	}
	return object{
		{"schemas", schemas}, {"responses", responses}, {"headers", headers}, {"securitySchemes", securitySchemes(common.Security)},
	}, nil
}

// add puts an operation to the others of its path.
func (b *builder) add(op Operation, described object) {
	b.list = append(b.list, op)
	method := strings.ToLower(op.Method)
	for i, m := range b.paths {
		if m.key == op.Path {
			b.paths[i].value = m.value.(object).with(method, described)
			return
		}
	}
	b.paths = b.paths.with(op.Path, object{{method, described}})
}

// webhooks are what Herald sends to an app's own server.
func (b *builder) webhooks(src source, v2 bool) (object, error) {
	var hooks object
	for _, e := range src.Webhooks {
		keys, err := b.components.readKeys(e.value.Body)
		if err != nil {
			return nil, fmt.Errorf("webhook %s: %w", e.name, err)
		}
		schema, err := objectSchema(keys, false, b.components.scope(v2))
		if err != nil {
			return nil, fmt.Errorf("webhook %s: %w", e.name, err)
		}
		var parameters []any
		for _, h := range e.value.Query {
			k, err := readKey(h.name, h.value)
			if err != nil {
				return nil, err
			}
			p, err := b.parameter("header", k, v2)
			if err != nil {
				return nil, err
			}
			parameters = append(parameters, p)
		}
		name := e.name
		if v2 {
			name += "V2"
		}
		hooks = hooks.with(name, object{{"post", object{
			{"operationId", name}, {"tags", []string{tagName(src.Tag, v2)}}, {"summary", e.value.Summary},
			{"description", prose(e.value.Description)}, {"parameters", parameters},
			{"requestBody", object{{"required", true}, {"content", object{{"application/json", object{{"schema", schema}}}}}}},
			{"responses", object{{"2XX", object{{"description", "Received. The body is ignored."}}}}},
		}}})
	}
	return hooks, nil
}
