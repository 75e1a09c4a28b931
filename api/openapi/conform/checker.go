package conform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"herald/api/openapi"
)

// Exchange is a request and its answer.
type Exchange struct {
	Method      string
	URL         *url.URL
	RequestBody []byte
	Status      int
	Header      http.Header // of the answer
	Body        []byte      // of the answer
}

// Checker knows the document. It may be used by several goroutines.
type Checker struct {
	document map[string]any
	routes   []route

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema
}

// documentURL names the document in references.
const documentURL = "herald:openapi.json"

// New prepares a check against the document of this program.
func New() (*Checker, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(openapi.Document()))
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	c := &Checker{compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	c.document, _ = document.(map[string]any)
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	c.compiler.RegisterFormat(&jsonschema.Format{Name: "int64", Validate: isInt64})
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource(documentURL, document); err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	for _, op := range openapi.Operations() {
		c.routes = append(c.routes, route{Operation: op, steps: strings.Split(op.Path, "/")})
	}
	return c, nil
}

// isInt64 reads an integer as typed clients do: digits only, in 64 bits. JSON Schema has 1.0 and 1e3 as integers too.
func isInt64(value any) error {
	number, ok := value.(json.Number)
	if !ok {
		return nil // another keyword says that it is no number
	}
	if _, err := strconv.ParseInt(number.String(), 10, 64); err != nil {
		return errors.New("is not written in digits only, or has more than 64 bits")
	}
	return nil
}

// Check gives everything in which an exchange is not what the document says, as one error.
func (c *Checker) Check(e Exchange) error {
	answer := c.CheckAnswer(e)
	if op, known := c.Operation(e.Method, e.URL); known && e.Status < http.StatusBadRequest {
		return errors.Join(answer, named(e, c.checkRequest(op, e)))
	}
	return answer
}

// CheckAnswer is Check without the request, which the server may take where the document would not: keys in other letters, say.
func (c *Checker) CheckAnswer(e Exchange) error {
	op, known := c.Operation(e.Method, e.URL)
	var problems []error
	switch {
	case e.Method == http.MethodOptions:
		return nil
	case known:
		problems = append(problems, c.checkAnswer(op, e))
	case e.Status != http.StatusNotFound:
		problems = append(problems, errors.New("the document has no such operation"))
	default:
		problems = append(problems, c.checkBody("/components/schemas/Error", e.Body))
	}
	return named(e, errors.Join(problems...))
}

// named says which exchange an error is of.
func named(e Exchange, err error) error {
	if err != nil {
		return fmt.Errorf("%s %s answered %d: %w", e.Method, e.URL.EscapedPath(), e.Status, err)
	}
	return nil
}

func (c *Checker) checkAnswer(op openapi.Operation, e Exchange) error {
	responses, _ := at(c.document, "paths", op.Path, strings.ToLower(op.Method), "responses").(map[string]any)
	response, _ := responses[strconv.Itoa(e.Status)].(map[string]any)
	pointer := pointerOf("paths", op.Path, strings.ToLower(op.Method), "responses", strconv.Itoa(e.Status))
	if ref, ok := response["$ref"].(string); ok {
		pointer = strings.TrimPrefix(ref, "#")
		response, _ = at(c.document, strings.Split(pointer, "/")[1:]...).(map[string]any)
	}
	if response == nil {
		return fmt.Errorf("%s has no answer with the status %d", op.ID, e.Status)
	}
	problems := []error{c.checkHeaders(response, e.Header)}
	if got, want := e.Header.Get("Content-Type"), "application/json; charset=utf-8"; got != want {
		problems = append(problems, fmt.Errorf("the content type is %q, want %q", got, want))
	}
	problems = append(problems, c.checkBody(pointer+pointerOf("content", "application/json", "schema"), e.Body))
	return errors.Join(problems...)
}

// checkHeaders looks at the headers that the document says an answer has.
func (c *Checker) checkHeaders(response map[string]any, header http.Header) error {
	var problems []error
	headers, _ := response["headers"].(map[string]any)
	for name, one := range headers {
		ref, _ := at(one, "$ref").(string)
		pointer := strings.TrimPrefix(ref, "#")
		described := at(c.document, strings.Split(pointer, "/")[1:]...)
		text := header.Get(name)
		if text == "" {
			if at(described, "required") == true {
				problems = append(problems, fmt.Errorf("the header %s is missing", name))
			}
			continue
		}
		var value any = text
		if at(described, "schema", "type") == "integer" {
			value = json.Number(text)
		}
		problems = append(problems, c.check(pointer+"/schema", value, "the header "+name))
	}
	return errors.Join(problems...)
}

func (c *Checker) checkBody(pointer string, body []byte) error {
	value, err := decode(body)
	if err != nil {
		return fmt.Errorf("the answer: %w", err)
	}
	if err := errors.Join(repeatedKeys(body), c.check(pointer, value, "the answer")); err != nil {
		return fmt.Errorf("%w\n%s", err, body)
	}
	return nil
}

func decode(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, fmt.Errorf("is no JSON: %w: %.200q", err, body)
	}
	return value, nil
}

// check holds a value against the schema at a place of the document.
func (c *Checker) check(pointer string, value any, what string) error {
	schema, err := c.schema(pointer)
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (c *Checker) schema(pointer string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if schema, ok := c.schemas[pointer]; ok {
		return schema, nil
	}
	schema, err := c.compiler.Compile(documentURL + "#" + pointer)
	if err != nil {
		return nil, err
	}
	c.schemas[pointer] = schema
	return schema, nil
}

// at walks into objects of the document; nil where there is nothing.
func at(value any, steps ...string) any {
	for _, step := range steps {
		object, _ := value.(map[string]any)
		value = object[step]
	}
	return value
}

// pointerOf is a JSON pointer that may stand in the fragment of a URL.
func pointerOf(steps ...string) string {
	var b strings.Builder
	for _, step := range steps {
		b.WriteString("/")
		b.WriteString(url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(step)))
	}
	return b.String()
}
