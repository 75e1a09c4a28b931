package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"herald/api"
	"herald/models"
	"herald/models/store"
)

// A handler that fails after its effects were committed: the repeat does not carry them out again.
func TestIdempotencyKeyAfterFailure(t *testing.T) {
	k := newKeyed(t, dialectV1)
	k.users(t, "boss")
	body := map[string]any{"sender_id": "boss", "user_ids": []string{"boss"}, "message_template": map[string]any{"text": "hi"}}
	k.exec(t, "ALTER TABLE campaign_batches RENAME TO gone") // the answer shows what is counted there
	wantStatus(t, k.post(t, "k", "/campaigns", body), http.StatusInternalServerError)
	k.wantCount(t, 1, "campaigns")
	k.exec(t, "ALTER TABLE gone RENAME TO campaign_batches")

	body["name"] = "another"
	wantStatus(t, k.post(t, "k", "/campaigns", body), http.StatusConflict)
	delete(body, "name")
	first := k.post(t, "k", "/campaigns", body)
	wantStatus(t, first, http.StatusCreated)
	wantReplay(t, first, k.post(t, "k", "/campaigns", body))
	k.wantCount(t, 1, "campaigns")
}

func TestIdempotencyKeyAfterPanic(t *testing.T) {
	runs := &faultyRuns{recordedRuns: &recordedRuns{}, panics: true}
	k := newKeyed(t, dialectV1, func(cfg *api.Config) { cfg.Runs = runs })
	k.users(t, "ann")
	wantStatus(t, k.post(t, "k", "/users/delete", `{"user_ids": ["ann"], "messages": "soft"}`), http.StatusInternalServerError)
	runs.panics = false
	a := k.post(t, "k", "/users/delete", `{"user_ids": ["ann"], "messages": "soft"}`)
	wantStatus(t, a, http.StatusCreated)
	k.wantCount(t, 1, "tasks")
}

type faultyRuns struct {
	*recordedRuns
	panics bool
}

func (r *faultyRuns) StartTask(ctx context.Context, task models.Task) error {
	if r.panics {
		panic(errors.New("a bug"))
	}
	return r.recordedRuns.StartTask(ctx, task)
}

// The process dies after a request was carried out, before its answer is recorded. When the lease has ended the repeat
// answers as the first attempt would have, and nothing is carried out twice.
func TestIdempotencyKeyAfterCrash(t *testing.T) { inEachDialect(t, testIdempotencyKeyAfterCrash) }

func testIdempotencyKeyAfterCrash(t *testing.T, d dialect) {
	k := newKeyed(t, d)
	k.users(t, "boss", "ann", "bob", "cat", "eve")
	k.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/query", `{"data": {"created_by_id": "ann", "members": ["ann", "bob"]}}`)
	k.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/gone/query", `{"data": {"created_by_id": "ann"}}`)
	k.mustCall(t, http.StatusCreated, http.MethodPost, "/segments", `{"id": "list", "type": "user"}`)
	const campaign = `"sender_id": "boss", "user_ids": ["ann"], "message_template": {"text": "hi"}, "create_channels": true,
		"channel_template": {"type": "messaging", "id": "{{receiver.id}}-x"}}`
	for _, id := range []string{"draft", "running"} {
		k.mustCall(t, http.StatusCreated, http.MethodPost, "/campaigns", `{"id": "`+id+`", `+campaign)
	}
	k.mustCall(t, http.StatusCreated, http.MethodPost, "/campaigns/running/start", nil)
	poll := k.mustCall(t, http.StatusCreated, http.MethodPost, "/polls", `{"name": "?", "user_id": "ann", "options": [{"id": "yes", "text": "yes"}]}`)
	pollID := at(t, poll, "poll", "id").(string)
	k.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/message", `{"message": {"id": "asks", "user_id": "ann", "poll_id": "`+pollID+`"}}`)

	cases := []struct{ path, body, from string }{
		{"/segments", `{"type": "user"}`, "segments"},
		{"/segments", `{"type": "user", "id": "explicit"}`, "segments"},
		{"/segments/list/addtargets", `{"target_ids": ["ann", "bob"]}`, "segment_targets"},
		{"/segments/list/deletetargets", `{"target_ids": ["ann"]}`, "segment_targets"},
		{"/campaigns", `{` + campaign, "campaigns"},
		{"/campaigns", `{"id": "explicit", ` + campaign, "campaigns"},
		{"/campaigns/draft/start", ``, "campaign_moves"},
		{"/campaigns/running/pause", `{"reason": "lunch"}`, "campaign_moves"},
		{"/campaigns/running/resume", ``, "campaign_moves"},
		{"/campaigns/running/stop", ``, "campaign_moves"},
		{"/polls", `{"name": "?", "user_id": "ann", "options": [{"text": "yes"}, {"text": "no"}]}`, "polls"},
		{"/messages/asks/polls/" + pollID + "/vote", `{"user_id": "bob", "vote": {"option_id": "yes"}}`, "poll_votes"},
		{"/channels/messaging/c/message", `{"message": {"user_id": "ann", "text": "hi"}}`, "messages"},
		{"/channels/messaging/c", `{"data": {}, "add_members": ["cat"], "message": {"user_id": "ann", "text": "come in"}}`, "messages"},
		{"/channels/messaging/new/query", `{"data": {"created_by_id": "ann"}}`, "channels"},
		{"/channels/messaging/c/hide", `{"user_id": "ann"}`, "channel_members WHERE hidden"},
		{"/channels/messaging/c/show", `{"user_id": "ann"}`, "channel_members WHERE hidden"},
		{"/channels/delete", `{"cids": ["messaging:gone"]}`, "tasks"},
		{"/devices", `{"id": "phone", "push_provider": "apn", "user_id": "ann"}`, "devices"},
		{"/users", `{"users": {"dan": {"id": "dan"}}}`, "users"},
		{"/users/cat/deactivate", ``, "users WHERE deactivated_at IS NOT NULL"},
		{"/users/cat/reactivate", ``, "users WHERE deactivated_at IS NOT NULL"},
		{"/users/deactivate", `{"user_ids": ["cat"]}`, "tasks"},
		{"/users/reactivate", `{"user_ids": ["cat"]}`, "tasks"},
		{"/users/delete", `{"user_ids": ["eve"], "messages": "soft"}`, "tasks"},
	}
	k.cutOff(t)
	for i, c := range cases {
		before := k.count(t, c.from)
		wantStatus(t, k.post(t, fmt.Sprint(i), c.path, c.body), http.StatusServiceUnavailable)
		if k.count(t, c.from) == before {
			t.Errorf("%s %s: nothing was carried out", c.path, c.body)
		}
	}
	k.mend(t)
	k.restart()
	wantError(t, k.post(t, "0", cases[0].path, cases[0].body), http.StatusConflict, models.CodeConflict, "still in progress", "")
	k.clock.advance(store.KeyLease)
	for i, c := range cases {
		rows := k.count(t, c.from)
		first := k.post(t, fmt.Sprint(i), c.path, c.body)
		if first.status != http.StatusCreated || replayed(first) {
			t.Errorf("%s %s: %d %s", c.path, c.body, first.status, first.raw)
			continue
		}
		k.wantCount(t, rows, c.from)
		wantReplay(t, first, k.post(t, fmt.Sprint(i), c.path, c.body))
	}
}

// What became of a test's messages is not told a second time, and they are not sent again.
func TestIdempotencyKeyOfATestCampaign(t *testing.T) {
	k := newKeyed(t, dialectV1)
	k.users(t, "boss", "ann")
	k.mustCall(t, http.StatusCreated, http.MethodPost, "/campaigns", `{"id": "c", "sender_id": "boss", "user_ids": ["ann"], "message_template": {"text": "hi"},
		"create_channels": true, "channel_template": {"type": "messaging", "id": "{{receiver.id}}-x"}}`)
	k.cutOff(t)
	wantStatus(t, k.post(t, "k", "/campaigns/c/test", `{"user_ids": ["ann"]}`), http.StatusServiceUnavailable)
	k.mend(t)
	k.clock.advance(store.KeyLease)
	for range 2 {
		wantError(t, k.post(t, "k", "/campaigns/c/test", `{"user_ids": ["ann"]}`), http.StatusConflict, models.CodeConflict, "its answer was lost", "")
	}
	k.wantCount(t, 1, "messages")
}

// An attempt that outlives its lease commits nothing once another one has its place, and has nothing to say, whichever of the
// two writes first.
func TestIdempotencyKeyOfALateAttempt(t *testing.T) {
	for name, when := range map[string]string{"writes last": "BEFORE", "writes first": "AFTER"} {
		t.Run(name, func(t *testing.T) {
			k := newKeyed(t, dialectV1)
			// The first insert waits for the test, before or after it has written its row.
			const held = 4711
			k.exec(t, `CREATE SEQUENCE turns`)
			k.exec(t, fmt.Sprintf(`CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
				BEGIN IF nextval('turns') = 1 THEN PERFORM pg_advisory_xact_lock(%d); END IF; RETURN NEW; END $$`, held))
			k.exec(t, `CREATE TRIGGER wait `+when+` INSERT ON segments FOR EACH ROW EXECUTE FUNCTION wait()`)
			k.exec(t, `SELECT pg_advisory_lock($1)`, held)
			waiting := func(n int) func(context.Context) bool {
				return func(context.Context) bool {
					return k.count(t, "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == n
				}
			}
			var late, second answer
			var first, next sync.WaitGroup
			first.Go(func() { late = k.post(t, "k", "/segments", `{"type": "user"}`) })
			waitFor(t, "the first attempt", waiting(1))
			k.clock.advance(store.KeyLease)
			next.Go(func() { second = k.post(t, "k", "/segments", `{"type": "user"}`) })
			if when == "BEFORE" {
				next.Wait()
			} else {
				waitFor(t, "the second attempt", waiting(2))
			}
			k.exec(t, `SELECT pg_advisory_unlock($1)`, held)
			first.Wait()
			next.Wait()
			wantStatus(t, late, http.StatusServiceUnavailable)
			wantStatus(t, second, http.StatusCreated)
			wantReplay(t, second, k.post(t, "k", "/segments", `{"type": "user"}`))
			k.wantCount(t, 1, "segments")
		})
	}
}
