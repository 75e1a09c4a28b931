package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"herald/models"
)

// An operator lists the hooks, sees what one did not take, and sends it again. A relay of its own delivers, beside a worker that does
// not.
func TestHooksCommand(t *testing.T) {
	s := startStack(t, t.TempDir(), []string{"HERALD_RELAY=off"})
	var taken atomic.Int32
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Webhook-Attempt") == "1" && r.Header.Get("X-Webhook-Id") != "" {
			taken.Add(1)
		}
	}))
	t.Cleanup(endpoint.Close)
	run := func(code int, args ...string) string {
		t.Helper()
		cmd := newCampaignRun(t, s.APIURL, s.APIKey, s.APISecret)
		cmd.Args = append(cmd.Args[:1], append([]string{"hooks"}, args...)...)
		got := finish(t, cmd)
		if got.code != code {
			t.Fatalf("herald hooks %s ended with %d, want %d:\n%s%s", strings.Join(args, " "), got.code, code, got.out, got.errors)
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
	s.call(http.StatusOK, http.MethodPatch, "/app", map[string]any{"webhook_url": endpoint.URL, "event_hooks": []map[string]any{
		{"id": "mine", "hook_type": "webhook", "webhook_url": endpoint.URL, "event_types": []string{"campaign.deleted"}, "enabled": false}}})
	ids := []string{models.NewID(), models.NewID(), models.NewID()}
	for _, id := range ids {
		_, err := s.DB.Exec(t.Context(), `
			INSERT INTO hook_failures (app_pk, id, hook_id, webhook_url, event_type, campaign_id, seq, attempts, first_attempt_at, last_attempt_at, last_status, event)
			SELECT min(app_pk), $1, 'legacy', $2, 'campaign.completed', 'sale', 7, 151, now(), now(), 502, '{"type": "campaign.completed"}' FROM apps`, id, endpoint.URL)
		if err != nil {
			t.Fatal(err)
		}
	}
	contains(run(0, "list"), "legacy", "standard", "mine", "no", "campaign.deleted", endpoint.URL)
	contains(run(0, "failures"), ids[0], "campaign.completed", "sale", "151", "502")
	var listed []struct{ ID string }
	if err := json.Unmarshal([]byte(run(0, "failures", "--hook", "legacy", "-o", "json")), &listed); err != nil || len(listed) != 3 {
		t.Errorf("%d failures, error %v", len(listed), err)
	}
	contains(run(0, "failures", "--limit", "2"), "more than these 2")
	contains(run(2, "replay"), "either ids or --all")
	contains(run(2, "frob"), "there is no command")
	contains(run(0, "replay", ids[0]), "1 sent again")
	contains(run(0, "replay", "--all", "--hook", "mine"), "0 sent again")
	contains(run(0, "replay", "--all"), "2 sent again")

	relay := newCampaignRun(t, s.APIURL, s.APIKey, s.APISecret)
	relay.Args = append(relay.Args[:1], "relay")
	relay.Env = append(relay.Env, "HERALD_DATABASE_URL="+s.DatabaseURL, "HERALD_WEBHOOK_NETWORKS="+loopback)
	if err := relay.Start(); err != nil {
		t.Fatal(err)
	}
	s.eventually("the events to arrive", time.Minute, func() bool { return taken.Load() == 3 })
	if err := relay.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := relay.Wait(); err != nil {
		t.Errorf("the relay ended with %v", err)
	}
	contains(run(0, "failures", "-o", "json"), "[]")
}
