package api_test

import (
	"cmp"
	"compress/gzip"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"herald/api"
	"herald/api/openapi"
)

var parameter = regexp.MustCompile(`\{\w+\}`)

// The document and the table of routes have the same operations, with the same names, statuses and tokens.
func TestDocumentHasEveryRoute(t *testing.T) {
	var described []api.Served
	for _, op := range openapi.Operations() {
		described = append(described, api.Served{
			Name: op.Name, Method: op.Method, Path: parameter.ReplaceAllString(op.Path, "{}"), Status: op.Status, UserTokens: op.UserTokens,
		})
	}
	served := api.New(api.Config{}).Served()
	order := func(a, b api.Served) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method)) }
	slices.SortFunc(described, order)
	slices.SortFunc(served, order)
	if diff := gocmp.Diff(described, served); diff != "" {
		t.Errorf("-document +routes:\n%s", diff)
	}
}

func TestDocumentAndPageAreServed(t *testing.T) {
	handler := api.New(api.Config{Log: slog.New(slog.DiscardHandler)})
	get := func(path string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	for path, want := range map[string]struct{ contentType, content string }{
		"/openapi.json":              {"application/json; charset=utf-8", `"openapi":"3.1.0"`},
		"/docs":                      {"text/html; charset=utf-8", "docs/swagger-ui-bundle.js"},
		"/docs/start.js":             {"text/javascript; charset=utf-8", "openapi.json"},
		"/docs/swagger-ui-bundle.js": {"text/javascript; charset=utf-8", "SwaggerUI"},
		"/docs/swagger-ui.css":       {"text/css; charset=utf-8", ".swagger-ui"},
		"/docs/favicon-32x32.png":    {"image/png", "PNG"},
	} {
		w := get(path)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != want.contentType || !strings.Contains(w.Body.String(), want.content) {
			t.Errorf("%s answered %d with %q", path, w.Code, w.Header().Get("Content-Type"))
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s may not be read from elsewhere", path)
		}
		if again := get(path, "If-None-Match", w.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%s answered %d where nothing has changed", path, again.Code)
		}
		packed := get(path, "Accept-Encoding", "br, gzip")
		if packed.Header().Get("Content-Encoding") != "gzip" {
			if path != "/docs/favicon-32x32.png" {
				t.Errorf("%s is not compressed", path)
			}
			continue
		}
		if got, err := gunzip(packed.Body); err != nil || got != w.Body.String() {
			t.Errorf("%s is another file when compressed: %v", path, err)
		}
	}
	if !json.Valid(get("/openapi.json").Body.Bytes()) {
		t.Error("the document is no JSON")
	}
	for _, path := range []string{"/docs/", "/docs/LICENSE", "/docs/none.js", "/docs/../server.go"} {
		if w := get(path); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), `"code":16`) {
			t.Errorf("%s answered %d: %.100s", path, w.Code, w.Body)
		}
	}
}

func gunzip(r io.Reader) (string, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(z)
	return string(content), err
}
