package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTrialCommands(t *testing.T) {
	answers := map[string]string{ // by path and body
		`/campaigns/c/preview {"user_ids":["ann","b b"]}`:       `{"previews": [{"target_id": "ann", "status": "ok", "error_code": "", "error": "", "message": {"text": "Hi", "attachments": [], "custom": {}}, "channel": null}]}`,
		`/campaigns/c/preview {"channel_cids":["messaging:x"]}`: `{"previews": []}`,
		`/campaigns/c/test {"user_ids":["ann"]}`:                `{"recipients": [{"target_id": "ann", "status": "sent", "cid": "messaging:x"}], "status": "completed", "results": {}}`,
		`/campaigns/odd/test {"user_ids":["ann"]}`:              `<html>`,
		`/campaigns/c/audience `:                                `{"count": 61240, "estimate": true, "duration": "2s"}`,
		`/campaigns/lost/test {"channel_cids":["messaging:x"]}`: "",
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		body, ok := answers[r.URL.Path+" "+string(sent)]
		switch {
		case r.URL.Path == "/healthz":
			body = `{}`
		case !ok:
			t.Errorf("unexpected call %s %s", r.URL, sent)
		case body == "":
			w.WriteHeader(http.StatusBadRequest)
			body = `{"code": 4, "message": "TestCampaign failed with error: \"user_ids is required\""}`
		}
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	for args, want := range map[string]command{
		"preview c --user ann --user b_b":         {"target  ann\nstatus  ok\ntext    Hi\n", "", 0},
		"preview c --user ann,b_b -o json":        {"[\n  {\n    \"target_id\": \"ann\"", "", 0},
		"preview c --channel messaging:x -o json": {"[]\n", "", 0},
		"preview c":                       {"", "herald: --user is missing, or --channel\n", 2},
		"preview --user ann":              {"", "usage: herald campaign preview ID", 2},
		"test c --user ann":               {"RECIPIENT  STATUS", "", 0},
		"test c --user ann -o json":       {"[\n  {\n    \"target_id\": \"ann\"", "", 0},
		"test c":                          {"", "herald: --user is missing, or --channel\n", 2},
		"test lost --channel messaging:x": {"", "herald: user_ids is required\n", 1},
		"test odd --user ann":             {"", "whether it was sent is not known\n", 2},
		"audience c":                      {"about 61,240 recipients\n", "", 0},
		"audience c --output json":        {"{\n  \"count\": 61240,", "", 0},
		"audience c --user ann":           {"", "unknown flag: --user", 2},
	} {
		t.Run(args, func(t *testing.T) {
			fields := strings.Fields(args)
			for i := range fields {
				fields[i] = strings.ReplaceAll(fields[i], "_", " ")
			}
			got := finish(t, newCampaignRun(t, server.URL, "key", "secret", fields...))
			if got.code != want.code || !strings.HasPrefix(got.out, want.out) || want.out == "" && got.out != "" {
				t.Errorf("exit code %d, want %d; printed %q", got.code, want.code, got.out)
			}
			if !strings.Contains(got.errors, want.errors) || want.errors == "" && got.errors != "" {
				t.Errorf("said %q, want %q", got.errors, want.errors)
			}
		})
	}
}
