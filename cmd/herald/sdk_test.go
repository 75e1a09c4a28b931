package main

import (
	"io/fs"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const sdkTests = "../../sdktest"

// Stream's official SDKs drive Herald unchanged: the tests of sdktest, in Node, against a stack of their own. All they send
// and get is held against the OpenAPI document, and what they called makes docs/compatibility.md.
func TestSDKs(t *testing.T) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		if os.Getenv("HERALD_REQUIRE_NODE") == "1" {
			t.Fatal("npm is not on PATH, and HERALD_REQUIRE_NODE asks for it")
		}
		t.Skip("the SDK tests need Node.js 20 or newer with npm on PATH")
	}
	readSDKTests(t)
	s := startStack(t, t.TempDir(), nil)
	calls := filepath.Join(t.TempDir(), "calls")
	for _, args := range [][]string{{"ci", "--no-audit", "--no-fund"}, {"test"}} {
		cmd := exec.CommandContext(t.Context(), npm, args...)
		cmd.Dir = sdkTests
		cmd.Env = append(os.Environ(), "HERALD_API_URL="+conformingProxy(t, s.APIURL), "HERALD_API_KEY="+s.APIKey,
			"HERALD_API_SECRET="+s.APISecret, "HERALD_SDK_CALLS="+calls)
		out, err := cmd.CombinedOutput()
		t.Logf("npm %v\n%s", args, out)
		if err != nil {
			t.Fatalf("npm %v: %v", args, err)
		}
	}
	checkCompatibility(t, calls)
}

// conformingProxy stands in front of the API and holds what passes against the OpenAPI document.
func conformingProxy(t *testing.T, apiURL string) string {
	t.Helper()
	target, err := url.Parse(apiURL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: conforming(t),
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

// readSDKTests opens what Node will run: without that the go command would answer from its cache after a change of it.
func readSDKTests(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(sdkTests, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "node_modules":
			return fs.SkipDir
		case entry.IsDir():
			return nil
		}
		_, err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
