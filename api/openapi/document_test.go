package openapi_test

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"herald/api/openapi"
)

// The document is OpenAPI 3.1, its schemas are JSON Schema 2020-12, and its examples are valid by them.
func TestDocumentIsValid(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document())
	if err != nil {
		t.Fatal(err)
	}
	if !doc.IsOpenAPI31OrLater() {
		t.Errorf("is OpenAPI %s", doc.OpenAPI)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}
