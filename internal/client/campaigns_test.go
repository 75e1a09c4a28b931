package client_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/internal/client"
)

func TestCampaignRequests(t *testing.T) {
	at := time.Date(2030, 11, 24, 9, 0, 0, 0, time.UTC)
	type ctx = context.Context
	for name, tc := range map[string]struct {
		call func(ctx, *client.Client) error
		want []string
	}{
		"the first page of some": {
			func(ctx ctx, c *client.Client) error {
				_, err := c.QueryCampaigns(ctx, client.CampaignQuery{Statuses: []string{"draft", "scheduled"}, Limit: 5})
				return err
			},
			[]string{"POST", "/campaigns/query", `{"filter":{"status":{"$in":["draft","scheduled"]}},"limit":5,"sort":[{"direction":-1,"field":"created_at"}]}`},
		},
		"the next page of all": {
			func(ctx ctx, c *client.Client) error {
				_, err := c.QueryCampaigns(ctx, client.CampaignQuery{Next: "cursor"})
				return err
			},
			[]string{"POST", "/campaigns/query", `{"next":"cursor","sort":[{"direction":-1,"field":"created_at"}]}`},
		},
		"whole": {
			func(ctx ctx, c *client.Client) error { _, err := c.CampaignWithUsers(ctx, "a/b"); return err },
			[]string{"GET", "/campaigns/a%2Fb", ""},
		},
		"start now": {
			func(ctx ctx, c *client.Client) error { _, err := c.StartCampaign(ctx, "c", client.Start{}); return err },
			[]string{"POST", "/campaigns/c/start", `{}`},
		},
		"start at a time": {
			func(ctx ctx, c *client.Client) error {
				stop := at.Add(time.Hour)
				_, err := c.StartCampaign(ctx, "c", client.Start{ScheduledFor: &at, StopAt: &stop})
				return err
			},
			[]string{"POST", "/campaigns/c/start", `{"scheduled_for":"2030-11-24T09:00:00Z","stop_at":"2030-11-24T10:00:00Z"}`},
		},
		"pause": {
			func(ctx ctx, c *client.Client) error {
				_, err := c.PauseCampaign(ctx, "c", client.Cause{By: "ann", Reason: "lunch"})
				return err
			},
			[]string{"POST", "/campaigns/c/pause", `{"by":"ann","reason":"lunch"}`},
		},
		"resume": {
			func(ctx ctx, c *client.Client) error {
				_, err := c.ResumeCampaign(ctx, "c", client.Cause{})
				return err
			},
			[]string{"POST", "/campaigns/c/resume", "{}"},
		},
		"stop": {
			func(ctx ctx, c *client.Client) error {
				_, err := c.StopCampaign(ctx, "c", client.Cause{Reason: "wrong list"})
				return err
			},
			[]string{"POST", "/campaigns/c/stop", `{"reason":"wrong list"}`},
		},
		"recipients": {
			func(ctx ctx, c *client.Client) error {
				_, err := c.Recipients(ctx, "a/b", client.RecipientQuery{})
				return err
			},
			[]string{"GET", "/campaigns/a%2Fb/recipients", ""},
		},
		"test": {
			func(ctx ctx, c *client.Client) error {
				_, err := c.TestCampaign(ctx, "a/b", client.Targets{UserIDs: []string{"ann", "bob"}})
				return err
			},
			[]string{"POST", "/campaigns/a%2Fb/test", `{"user_ids":["ann","bob"]}`},
		},
		"test on channels": {
			func(ctx ctx, c *client.Client) error {
				_, err := c.TestCampaign(ctx, "c", client.Targets{ChannelCIDs: []string{"messaging:x"}})
				return err
			},
			[]string{"POST", "/campaigns/c/test", `{"channel_cids":["messaging:x"]}`},
		},
		"audience": {
			func(ctx ctx, c *client.Client) error { _, err := c.CampaignAudience(ctx, "c"); return err },
			[]string{"POST", "/campaigns/c/audience", ""},
		},
		"execution": {
			func(ctx ctx, c *client.Client) error { _, err := c.Execution(ctx, "c"); return err },
			[]string{"GET", "/campaigns/c/execution", ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = []string{r.Method, r.URL.EscapedPath(), string(body)}
				_, _ = io.WriteString(w, `{}`)
			}))
			defer server.Close()
			c, err := client.New(client.Config{URL: server.URL, APIKey: "key", Token: "token"})
			if err != nil {
				t.Fatal(err)
			}
			if err := tc.call(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCampaignKeepsTheWholeObject(t *testing.T) {
	const object = `{"id": "c", "paused": true, "paused_at": "2026-11-23T10:00:00.000000Z", "stats": {"stats_eta_seconds": 7}, "new_in_the_api": 1}`
	c, err := newClient(t, &script{steps: []step{answer(200, `{"campaign": `+object+`, "users": {}}`)}}).Campaign(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	at, eta := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), int64(7)
	want := client.Campaign{ID: "c", Paused: true, PausedAt: &at, Stats: client.Stats{ETASeconds: &eta}, JSON: []byte(object)}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
}

func TestExecutionWithoutWorker(t *testing.T) {
	const object = `{"workflow_id": "campaign/1/c", "run_id": "", "status": "unknown", "web_ui_url": "", "progress": null, "duration": "2s"}`
	e, err := newClient(t, &script{steps: []step{answer(200, object)}}).Execution(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(client.Execution{WorkflowID: "campaign/1/c", Status: "unknown", JSON: []byte(object)}, e); diff != "" {
		t.Error(diff)
	}
}
