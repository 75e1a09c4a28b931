package campaigns_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/internal/campaigns"
	"herald/internal/client"
)

// film shows one campaign after the other, and then its error or the last one over and over.
type film struct {
	frames []client.Campaign
	err    error
	shown  int
}

func (f *film) Campaign(context.Context, string) (client.Campaign, error) {
	f.shown++
	if f.shown > len(f.frames) && f.err != nil {
		return client.Campaign{}, f.err
	}
	return f.frames[min(f.shown, len(f.frames))-1], nil
}

func newFilm(t *testing.T, objects ...string) *film {
	t.Helper()
	f := &film{}
	for _, object := range objects {
		f.frames = append(f.frames, campaign(t, object))
	}
	return f
}

const (
	first   = `{"id": "c", "status": "in_progress", "stats": {"progress": 0.1, "stats_started_at": "2026-11-23T10:00:00Z", "stats_messages_sent": 1, "stats_recipients_total": 10}}`
	second  = `{"id": "c", "status": "in_progress", "stats": {"progress": 0.2, "stats_started_at": "2026-11-23T10:00:00Z", "stats_messages_sent": 2, "stats_recipients_total": 10}}`
	held    = `{"id": "c", "status": "in_progress", "paused": true, "pause_reason": "lunch", "paused_at": "2026-11-23T10:00:02Z", "stats": {"progress": 0.2, "stats_started_at": "2026-11-23T10:00:00Z", "stats_messages_sent": 2, "stats_recipients_total": 10}}`
	stopped = `{"id": "c", "status": "stopped", "stats": {"progress": 0.2, "stats_started_at": "2026-11-23T10:00:00Z", "stats_messages_sent": 2, "stats_recipients_total": 10}}`
)

var printedAt = regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC  `)

// watch watches a film on a clock that costs no time.
func watch(t *testing.T, f *film, w campaigns.Watching) (out string, last client.Campaign, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		w.API, w.ID, w.Every, w.Out = f, "c", time.Second, &b
		last, err = w.Watch(t.Context())
		out = b.String()
	})
	return out, last, err
}

func TestWatchPrintsALinePerChange(t *testing.T) {
	out, last, err := watch(t, newFilm(t, first, first, second, held, held, stopped), campaigns.Watching{})
	if err != nil || last.Status != "stopped" {
		t.Errorf("the last is %v, error %v", last.Status, err)
	}
	want := `c: in_progress, 10%, 1 sent, 0 failed, 0 skipped of 10
c: in_progress, 20%, 2 sent, 0 failed, 0 skipped of 10
c: in_progress, paused: lunch since 2026-11-23 10:00:02 UTC, 20%, 2 sent, 0 failed, 0 skipped of 10
c: stopped, 20%, 2 sent, 0 failed, 0 skipped of 10
`
	if diff := cmp.Diff(want, printedAt.ReplaceAllString(out, "")); diff != "" {
		t.Error(diff)
	}
}

func TestWatchPrintsOneThatHasEnded(t *testing.T) {
	f := newFilm(t, completed)
	out, last, err := watch(t, f, campaigns.Watching{})
	if err != nil || last.Status != "completed" || f.shown != 1 || strings.Count(out, "\n") != 1 {
		t.Errorf("looked %d times, the last is %v, error %v, printed %q", f.shown, last.Status, err, out)
	}
}

func TestWatchWithBar(t *testing.T) {
	out, _, err := watch(t, newFilm(t, first, second, held, stopped), campaigns.Watching{Bar: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2 of 10 sent, paused", "paused: lunch since 2026-11-23 10:00:02 UTC", "c: stopped, 20%"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not shown in %q", want, out)
		}
	}
	if n := strings.Count(out, "c: in_progress"); n != 2 {
		t.Errorf("%d lines for 2 changes of state: %q", n, out)
	}
}

func TestWatchJSON(t *testing.T) {
	out, _, err := watch(t, newFilm(t, first, first, stopped), campaigns.Watching{Bar: true, JSON: true})
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	for _, object := range []string{first, stopped} {
		if err := json.Compact(&want, []byte(object)); err != nil {
			t.Fatal(err)
		}
		want.WriteByte('\n')
	}
	if diff := cmp.Diff(want.String(), out); diff != "" {
		t.Error(diff)
	}
}

func TestWatchEndsWithAnErrorAndWithItsContext(t *testing.T) {
	gone := &client.Error{Status: 404, Code: 16}
	f := newFilm(t, first)
	f.err = gone
	if _, _, err := watch(t, f, campaigns.Watching{}); !errors.Is(err, gone) {
		t.Errorf("error is %v", err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		f := newFilm(t, first)
		_, err := campaigns.Watching{API: f, ID: "c", Every: time.Second, Out: &bytes.Buffer{}}.Watch(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || f.shown < 5 {
			t.Errorf("looked %d times, error %v", f.shown, err)
		}
	})
}

// pages is an API with so many campaigns.
type pages struct {
	total   int
	queries []client.CampaignQuery
}

func (p *pages) QueryCampaigns(_ context.Context, q client.CampaignQuery) (client.CampaignPage, error) {
	p.queries = append(p.queries, q)
	var from int
	_, _ = fmt.Sscan(q.Next, &from)
	to := min(p.total, from+q.Limit)
	page := client.CampaignPage{Campaigns: make([]client.Campaign, to-from)}
	if to < p.total {
		page.Next = fmt.Sprint(to)
	}
	return page, nil
}

func TestList(t *testing.T) {
	for name, tc := range map[string]struct {
		total, limit  int
		want, queries int
		more          bool
	}{
		"none":                      {0, 30, 0, 1, false},
		"fewer than asked for":      {20, 30, 20, 1, false},
		"as many as asked for":      {30, 30, 30, 1, false},
		"more than asked for":       {31, 30, 30, 1, true},
		"over several pages":        {500, 250, 250, 3, true},
		"all":                       {250, 0, 250, 3, false},
		"all, ending with the page": {200, 0, 200, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			api := &pages{total: tc.total}
			list, more, err := campaigns.List(t.Context(), api, []string{"draft"}, tc.limit)
			if err != nil || len(list) != tc.want || more != tc.more || len(api.queries) != tc.queries {
				t.Errorf("%d campaigns, more %v, %d queries, error %v", len(list), more, len(api.queries), err)
			}
			for _, q := range api.queries {
				if diff := cmp.Diff([]string{"draft"}, q.Statuses); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}
