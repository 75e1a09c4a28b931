package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

func TestRecipientsCommand(t *testing.T) {
	const (
		ann = `{"target_id": "ann", "user_id": "ann", "cid": "messaging:x", "message_id": "m", "status": "sent", "error_code": "", "error": "", "sent_at": "2026-11-23T10:00:01.020304Z", "read_at": null}`
		bob = `{"target_id": "bob", "user_id": "bob", "cid": null, "message_id": null, "status": "skipped", "error_code": "unknown_user", "error": "no bob", "sent_at": null, "read_at": null}`
	)
	answers := map[string]string{ // by the query, without the key
		"limit=100":                 `{"recipients": [` + ann + strings.Repeat(","+ann, 99) + `], "next": "2"}`,
		"limit=1000":                `{"recipients": [` + ann + `], "next": "2"}`,
		"limit=1000&next=2":         `{"recipients": [` + bob + `]}`,
		"limit=1":                   `{"recipients": [` + ann + `], "next": "2"}`,
		"limit=1000&status=skipped": `{"recipients": [` + bob + `]}`,
		"limit=1000&status=failed":  `{"recipients": [` + ann + `], "next": "lost"}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		query.Del("api_key")
		body, ok := answers[query.Encode()]
		switch {
		case r.URL.Path == "/healthz":
			body = `{}`
		case r.URL.Path == "/campaigns/lost/recipients" || query.Get("next") == "lost":
			w.WriteHeader(http.StatusNotFound)
			body = `{"code": 16, "message": "CampaignRecipients failed with error: \"campaign with id \"lost\" doesn't exist\""}`
		case r.URL.Path != "/campaigns/c/recipients" || !ok:
			t.Errorf("unexpected call %s", r.URL)
		}
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()

	const csv = "target_id,user_id,cid,message_id,status,error_code,error,sent_at,read_at\n"
	const annRow, bobRow = "ann,ann,messaging:x,m,sent,,,2026-11-23T10:00:01.020304Z,\n", "bob,bob,,,skipped,unknown_user,no bob,,\n"
	const header = "RECIPIENT  STATUS"
	for args, want := range map[string]command{
		"recipients c":                           {header, "herald: there are more than these 100; --limit or --all shows them\n", 0},
		"recipients c --all":                     {header, "", 0},
		"recipients c --format csv":              {csv + annRow + bobRow, "", 0},
		"recipients c -o csv --limit 1":          {csv + annRow, "more than these 1", 0},
		"recipients c --all --output ndjson":     {`{"target_id":"ann"`, "", 0},
		"recipients c -o json":                   {"[\n  {\n    \"target_id\": \"ann\"", "", 0},
		"recipients c --status skipped -o csv":   {csv + bobRow, "", 0},
		"recipients c --status failed -o csv":    {csv + annRow, `herald: campaign with id "lost" doesn't exist` + "\n", 1},
		"recipients lost":                        {"", `herald: campaign with id "lost" doesn't exist` + "\n", 1},
		"recipients c --status sent,failed":      {"", `--status "sent,failed" is none of sent, failed, skipped, read`, 2},
		"recipients c --status=":                 {"", `--status "" is none of`, 2},
		"recipients c --limit 0":                 {"", "--limit is 0", 2},
		"recipients c --limit 1 --all":           {"", "exclude each other", 2},
		"recipients c --format xml":              {"", `--output is "xml", it must be one of table, json, ndjson, csv`, 2},
		"recipients":                             {"", "usage: herald campaign recipients ID", 2},
		"recipients c -o csv --api-url http://x": {"", "no Herald API answers at http://x", 2},
	} {
		t.Run(args, func(t *testing.T) {
			got := finish(t, newCampaignRun(t, server.URL, "key", "secret", strings.Fields(args)...))
			if got.code != want.code || !strings.HasPrefix(got.out, want.out) || want.out == "" && got.out != "" {
				t.Errorf("exit code %d, want %d; printed %q", got.code, want.code, got.out)
			}
			if !strings.Contains(got.errors, want.errors) || want.errors == "" && got.errors != "" || strings.Count(got.errors, "\n") > 1 {
				t.Errorf("said %q, want %q in one line", got.errors, want.errors)
			}
		})
	}
	t.Run("to a full disk", func(t *testing.T) {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip("no full disk here: ", err)
		}
		defer full.Close()
		cmd := newCampaignRun(t, server.URL, "key", "secret", "recipients", "c", "-o", "csv")
		var said strings.Builder
		cmd.Stdout, cmd.Stderr = full, &said
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != int(exitNoAnswer) || !strings.HasPrefix(said.String(), "herald: write ") {
			t.Errorf("%v, said %q", err, said.String())
		}
	})
}
