package main

import (
	"os"
	"os/exec"
	"testing"
)

// Stream's official SDKs drive Herald unchanged: the tests of sdktest, in Node, against a stack of their own.
func TestSDKs(t *testing.T) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		if os.Getenv("HERALD_REQUIRE_NODE") == "1" {
			t.Fatal("npm is not on PATH, and HERALD_REQUIRE_NODE asks for it")
		}
		t.Skip("the SDK tests need Node.js 20 or newer with npm on PATH")
	}
	s := startStack(t, t.TempDir(), nil)
	for _, args := range [][]string{{"ci", "--no-audit", "--no-fund"}, {"test"}} {
		cmd := exec.CommandContext(t.Context(), npm, args...)
		cmd.Dir = "../../sdktest"
		cmd.Env = append(os.Environ(), "HERALD_API_URL="+s.APIURL, "HERALD_API_KEY="+s.APIKey, "HERALD_API_SECRET="+s.APISecret)
		out, err := cmd.CombinedOutput()
		t.Logf("npm %v\n%s", args, out)
		if err != nil {
			t.Fatalf("npm %v: %v", args, err)
		}
	}
}
