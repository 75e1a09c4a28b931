package store_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"herald/models"
	"herald/models/store"
)

// hookFor is a hook that is told of these events, or of the standard ones.
func hookFor(id string, events ...string) models.Hook {
	return hook(id, "https://example.com/"+id, events...)
}

func everything(id string) models.Hook { return hookFor(id, models.EveryEvent) }

// hooks makes these the app's hooks.
func (w *world) hooks(hooks ...models.Hook) {
	w.tb.Helper()
	w.change(store.AppChange{Hooks: &hooks})
}

// withPush is the world with a store that records messages for push.
func (w *world) withPush() *world {
	w.tb.Helper()
	s, err := store.Open(w.tb.Context(), w.url, store.Options{Push: true})
	if err != nil {
		w.tb.Fatal(err)
	}
	w.tb.Cleanup(s.Close)
	push := *w
	push.Store = s
	return &push
}

// outbox gives the rows of the outbox in order of id.
func (w *world) outbox() []models.OutboxRow {
	w.tb.Helper()
	rows, err := w.db.Query(w.tb.Context(), `
		SELECT id, app_pk, hook_id, event_id::text, kind, event_type, campaign_id, seq, stream, progress, body, payload, created_at, attempts, first_attempt_at,
			last_attempt_at, last_status, last_error FROM outbox ORDER BY id`)
	if err != nil {
		w.tb.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[models.OutboxRow])
	if err != nil {
		w.tb.Fatal(err)
	}
	return all
}

// told gives what the outbox has for hooks and devices, "hook event": campaign.* events with campaign and seq in their order,
// and then what has no order, sorted. What was there is gone afterwards.
func (w *world) told() []string {
	w.tb.Helper()
	var lines, unordered []string
	for _, r := range w.outbox() {
		if _, err := uuid.Parse(r.EventID); err != nil || r.Attempts != 0 || r.Payload != nil || r.AppPK != w.app {
			w.tb.Errorf("row %+v: %v", r, err)
		}
		line := r.HookID + " "
		switch r.Kind {
		case models.OutboxCampaign:
			line += fmt.Sprintf("%s %s/%d", r.EventType, r.CampaignID, r.Seq)
			if r.Stream != r.CampaignID {
				w.tb.Errorf("%s: stream %q", line, r.Stream)
			}
			if r.Progress {
				line += " progress"
			}
			lines = append(lines, line)
		case models.OutboxChat:
			e := body[models.ChatEvent](w, r)
			line += strings.TrimRight(fmt.Sprintf("%s %s %s %s", r.EventType, e.CID, e.UserID, e.MessageID), " ")
			w.recently(e.At)
			unordered = append(unordered, line)
		case models.OutboxBatch:
			unordered = append(unordered, line+batchLine(w, r))
		}
	}
	w.exec(`DELETE FROM outbox`)
	return append(lines, sorted(unordered)...)
}

func batchLine(w *world, r models.OutboxRow) string {
	w.tb.Helper()
	e := body[models.BatchEvents](w, r)
	w.recently(e.At)
	line := fmt.Sprintf("batch %s by %s (%s %s]", r.CampaignID, e.SenderID, e.After, strings.Replace(e.Through, last, "~", 1))
	for _, part := range []struct {
		name string
		of   []string
	}{{"late", e.Late}, {"created", e.Created}, {"members", e.Members}, {"joined", e.Joined}, {"tests", e.Tests}} {
		if len(part.of) > 0 {
			line += " " + part.name + " " + strings.Join(part.of, ",")
		}
	}
	for _, s := range e.Shown {
		line += " shown " + s.CID + "," + s.UserID
	}
	return line
}

func (w *world) recently(at time.Time) {
	w.tb.Helper()
	if ago := time.Since(at); ago < -time.Minute || ago > time.Minute {
		w.tb.Errorf("an event of %v", at)
	}
}

func body[T any](w *world, r models.OutboxRow) T {
	w.tb.Helper()
	var b T
	if err := json.Unmarshal(r.Body, &b); err != nil {
		w.tb.Fatal(err)
	}
	return b
}

func (w *world) tells(want ...string) {
	w.tb.Helper()
	if diff := cmp.Diff(want, w.told(), cmpEmpty); diff != "" {
		w.tb.Errorf("told (-want +got):\n%s", diff)
	}
}

// The database and models.Hook agree on what a hook wants.
func TestRecordWhatHooksWant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.users("ann")
	w.channel("messaging:x", "ann")
	disabled, video, chat := everything("disabled"), everything("video"), everything("chat")
	disabled.Enabled, video.Product, chat.Product = false, "video", models.HookProductChat
	hooks := []models.Hook{
		everything("all"), hookFor("standard"), hookFor("named", "campaign.created", "campaign.paused", "no.such"), hookFor("named chat", "message.new", "campaign.started"),
		hookFor("joins", "member.added"), hookFor("unknown", "no.such"), disabled, video, chat,
	}
	w.hooks(hooks...)
	wanting := func(events ...models.EventType) []string {
		var ids []string
		for _, e := range events {
			var of []string
			for _, h := range hooks {
				if h.Wants(e) {
					of = append(of, h.ID)
				}
			}
			ids = append(ids, sorted(of)...)
		}
		return ids
	}
	receivers := func() []string {
		ids := query[string](w, `SELECT hook_id FROM outbox ORDER BY id`)
		w.exec(`DELETE FROM outbox`)
		return ids
	}
	check := func(cause string, want []string) {
		t.Helper()
		if got := receivers(); !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("%s: told %q, want %q", cause, got, want)
		}
	}
	w.draft("c")
	check("create", wanting(models.EventCampaignCreated))
	w.control("c", models.ActionStart)
	check("start", wanting(models.EventCampaignUpdated))
	w.control("c", models.ActionBegin)
	check("begin", wanting(models.EventCampaignStarted, models.EventCampaignUpdated))
	w.deliver(delivery(w.read("c"), bossOnly, "ann"))
	batch := distinct(wanting(models.EventMessageNew, models.EventChannelCreated, models.EventMemberAdded, models.EventChannelVisible))
	if got := sorted(receivers()); !slices.Equal(got, batch) {
		t.Errorf("batch: told %q, want %q", got, batch)
	}
	w.control("c", models.ActionPause)
	check("pause", wanting(models.EventCampaignPaused, models.EventCampaignUpdated))
	if err := w.HideChannel(t.Context(), w.app, "messaging:x", "ann", false); err != nil {
		t.Fatal(err)
	}
	if got := sorted(receivers()); !slices.Equal(got, wanting(models.EventChannelHidden)) {
		t.Errorf("hide: told %q", got)
	}
}

// distinct are the ids in order, each once.
func distinct(ids []string) []string { return slices.Compact(sorted(ids)) }
