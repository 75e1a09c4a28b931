package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/api"
	"herald/models"
)

// TestMoves tries every move in every status (contract 8.1).
func TestMoves(t *testing.T) { inEachDialect(t, testMoves) }

func testMoves(t *testing.T, d dialect) {
	h, runs := withRuns(t)
	h = h.in(d)
	h.users(t, "shop")
	const later = "2099-01-01T00:00:00.000000Z"
	type outcome struct {
		status string // "" is a refusal
		paused bool
		told   string
	}
	refused := outcome{}
	for i, tt := range []struct {
		method, move string
		body         any
		want         map[string]outcome // by the state before; absent is refused
	}{
		{"POST", "start", nil, map[string]outcome{
			"draft": {"in_progress", false, "start"}, "scheduled": {"in_progress", false, "start"}, "scheduled paused": {"scheduled", true, "start"},
		}},
		{"POST", "start", m{"scheduled_for": later}, map[string]outcome{
			"draft": {"scheduled", false, "start"}, "scheduled": {"scheduled", false, "start"}, "scheduled paused": {"scheduled", true, "start"},
		}},
		{"PATCH", "schedule", m{"send_at": 4070908800}, map[string]outcome{
			"draft": {"scheduled", false, "start"}, "scheduled": {"scheduled", false, "start"}, "scheduled paused": {"scheduled", true, "start"},
		}},
		{"POST", "stop", nil, map[string]outcome{
			"scheduled": {"stopped", false, "stop"}, "scheduled paused": {"stopped", false, "stop"}, "in_progress": {"stopped", false, "stop"},
			"in_progress paused": {"stopped", false, "stop"}, "stopped": {"stopped", false, ""}, "completed": {"completed", false, ""},
		}},
		{"PATCH", "stop", nil, map[string]outcome{
			"scheduled": {"stopped", false, "stop"}, "scheduled paused": {"stopped", false, "stop"}, "in_progress": {"stopped", false, "stop"},
			"in_progress paused": {"stopped", false, "stop"}, "stopped": {"stopped", false, ""}, "completed": {"completed", false, ""},
		}},
		{"POST", "pause", m{"reason": "new"}, map[string]outcome{
			"scheduled": {"scheduled", true, "pause"}, "scheduled paused": {"scheduled", true, ""},
			"in_progress": {"in_progress", true, "pause"}, "in_progress paused": {"in_progress", true, ""},
		}},
		{"PATCH", "resume", nil, map[string]outcome{
			"scheduled": {"scheduled", false, ""}, "scheduled paused": {"scheduled", false, "resume"},
			"in_progress": {"in_progress", false, ""}, "in_progress paused": {"in_progress", false, "resume"},
		}},
		{"PUT", "", m{"name": "new"}, map[string]outcome{
			"draft": {"draft", false, ""}, "scheduled": {"scheduled", false, ""}, "scheduled paused": {"scheduled", true, ""},
		}},
		{"DELETE", "", nil, map[string]outcome{
			"draft": {"gone", false, ""}, "scheduled": {"gone", false, "delete"}, "scheduled paused": {"gone", false, "delete"},
			"stopped": {"gone", false, ""}, "completed": {"gone", false, ""},
		}},
	} {
		t.Run(tt.method+" "+tt.move, func(t *testing.T) {
			for _, before := range []string{"draft", "scheduled", "scheduled paused", "in_progress", "in_progress paused", "stopped", "completed"} {
				id := strings.ReplaceAll(fmt.Sprint(i, " ", before), " ", "-")
				status, hold, _ := strings.Cut(before, " ")
				h.draft(t, id, nil)
				h.exec(t, `UPDATE campaigns SET status = $2, hold = $3, control_seq = 7,
					held_at = CASE $3 WHEN 'paused' THEN timestamptz '2026-01-01' END, hold_reason = CASE $3 WHEN 'paused' THEN 'old' ELSE '' END,
					scheduled_for = CASE $2 WHEN 'scheduled' THEN timestamptz '2098-01-01' END, stop_at = '2098-01-02' WHERE id = $1`,
					id, status, map[string]string{"": "none", "paused": "paused"}[hold])
				path := "/campaigns/" + id
				if tt.move != "" {
					path += "/" + tt.move
				}
				a := h.call(t, tt.method, path, tt.body)
				want := tt.want[before]
				if want == refused {
					wantError(t, a, 400, models.CodeInvalid, "campaign is "+status+" and can't be ", "")
					runs.want(t)
					continue
				}
				if want.told == "" {
					runs.want(t)
				} else {
					told := want.status
					if told == "gone" {
						told = "stopped"
					}
					runs.want(t, want.told+" "+id+" "+told)
				}
				if want.status == "gone" {
					if a.status != 200 || len(a.body) != 1 {
						t.Errorf("%s answered %d %s", before, a.status, a.raw)
					}
					wantError(t, h.call(t, "GET", path, nil), 404, models.CodeNotFound, "doesn't exist", "")
					continue
				}
				if a.status != 201 {
					t.Errorf("%s answered %d %s", before, a.status, a.raw)
					continue
				}
				got := at(t, a.body, "campaign").(m)
				wantChanged(t, d, tt.method == "PUT" || tt.move == "stop", a.body)
				if got["status"] != want.status || got["paused"] != want.paused || (got["paused_at"] != nil) != want.paused {
					t.Errorf("%s became %v, paused %v; want %+v", before, got["status"], got["paused"], want)
				}
				if wantReason := map[bool]any{true: "new", false: ""}[want.paused]; hold == "paused" && want.paused {
					if got["pause_reason"] != "old" || got["paused_at"] != d.time("2026-01-01T00:00:00.000000Z") {
						t.Errorf("%s: reason %v, paused_at %v changed", before, got["pause_reason"], got["paused_at"])
					}
				} else if got["pause_reason"] != wantReason {
					t.Errorf("%s: reason %v, want %q", before, got["pause_reason"], wantReason)
				}
				wantFor, wantStop := map[string]any{"scheduled": d.time("2098-01-01T00:00:00.000000Z")}[status], d.time("2098-01-02T00:00:00.000000Z")
				if tt.move == "start" || tt.move == "schedule" {
					wantFor, wantStop = nil, nil
					if tt.body != nil {
						wantFor = d.time(later)
					}
				}
				if got["scheduled_for"] != wantFor || got["stop_at"] != wantStop {
					t.Errorf("%s: scheduled_for %v, stop_at %v; want %v, %v", before, got["scheduled_for"], got["stop_at"], wantFor, wantStop)
				}
				read := at(t, h.mustCall(t, 200, "GET", "/campaigns/"+id, nil), "campaign")
				if diff := cmp.Diff(any(got), read); diff != "" {
					t.Errorf("%s: GET differs from the answer (-answer +get):\n%s", before, diff)
				}
			}
			if tt.move != "" {
				wantError(t, h.call(t, tt.method, "/campaigns/none/"+tt.move, tt.body), 404, models.CodeNotFound, "doesn't exist", "")
			}
		})
	}
}

// wantChanged checks where an answer has the campaign. After an update and a stop the v2 dialect has it at the top too,
// with users that are the campaign's own (contract 7.5).
func wantChanged(t *testing.T, d dialect, changed bool, body m) {
	t.Helper()
	campaign := at(t, body, "campaign").(m)
	if !changed || !d.v2 {
		if _, pager := body["users"].(m); !pager || len(body) != len([]string{"campaign", "users", "duration"}) {
			t.Errorf("the answer has %v, and users %v, want campaign, users as a pager, duration", slices.Sorted(maps.Keys(body)), body["users"])
		}
		return
	}
	top := maps.Clone(body)
	delete(top, "campaign")
	delete(top, "duration")
	if diff := cmp.Diff(campaign, top); diff != "" {
		t.Errorf("the top of the answer differs from its campaign (-campaign +top):\n%s", diff)
	}
}

func TestStartTimes(t *testing.T) { inEachDialect(t, testStartTimes) }

func testStartTimes(t *testing.T, d dialect) {
	now := time.Date(2030, 6, 1, 12, 0, 0, 0, time.UTC)
	h := newHarness(t, func(c *api.Config) { c.Now = func() time.Time { return now } }).in(d)
	h.users(t, "shop")
	for _, tt := range []struct {
		name   string
		body   m
		status string // "" is a refusal
		fields []string
	}{
		{"nothing", m{}, "in_progress", nil},
		{"null", m{"scheduled_for": nil, "stop_at": nil}, "in_progress", nil},
		{"past", m{"scheduled_for": "2030-06-01T11:59:59.999999Z"}, "in_progress", nil},
		{"this instant", m{"scheduled_for": "2030-06-01T12:00:00Z"}, "in_progress", nil},
		{"a microsecond ahead", m{"scheduled_for": "2030-06-01T12:00:00.000001Z"}, "scheduled", nil},
		{"seconds", m{"scheduled_for": now.Unix() + 1}, "scheduled", nil},
		{"nanoseconds", m{"scheduled_for": now.UnixNano() + 1000}, "scheduled", nil},
		{"without an offset", m{"scheduled_for": "2030-06-01T13:00:00"}, "scheduled", nil},
		{"with an offset", m{"scheduled_for": "2030-06-01T13:00:00+02:00"}, "in_progress", nil},
		{"stop later", m{"stop_at": "2030-06-01T12:00:00.000001Z"}, "in_progress", nil},
		{"stop now", m{"stop_at": "2030-06-01T12:00:00Z"}, "", []string{"stop_at"}},
		{"stop in the past", m{"scheduled_for": "2030-05-01T00:00:00Z", "stop_at": "2030-05-02T00:00:00Z"}, "", []string{"stop_at"}},
		{"stop before the schedule", m{"scheduled_for": "2030-06-02T00:00:00Z", "stop_at": "2030-06-02T00:00:00Z"}, "", []string{"stop_at"}},
		{"stop after the schedule", m{"scheduled_for": "2030-06-02T00:00:00Z", "stop_at": "2030-06-02T00:00:01Z"}, "scheduled", nil},
		{"no times", m{"scheduled_for": "tomorrow", "stop_at": true}, "", []string{"scheduled_for", "stop_at"}},
		{"fraction", m{"scheduled_for": 1.5}, "", []string{"scheduled_for"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id := h.draft(t, "", nil)["id"].(string)
			a := h.call(t, "POST", "/campaigns/"+id+"/start", tt.body)
			if tt.status == "" {
				wantFields(t, a, tt.fields...)
				return
			}
			if a.status != 201 || at(t, a.body, "campaign", "status") != tt.status {
				t.Fatalf("answered %d: %s; want %s", a.status, a.raw, tt.status)
			}
			if _, echoed := at(t, a.body, "campaign").(m)["scheduled_for"]; echoed != (tt.body["scheduled_for"] != nil) {
				t.Errorf("scheduled_for echoed: %t", echoed)
			}
		})
	}
	id := h.draft(t, "", nil)["id"].(string)
	wantFields(t, h.call(t, "PATCH", "/campaigns/"+id+"/schedule", m{"stop_at": "2031-01-01T00:00:00Z"}), "scheduled_for")
}

func TestStartChecksAgain(t *testing.T) {
	h, runs := withRuns(t)
	h.users(t, "shop", "other")
	h.draft(t, "c", m{"sender_id": "other"})
	h.exec(t, `UPDATE users SET deactivated_at = now() WHERE id = 'other'`)
	wantError(t, h.call(t, "POST", "/campaigns/c/start", nil), 400, models.CodeInvalid, "other", "sender_id")
	wantFields(t, h.call(t, "POST", "/campaigns/c/pause", m{"reason": strings.Repeat("x", 256)}), "reason")
	runs.want(t)
}

// TestWorkflowsAreToldLast makes sure that what was committed is answered, whatever becomes of telling.
func TestWorkflowsAreToldLast(t *testing.T) {
	h, runs := withRuns(t)
	h.users(t, "shop")
	h.draft(t, "c", nil)
	runs.err = errors.New("temporal is down")
	if got := at(t, h.mustCall(t, 201, "POST", "/campaigns/c/start", nil), "campaign", "status"); got != "in_progress" {
		t.Errorf("status %v", got)
	}
	runs.hang = true
	begin := time.Now()
	if got := at(t, h.mustCall(t, 201, "POST", "/campaigns/c/stop", "ignored=1"[:0]), "campaign", "status"); got != "stopped" {
		t.Errorf("status %v", got)
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("a stop without Temporal took %v", took)
	}
	runs.want(t, "start c in_progress", "stop c stopped")
}

func TestMovesAreListedWithTheirCause(t *testing.T) {
	inEachDialect(t, testMovesAreListedWithTheirCause)
}

func testMovesAreListedWithTheirCause(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	h.users(t, "shop")
	h.draft(t, "c", nil)
	if got := at(t, h.mustCall(t, 200, "GET", "/campaigns/c/moves", nil), "moves"); !cmp.Equal(got, any([]any{})) {
		t.Errorf("the moves of a draft are %v", got)
	}
	long := strings.Repeat("ä", models.MaxReasonLength)
	h.mustCall(t, 201, "POST", "/campaigns/c/start", m{"scheduled_for": "2099-01-01T00:00:00Z", "by": "ann", "reason": "at last"})
	h.mustCall(t, 201, "POST", "/campaigns/c/pause", m{"by": "bob", "reason": long})
	h.mustCall(t, 201, "PATCH", "/campaigns/c/resume", m{"reason": "checked"})
	h.mustCall(t, 201, "POST", "/campaigns/c/stop", nil)
	for _, move := range []string{"start", "pause", "resume", "stop"} {
		for _, key := range []string{"by", "reason"} {
			wantError(t, h.call(t, "POST", "/campaigns/c/"+move, m{key: long + "x"}), 400, models.CodeInvalid, "", key)
		}
	}
	type cause struct{ Action, Via, By, Reason any }
	var got []cause
	for i, listed := range at(t, h.mustCall(t, 200, "GET", "/campaigns/c/moves", nil), "moves").([]any) {
		move := listed.(m)
		if move["control_seq"] != json.Number(strconv.Itoa(i+1)) || move["moved_at"] == nil {
			t.Errorf("move %d is %v", i, move)
		}
		got = append(got, cause{move["action"], move["via"], move["by"], move["reason"]})
	}
	want := []cause{{"schedule", "api", "ann", "at last"}, {"pause", "api", "bob", long}, {"resume", "api", "", "checked"}, {"stop", "api", "", ""}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	wantError(t, h.call(t, "GET", "/campaigns/none/moves", nil), 404, models.CodeNotFound, "doesn't exist", "")
}
