package openapi

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed contract/*.yaml
var contract embed.FS

// files are the sources in the order of the document.
var files = []string{"common", "campaigns", "segments", "users", "channels", "messages", "polls", "app"}

// source is one file.
type source struct {
	Tag         string
	Description string                    // of the tag; of the whole document in the first file
	V2          string                    // what precedes the paths in the v2 dialect
	Parameters  listOf[string]            // of paths
	Answers     listOf[objectSource]      // objects of answers
	Requests    listOf[objectSource]      // objects of requests
	Schemas     listOf[yaml.Node]         // as they are
	Operations  listOf[operationSource]   // by id
	Webhooks    listOf[operationSource]   // what Herald sends
	Headers     listOf[string]            // of every answer
	PostHeaders postHeaders               `yaml:"headers of POST"`
	Errors      listOf[errorSource]       // by status
	Security    listOf[map[string]string] // schemes
}

// postHeaders are those of the operations that are POST.
type postHeaders struct {
	Request listOf[string]
	Answer  listOf[string] // of success
}

type objectSource struct {
	Description string
	Keys        listOf[string]
}

type errorSource struct {
	Name        string
	Description string
	Headers     listOf[string]
	When        string // which operations have it: all, body, path, POST; default all
}

type operationSource struct {
	Route       string         // method and path in the v1 dialect
	Also        listOf[string] // more routes of it, for older SDKs, with a description each
	Name        string         // in errors and rate limits; the id by default
	Summary     string
	Description string
	Users       bool   // user tokens may call it too
	Only        string // v1: there is none in the v2 dialect
	Status      int    // of success; 0 is that of the method
	Missing     bool   // it may be 404 although its path names nothing
	Query       listOf[string]
	Body        listOf[string]
	Answer      listOf[string]
	AnswerV2    *listOf[string] `yaml:"answer v2"` // where it is another one
	Example     yaml.Node       // a body
	ExampleV2   yaml.Node       `yaml:"example v2"` // where it is another one
	Shown       string          // the file of an example of the answer
}

// listOf is a mapping of YAML in its order.
type listOf[T any] []entry[T]

type entry[T any] struct {
	name  string
	value T
}

// UnmarshalYAML reads the mapping. Unlike the decoder's own way into custom types it refuses fields that T does not have.
func (l *listOf[T]) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: no mapping", n.Line)
	}
	for i := 0; i < len(n.Content); i += 2 {
		e := entry[T]{name: n.Content[i].Value}
		if err := decodeStrictly(n.Content[i+1], &e.value); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		*l = append(*l, e)
	}
	return nil
}

func decodeStrictly(n *yaml.Node, to any) error {
	if node, ok := to.(*yaml.Node); ok {
		*node = *n
		return nil
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil
	}
	text, err := yaml.Marshal(n)
	if err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	return d.Decode(to)
}

func readSources() ([]source, error) {
	list := make([]source, len(files))
	for i, name := range files {
		text, err := fs.ReadFile(contract, "contract/"+name+".yaml")
		if err != nil {
			return nil, err
		}
		d := yaml.NewDecoder(bytes.NewReader(text))
		d.KnownFields(true)
		if err := d.Decode(&list[i]); err != nil {
			return nil, fmt.Errorf("%s.yaml: %w", name, err)
		}
	}
	return list, nil
}

// key is one key of a list.
type key struct {
	name        string
	kind        kind
	description string
	optional    bool
	only        string // the dialect that has it; "" is both
}

// readKey reads a key and what stands after it.
func readKey(name, text string) (key, error) {
	word, description, _ := strings.Cut(strings.TrimSpace(text), " ")
	k := key{description: strings.TrimSpace(description)}
	name, k.only, _ = strings.Cut(name, "@")
	k.name, k.optional = strings.CutSuffix(name, "?")
	if k.only != "" && k.only != "v1" && k.only != "v2" {
		return k, fmt.Errorf("%s: no dialect %q", name, k.only)
	}
	var err error
	if k.kind, err = readKind(word); err != nil {
		return k, fmt.Errorf("%s: %w", name, err)
	}
	return k, nil
}
