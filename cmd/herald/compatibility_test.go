package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/api/openapi"
	"herald/api/openapi/conform"
)

var writeCompatibility = flag.Bool("write-compatibility", false, "write docs/compatibility.md instead of comparing it")

const compatibilityFile = "../../docs/compatibility.md"

// sdks are the SDKs of the tests in the order of the table, with the dialect that they speak.
var sdks = []struct {
	name string
	v2   bool
}{{"stream-chat", false}, {"@stream-io/node-sdk", true}}

// sdkCall is a line of what sdktest/record.mjs writes: a request, and the methods that led to it, the outermost first; or
// the methods for campaigns and segments that an SDK has.
type sdkCall struct {
	SDK    string   `json:"sdk"`
	Calls  []string `json:"calls"`
	Method string   `json:"method"`
	Path   string   `json:"path"`
	Status int      `json:"status"`

	Offered []string `json:"offered"`
}

// plumbing are methods of stream-chat that make any request.
var plumbing = []string{"client.get", "client.post", "client.put", "client.patch", "client.delete", "client.doAxiosRequest"}

// withoutRequest are methods for campaigns and segments that make no request of their own.
var withoutRequest = []string{"client.campaign", "client.segment", "campaign.verifyCampaignId", "segment.verifySegmentId"}

// checkCompatibility compares docs/compatibility.md with what the SDK tests have called, or writes it. Of what the SDKs have
// for campaigns and segments, nothing may be missing there.
func checkCompatibility(t *testing.T, callsFile string) {
	t.Helper()
	text, err := os.ReadFile(callsFile)
	if err != nil {
		t.Fatal(err)
	}
	methods, offered := methodsByOperation(t, text)
	for _, sdk := range sdks {
		if len(offered[sdk.name]) < 16 {
			t.Errorf("%s has only the methods %v for campaigns and segments", sdk.name, offered[sdk.name])
		}
		for _, name := range offered[sdk.name] {
			if !slices.Contains(withoutRequest, name) && !called(methods, sdk.name, name) {
				t.Errorf("no test calls %s of %s with success", name, sdk.name)
			}
		}
	}
	want := compatibility(t, methods)
	if *writeCompatibility {
		if err := os.WriteFile(compatibilityFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(compatibilityFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), want); diff != "" {
		t.Errorf("docs/compatibility.md is not what the SDKs called; `make compatibility` writes it (-file +called):\n%s", diff)
	}
}

func called(methods map[string]map[string][]string, sdk, name string) bool {
	for _, of := range methods {
		if slices.Contains(of[sdk], name) {
			return true
		}
	}
	return false
}

// methodsByOperation gives the methods that succeeded, by the id of the operation and the SDK, and by SDK the methods for
// campaigns and segments that it has.
func methodsByOperation(t *testing.T, text []byte) (methods map[string]map[string][]string, offered map[string][]string) {
	t.Helper()
	checker, err := conform.New()
	if err != nil {
		t.Fatal(err)
	}
	methods, offered = map[string]map[string][]string{}, map[string][]string{}
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var c sdkCall
		if err := d.Decode(&c); err == io.EOF {
			return methods, offered
		} else if err != nil {
			t.Fatalf("read what the SDKs called: %v", err)
		}
		if c.Offered != nil {
			offered[c.SDK] = c.Offered
			continue
		}
		if c.Status/100 != 2 {
			continue
		}
		u, err := url.Parse(c.Path)
		if err != nil {
			t.Fatal(err)
		}
		op, ok := checker.Operation(c.Method, u)
		if !ok {
			t.Errorf("%s calls %s %s, which is no operation", c.SDK, c.Method, c.Path)
			continue
		}
		if methods[op.ID] == nil {
			methods[op.ID] = map[string][]string{}
		}
		for _, name := range c.Calls {
			if list := methods[op.ID][c.SDK]; !slices.Contains(plumbing, name) && !slices.Contains(list, name) {
				methods[op.ID][c.SDK] = append(list, name)
			}
		}
	}
}

// compatibility is the document.
func compatibility(t *testing.T, methods map[string]map[string][]string) string {
	t.Helper()
	versions := sdkVersions(t)
	var b strings.Builder
	fmt.Fprintf(&b, `# Which SDK methods work

Written by %[1]smake compatibility%[1]s from what the tests in [sdktest](../sdktest) call: %[2]s, unchanged, against a
running Herald. A method stands beside a request that it has made and that was answered with a 2xx; where there is –, that
version of the SDK has no method for it or the tests call none. Every request and answer of these tests is held against the
[OpenAPI document](../api/openapi). The tests of [api](../api) make each request that is served without an SDK too, in both
dialects.

A path in v2 is that of the table after what its heading says.
`, "`", strings.Join(versions, ", "))

	operations := openapi.Operations()
	v2 := map[string]openapi.Operation{} // by method and v1 path
	for _, op := range operations {
		if op.V2 {
			v2[op.Method+" "+op.V1Path] = op
		}
	}
	tag := ""
	for _, op := range operations {
		if op.V2 {
			continue
		}
		inV2, both := v2[op.Method+" "+op.V1Path]
		if op.Tag != tag {
			tag = op.Tag
			fmt.Fprintf(&b, "\n## %s (v2: `%s`)\n\n| operation | request | %s | %s |\n|---|---|---|---|\n",
				tag, strings.TrimSuffix(inV2.Path, inV2.V1Path), sdks[0].name, sdks[1].name)
		}
		cells := []string{op.Name, "`" + op.Method + " " + op.Path + "`"}
		for _, sdk := range sdks {
			switch {
			case !sdk.v2:
				cells = append(cells, names(methods[op.ID][sdk.name]))
			case both:
				cells = append(cells, names(methods[inV2.ID][sdk.name]))
			default:
				cells = append(cells, "not in v2")
			}
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	return b.String()
}

func names(methods []string) string {
	if len(methods) == 0 {
		return "–"
	}
	slices.Sort(methods)
	quoted := make([]string, len(methods))
	for i, name := range methods {
		quoted[i] = "`" + name + "`"
	}
	return strings.Join(quoted, ", ")
}

// sdkVersions are the SDKs of sdktest with their versions.
func sdkVersions(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(sdkTests, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	var p struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	list := make([]string, len(sdks))
	for i, sdk := range sdks {
		list[i] = sdk.name + " " + p.Dependencies[sdk.name]
	}
	return list
}
