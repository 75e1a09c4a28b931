package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// command is one run of `herald campaign`.
type command struct {
	out, errors string
	code        int
}

// newCampaignRun prepares a run that calls an API.
func newCampaignRun(t *testing.T, api, key, secret string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"campaign"}, args...)...)
	cmd.Env = append(os.Environ(), runAsHerald+"=1", "HERALD_API_URL="+api, "HERALD_API_KEY="+key, "HERALD_API_SECRET="+secret)
	cmd.Dir = t.TempDir() // where no herald dev has left its credentials
	return cmd
}

func finish(t *testing.T, cmd *exec.Cmd) command {
	t.Helper()
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return command{out.String(), said.String(), cmd.ProcessState.ExitCode()}
}

func TestCampaignExitCodes(t *testing.T) {
	answers := map[string]struct {
		status int
		body   string
	}{
		"GET /healthz":              {200, `{}`},
		"GET /campaigns/done":       {200, `{"campaign": {"id": "done", "status": "completed", "stats": {"progress": 1}}, "users": {}}`},
		"GET /campaigns/done/moves": {200, `{"moves": [{"control_seq": 1, "action": "complete", "via": "herald", "by": "", "reason": "", "moved_at": "2026-11-23T10:00:00Z"}]}`},
		"GET /campaigns/stopped":    {200, `{"campaign": {"id": "stopped", "status": "stopped", "stats": {"progress": 0.5}}, "users": {}}`},
		"GET /campaigns/proxy":      {403, "<html>\nno\n</html>"},
		"GET /campaigns/odd":        {200, "<html>"},
		"POST /campaigns/c/pause":   {201, `{"campaign": {"id": "c", "status": "in_progress", "paused": true, "paused_at": "2026-11-23T10:00:00Z", "pause_reason": "first"}}`},
		"POST /campaigns/c/stop":    {400, `{"code": 4, "message": "StopCampaign failed with error: \"campaign is draft and can't be stopped\"", "StatusCode": 400}`},
		"POST /campaigns/c/start":   {500, `{"code": -1, "message": "StartCampaign failed with error: \"internal error\"", "StatusCode": 500}`},
		"POST /campaigns/x/start":   {201, `<html>`},
		"GET /campaigns/lost":       {404, `{"code": 16, "message": "GetCampaign failed with error: \"campaign with id \"lost\" doesn't exist\"", "StatusCode": 404}`},
		"POST /campaigns/query":     {201, `{"campaigns": [{"id": "c", "status": "draft"}], "next": "more"}`},
		"POST /campaigns/c/resume":  {401, `{"code": 43, "message": "ResumeCampaign failed with error: \"signature is not valid\"", "StatusCode": 401}`},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := answers[r.Method+" "+r.URL.Path]
		if !ok {
			t.Errorf("unexpected call %s %s", r.Method, r.URL.Path)
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}))
	defer server.Close()
	gone := httptest.NewServer(nil)
	gone.Close()

	for name, tc := range map[string]struct {
		args string
		code int
		out  string // part of the output
		says string // part of the one line of errors; none where empty
	}{
		"done":                        {"get done", 0, "complete by herald at 2026-11-23 10:00:00 UTC", ""},
		"a refusal":                   {"stop c", 1, "", "herald: campaign is draft and can't be stopped\n"},
		"wrong credentials":           {"resume c", 1, "", "herald: signature is not valid\n"},
		"a failure":                   {"start c", 1, "", "herald: internal error\n"},
		"an unknown campaign":         {"get lost -o json", 1, "", `herald: campaign with id "lost" doesn't exist` + "\n"},
		"the reason of before":        {"pause c --reason second", 0, "paused: first since 2026-11-23 10:00:00 UTC", "keeps the reason it had"},
		"more than the limit":         {"list --limit 1", 0, "draft", "more than these 1"},
		"watched to its completion":   {"watch done", 0, "done: completed", ""},
		"watched until it is stopped": {"watch stopped -o json", 3, `{"id":"stopped"`, ""},
		"watched and refused":         {"watch lost", 1, "", "doesn't exist"},
		"not Herald's refusal":        {"get proxy", 2, "", "no answer from Herald: GET /campaigns/proxy?limit=1: <html> no </html>"},
		"not Herald's answer":         {"get odd", 2, "", "no answer from Herald"},
		"perhaps started":             {"start x", 2, "", "whether it was started, herald campaign get says"},
		"nobody there":                {"stop c --api-url " + gone.URL, 2, "", "no Herald API answers at " + gone.URL},
		"no such command":             {"halt c", 2, "", `there is no command "halt"`},
		"no such flag":                {"get done --now", 2, "", "unknown flag: --now"},
		"no campaign":                 {"get", 2, "", "usage: herald campaign get ID"},
		"too many campaigns":          {"stop a b", 2, "", "usage: herald campaign stop ID"},
		"no such status":              {"list --status draft,ready", 2, "", `--status "ready" is none of draft, scheduled`},
		"no such output":              {"list -o yaml", 2, "", `--output is "yaml"`},
		"a limit of none":             {"list --limit 0", 2, "", "--limit is 0"},
		"a limit of all":              {"list --limit 5 --all", 2, "", "exclude each other"},
		"a time that has passed":      {"start c --at 2020-01-01T00:00:00Z", 2, "", "--at: \"2020-01-01T00:00:00Z\" has passed"},
		"no time":                     {"start c --stop-at soon", 2, "", "--stop-at: \"soon\" is neither"},
		"an empty time":               {"start c --at=", 2, "", "--at: \"\" is neither"},
		"watched too often":           {"watch done --every 1ms", 2, "", "--every is 1ms"},
		"help":                        {"watch --help", 0, "3 it was stopped", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := finish(t, newCampaignRun(t, server.URL, "key", "secret", strings.Fields(tc.args)...))
			if got.code != tc.code || !strings.Contains(got.out, tc.out) {
				t.Errorf("exit code %d, want %d; printed %q", got.code, tc.code, got.out)
			}
			if !strings.Contains(got.errors, tc.says) || tc.says == "" && got.errors != "" || strings.Count(got.errors, "\n") > 1 {
				t.Errorf("said %q, want %q in one line", got.errors, tc.says)
			}
		})
	}
}

// A real campaign, from the list to the stop, as a support person drives it.
func TestCampaignCommand(t *testing.T) {
	s := startStack(t, t.TempDir(), nil)
	s.seedUsers(300)
	run := func(code int, args ...string) string {
		t.Helper()
		got := finish(t, newCampaignRun(t, s.APIURL, s.APIKey, s.APISecret, args...))
		if got.code != code {
			t.Fatalf("herald campaign %s ended with %d, want %d:\n%s%s", strings.Join(args, " "), got.code, code, got.out, got.errors)
		}
		return got.out + got.errors
	}
	contains := func(got string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("%q is not in:\n%s", want, got)
			}
		}
	}
	segment := s.segment(map[string]any{"type": "user", "filter": map[string]any{"half": map[string]any{"$in": []int{0, 1}}}})
	slow := map[string]any{"id": "slow", "name": "Slow", "segment_ids": []string{segment}, "messages_per_second": 5}
	s.campaign(slow)
	s.campaign(map[string]any{"id": "quick", "user_ids": []string{"u00001"}})

	contains(run(0, "list", "--status", "draft"), "slow", "quick", "Slow")
	contains(run(0, "audience", "slow"), "300 recipients")
	contains(run(0, "preview", "quick", "--user", "u00002,nobody"), "will be created", "Hi ", "skipped, unknown_user")
	contains(run(0, "test", "quick", "--user", "u00002,nobody"), "u00002     sent", "nobody     skipped")
	contains(run(1, "test", "quick", "--channel", "messaging:x"), "channel_cids can't be given")
	contains(run(0, "recipients", "quick"), "RECIPIENT")
	contains(run(1, "stop", "slow"), "herald: campaign is draft and can't be stopped")
	contains(run(1, "execution", "slow"), "was never started")
	contains(run(0, "start", "slow", "--at", "1h", "--stop-at", "3h"), "slow: scheduled for ", "stops at ")
	contains(run(0, "list", "--status", "scheduled"), "slow")
	contains(run(0, "start", "slow"), "slow: in_progress")
	s.eventually("the first messages", time.Minute, func() bool { n, _ := s.sent("slow"); return n > 0 })
	contains(run(0, "pause", "slow", "--reason", "a typo"), "paused: a typo since ")
	contains(run(0, "list", "-o", "json"), `"pause_reason": "a typo"`)
	contains(run(0, "execution", "slow"), "running", "campaign/", "phase", ": a typo")
	contains(run(0, "get", "slow"), "pause by ", " (api) at ", ": a typo")

	// It is watched from the pause, over the resume, to the stop.
	watch := newCampaignRun(t, s.APIURL, s.APIKey, s.APISecret, "watch", "slow", "--every", "100ms")
	lines := startLines(t, watch)
	lines.await("paused: a typo since ")
	contains(run(0, "resume", "slow"), "slow: in_progress")
	before, _ := s.sent("slow")
	s.eventually("more messages", time.Minute, func() bool { n, _ := s.sent("slow"); return n > before })
	lines.await("slow: in_progress, ")
	contains(run(0, "stop", "slow", "--by", "carl", "--reason", "wrong list"), "slow: stopped")
	contains(run(0, "get", "slow"), "stop by carl (api) at ", ": wrong list")
	var moves []struct{ Action, By, Reason string }
	if err := json.Unmarshal([]byte(run(0, "moves", "slow", "-o", "json")), &moves); err != nil {
		t.Error(err)
	}
	var made []string
	for _, m := range moves {
		made = append(made, m.Action)
	}
	if want := []string{"schedule", "start", "begin", "pause", "resume", "stop"}; !slices.Equal(made, want) {
		t.Errorf("the moves are %v, want %v", made, want)
	}
	contains(run(0, "moves", "slow"), "AT (UTC)", "a typo", "carl  wrong list")
	lines.await("slow: stopped")
	if err := watch.Wait(); watch.ProcessState.ExitCode() != int(exitStopped) {
		t.Errorf("watch ended with %v", err)
	}

	// Ctrl-C ends the watching alone.
	watch = newCampaignRun(t, s.APIURL, s.APIKey, s.APISecret, "watch", "quick")
	lines = startLines(t, watch)
	lines.await("quick: draft")
	if err := watch.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := watch.Wait(); watch.ProcessState.ExitCode() != int(exitInterrupted) {
		t.Errorf("an interrupted watch ended with %v", err)
	}
	contains(run(0, "start", "quick"), "quick: ")
	contains(run(0, "watch", "quick"), "quick: completed, 100%, 1 sent, 0 failed, 0 skipped of 1")
	var whole struct{ Users []struct{ ID string } }
	if err := json.Unmarshal([]byte(run(0, "get", "quick", "-o", "json")), &whole); err != nil || len(whole.Users) != 1 || whole.Users[0].ID != "u00001" {
		t.Errorf("the users are %v, error %v", whole.Users, err)
	}
	contains(run(1, "pause", "quick"), "campaign is completed and can't be paused")
	contains(run(0, "recipients", "quick"), "RECIPIENT", "u00001", "sent")
	if n, _ := s.sent("slow"); strings.Count(run(0, "recipients", "slow", "--status", "sent", "--format", "csv"), "\n") != n+1 {
		t.Errorf("the recipients of a campaign that sent %d messages are not as many", n)
	}
}
