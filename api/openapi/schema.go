package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// component is an object or schema that has a name.
type component struct {
	name        string
	description string
	keys        []key // of an object, those taken over included
	request     bool
	asIs        object // a schema that the source has as it is
	perDialect  func(v2 bool) object
}

// components are all of them, in the order of the sources.
type components struct {
	list   []*component
	byName map[string]*component
	// differ are the names of those that do not look the same in both dialects.
	differ map[string]bool
}

func readComponents(sources []source) (*components, error) {
	c := &components{byName: map[string]*component{}}
	c.add(&component{name: timeName, perDialect: timeSchema})
	for _, s := range sources {
		for _, schema := range s.Schemas {
			value, err := fromYAML(&schema.value)
			if err != nil {
				return nil, fmt.Errorf("schema %s: %w", schema.name, err)
			}
			asIs, _ := value.(object)
			for i, m := range asIs {
				if text, ok := m.value.(string); ok && m.key == "description" {
					asIs[i].value = prose(text)
				}
			}
			c.add(&component{name: schema.name, asIs: asIs})
		}
	}
	for _, s := range sources {
		for i, objects := range []listOf[objectSource]{s.Answers, s.Requests} {
			for _, o := range objects {
				keys, err := c.readKeys(o.value.Keys)
				if err != nil {
					return nil, fmt.Errorf("object %s: %w", o.name, err)
				}
				if c.byName[o.name] != nil {
					return nil, fmt.Errorf("object %s is there twice", o.name)
				}
				c.add(&component{name: o.name, description: o.value.Description, keys: keys, request: i == 1})
			}
		}
	}
	return c, c.findDiffering()
}

func (c *components) add(one *component) {
	c.list = append(c.list, one)
	c.byName[one.name] = one
}

// readKeys reads a list of keys, with those of other objects in the place of ...Name. A later key of a name replaces an earlier.
func (c *components) readKeys(list listOf[string]) ([]key, error) {
	var keys []key
	for _, e := range list {
		if included, ok := strings.CutPrefix(e.name, "..."); ok {
			other := c.byName[included]
			if other == nil || other.keys == nil {
				return nil, fmt.Errorf("no object %s above it", included)
			}
			keys = append(keys, other.keys...)
			continue
		}
		k, err := readKey(e.name, e.value)
		if err != nil {
			return nil, err
		}
		keys = slices.DeleteFunc(keys, func(earlier key) bool { return earlier.name == k.name && earlier.only == k.only })
		keys = append(keys, k)
	}
	return keys, nil
}

// findDiffering compares what each component is in the two dialects, and follows their references.
func (c *components) findDiffering() error {
	c.differ = map[string]bool{}
	refers := map[string][]string{}
	for _, one := range c.list {
		ref := func(name string) (string, error) {
			if c.byName[name] == nil {
				return "", fmt.Errorf("no object or schema %s", name)
			}
			refers[one.name] = append(refers[one.name], name)
			return name, nil
		}
		var forms [2][]byte
		for i := range forms {
			schema, err := one.schema(scope{v2: i == 1, ref: ref})
			if err == nil {
				forms[i], err = json.Marshal(schema)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", one.name, err)
			}
		}
		c.differ[one.name] = !bytes.Equal(forms[0], forms[1])
	}
	for found := true; found; {
		found = false
		for _, one := range c.list {
			if !c.differ[one.name] && slices.ContainsFunc(refers[one.name], func(name string) bool { return c.differ[name] }) {
				c.differ[one.name], found = true, true
			}
		}
	}
	return nil
}

// scope gives references to the components as they are in a dialect.
func (c *components) scope(v2 bool) scope {
	return scope{v2: v2, ref: func(name string) (string, error) {
		if c.byName[name] == nil {
			return "", fmt.Errorf("no object or schema %s", name)
		}
		return "#/components/schemas/" + c.name(name, v2), nil
	}}
}

// name of a component in a dialect.
func (c *components) name(name string, v2 bool) string {
	if v2 && c.differ[name] {
		return name + "V2"
	}
	return name
}

// schemas are the components of the document.
func (c *components) schemas() (object, error) {
	var all object
	for _, v2 := range []bool{false, true} {
		for _, one := range c.list {
			if v2 && !c.differ[one.name] {
				continue
			}
			schema, err := one.schema(c.scope(v2))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", one.name, err)
			}
			all = all.with(c.name(one.name, v2), schema)
		}
	}
	return all, nil
}

func (c *component) schema(s scope) (object, error) {
	switch {
	case c.asIs != nil:
		return c.asIs, nil
	case c.perDialect != nil:
		return c.perDialect(s.v2), nil
	}
	schema, err := objectSchema(c.keys, c.request, s)
	if c.description != "" {
		schema = schema.with("description", prose(c.description))
	}
	return schema, err
}

const (
	customKey         = "custom"
	customDescription = "Custom data."
)

// objectSchema is an object with the keys and, in an answer, no others.
func objectSchema(keys []key, request bool, s scope) (object, error) {
	required, properties := []string{}, object{}
	var others any
	if !request {
		others = false
	}
	for _, k := range keys {
		if k.only == "v1" && s.v2 || k.only == "v2" && !s.v2 {
			continue
		}
		var schema object
		var err error
		switch {
		case k.kind.base != "custom":
			schema, err = k.kind.schema(s)
		case s.v2:
			schema = object{{"type", "object"}}
			k.name, k.optional = customKey, request
		default:
			others = object{{"description", strings.TrimSpace(customDescription + " " + k.description)}}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.name, err)
		}
		if k.kind.base == "custom" {
			k.description = strings.TrimSpace(customDescription + " " + k.description)
		}
		if k.description != "" {
			schema = schema.with("description", k.description)
		}
		properties = properties.with(k.name, schema)
		if !k.optional {
			required = append(required, k.name)
		}
	}
	o := object{{"type", "object"}}
	if len(required) > 0 {
		o = o.with("required", required)
	}
	o = o.with("properties", properties)
	if others != nil {
		o = o.with("additionalProperties", others)
	}
	return o, nil
}
