package campaigns_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/internal/campaigns"
	"herald/internal/client"
)

// Campaigns as the API gives them, without what is not shown.
const (
	draft = `{"id": "welcome", "name": "", "status": "draft", "paused": false, "paused_at": null, "pause_reason": "",
		"stats": {"progress": 0, "stats_started_at": null, "stats_recipients_total": 0, "stats_eta_seconds": null}}`
	scheduled = `{"id": "later", "name": "Later", "status": "scheduled", "paused": true, "paused_at": "2026-11-23T10:00:00.500000Z", "pause_reason": "",
		"scheduled_for": "2026-11-24T11:00:00+01:00", "stop_at": "2026-11-25T10:00:00.000000Z",
		"stats": {"progress": 0, "stats_started_at": null, "stats_recipients_total": 0, "stats_eta_seconds": null}}`
	running = `{"id": "spring-sale", "name": "Spring\n\u001b[31msale & <all> of it, to everybody we know", "status": "in_progress", "paused": false, "paused_at": null, "pause_reason": "",
		"stats": {"progress": 0.999, "stats_started_at": "2026-11-23T10:00:00.184211Z", "stats_messages_sent": 30496, "stats_messages_failed": 3, "stats_messages_skipped": 1,
			"stats_users_read": 402, "stats_recipients_total": 61240, "stats_eta_seconds": 95}}`
	paused = `{"id": "spring-sale", "name": "", "status": "in_progress", "paused": true, "paused_at": "2026-11-23T10:05:00Z", "pause_reason": "a typo\r\u202e",
		"stop_at": "2026-11-25T10:00:00.000000Z",
		"stats": {"progress": 0.29, "stats_started_at": "2026-11-23T10:00:00.184211Z", "stats_messages_sent": 29, "stats_recipients_total": 100}}`
	completed = `{"id": "empty", "name": "", "status": "completed", "paused": false, "stop_at": "2026-11-25T10:00:00.000000Z",
		"stats": {"progress": 1, "stats_started_at": "2026-11-23T10:00:00Z", "stats_completed_at": "2026-11-23T10:00:01Z"}}`
)

func campaign(t *testing.T, object string) client.Campaign {
	t.Helper()
	var c client.Campaign
	if err := json.Unmarshal([]byte(object), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	if err := campaigns.Table(&out, []client.Campaign{campaign(t, draft), campaign(t, scheduled), campaign(t, running), campaign(t, paused)}); err != nil {
		t.Fatal(err)
	}
	want := `
ID           NAME                              STATUS       PROGRESS  SENT    FAILED  SKIPPED  TOTAL   SCHEDULED (UTC)      STOP AT (UTC)        PAUSED
welcome      -                                 draft        0%        0       0       0        -       -                    -                    -
later        Later                             scheduled    0%        0       0       0        -       2026-11-24 10:00:00  2026-11-25 10:00:00  no reason given, since 2026-11-23 10:00:00 UTC
spring-sale  Spring [31msale & <all> of it, …  in_progress  99%       30,496  3       1        61,240  -                    -                    -
spring-sale  -                                 in_progress  29%       29      0       0        100     -                    2026-11-25 10:00:00  a typo since 2026-11-23 10:05:00 UTC
`
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestShow(t *testing.T) {
	var out bytes.Buffer
	if err := campaigns.Show(&out, campaign(t, running), []client.Move{
		{Action: "start", Via: "api"},
		{Action: "resume", Via: "signal", By: "ann\n", Reason: "all\tis well", MovedAt: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)},
	}); err != nil {
		t.Fatal(err)
	}
	want := `
campaign   spring-sale
name       Spring [31msale & <all> of it, to everybody we know
status     in_progress
paused     no
progress   99%
sent       30,496 of 61,240
failed     3
skipped    1
read       402
scheduled  -
stop at    -
started    2026-11-23 10:00:00 UTC
ended      -
time left  1m35s
last move  resume by ann (signal) at 2026-11-23 10:00:00 UTC: all is well
`
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestLine(t *testing.T) {
	for object, want := range map[string]string{
		draft:     "welcome: draft",
		scheduled: "later: scheduled for 2026-11-24 10:00:00 UTC, stops at 2026-11-25 10:00:00 UTC, paused: no reason given, since 2026-11-23 10:00:00 UTC",
		running:   "spring-sale: in_progress, 99%, 30,496 sent, 3 failed, 1 skipped of 61,240",
		paused:    "spring-sale: in_progress, stops at 2026-11-25 10:00:00 UTC, paused: a typo since 2026-11-23 10:05:00 UTC, 29%, 29 sent, 0 failed, 0 skipped of 100",
		completed: "empty: completed, 100%, 0 sent, 0 failed, 0 skipped of 0",
	} {
		if got := campaigns.Line(campaign(t, object)); got != want {
			t.Errorf("the line is\n%s\nwant\n%s", got, want)
		}
	}
}

func TestShowExecution(t *testing.T) {
	for name, tc := range map[string]struct{ object, want string }{
		"a worker answers": {
			`{"workflow_id": "campaign/1/c", "run_id": "r", "status": "running", "web_ui_url": "http://ui/c", "progress": {"phase": "sending", "recipients_total": 61240,
				"recipients_done": 30500, "sent": 30496, "failed": 3, "skipped": 1, "pages_planned": 7, "pages_done": 3, "pages_in_flight": 2, "rate": 20100, "eta": "2026-11-23T10:00:02Z", "control_seq": 1}}`,
			`
workflow    campaign/1/c
run         r
status      running
web ui      http://ui/c
phase       sending
held        no
recipients  30,500 of 61,240 done: 30,496 sent, 3 failed, 1 skipped
pages       3 of 7 done, 2 in flight
rate        20,100 recipients per second, done at about 2026-11-23 10:00:02 UTC
control     1
`},
		"it is held": {
			`{"workflow_id": "campaign/1/c", "run_id": "r", "status": "running", "web_ui_url": "http://ui/c", "progress": {"phase": "paused", "held_at": "2026-11-23T10:00:02Z",
				"held_by": "ann", "hold_reason": "a typo", "control_seq": 2}}`,
			`
workflow    campaign/1/c
run         r
status      running
web ui      http://ui/c
phase       paused
held        since 2026-11-23 10:00:02 UTC by ann: a typo
recipients  0 of 0 done: 0 sent, 0 failed, 0 skipped
pages       0 of 0 done, 0 in flight
rate        -
control     2
`},
		"nobody answers": {
			`{"workflow_id": "campaign/1/c", "run_id": "", "status": "unknown", "web_ui_url": "", "progress": null}`,
			`
workflow  campaign/1/c
run       -
status    unknown
web ui    -
progress  not known: no worker answers
`},
	} {
		t.Run(name, func(t *testing.T) {
			var e client.Execution
			if err := json.Unmarshal([]byte(tc.object), &e); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := campaigns.ShowExecution(&out, e); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(tc.want, "\n"), out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What the API says comes out as it is: order, unknown fields, large numbers, characters.
func TestJSON(t *testing.T) {
	const object = `{"z": 12345678901234567890, "a": "<&>", "id": "c"}`
	var one, list, none bytes.Buffer
	if err := campaigns.JSON(&one, json.RawMessage(object)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("{\n  \"z\": 12345678901234567890,\n  \"a\": \"<&>\",\n  \"id\": \"c\"\n}\n", one.String()); diff != "" {
		t.Error(diff)
	}
	if err := campaigns.JSONList(&list, []client.Campaign{campaign(t, object)}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("[\n  {\n    \"z\": 12345678901234567890,\n    \"a\": \"<&>\",\n    \"id\": \"c\"\n  }\n]\n", list.String()); diff != "" {
		t.Error(diff)
	}
	if err := campaigns.JSONList(&none, nil); err != nil || none.String() != "[]\n" {
		t.Errorf("no campaigns are %q, error %v", none.String(), err)
	}
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2h":                        "2026-11-23T12:00:00Z",
		"1h30m":                     "2026-11-23T11:30:00Z",
		"2026-11-24T09:00:00+01:00": "2026-11-24T08:00:00Z",
		"2026-11-23T10:00:00.5Z":    "2026-11-23T10:00:00.5Z",
	} {
		got, err := campaigns.Moment(text, now)
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s is %v, error %v, want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                     "neither",
		"tomorrow":             "neither",
		"2026-11-24":           "neither",
		"2026-11-24T09:00:00":  "neither",
		"2":                    "neither",
		"-2h":                  "not a duration from now",
		"0s":                   "not a duration from now",
		"2026-11-23T10:00:00Z": "has passed",
		"2025-11-24T09:00:00Z": "has passed",
	} {
		if got, err := campaigns.Moment(text, now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %v, error %v", text, got, err)
		}
	}
}
