package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/models/store"
)

// record puts a row for a receiver into the outbox.
func (w *world) record(app int64, hook string, kind models.OutboxKind, due string) {
	w.tb.Helper()
	w.exec(`INSERT INTO outbox (app_pk, hook_id, kind, body, created_at, due_at) VALUES ($1, $2, $3, '{}', now() + $4::interval, now() + $4::interval)`, app, hook, kind, due)
}

func TestDuePush(t *testing.T) {
	w := newWorld(t)
	var apps []int64
	for _, name := range []string{"due", "later", "hooks"} {
		app, err := w.CreateApp(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		apps = append(apps, app.PK)
	}
	w.record(apps[0], models.PushReceiver, models.OutboxBatch, "-1 s")
	w.record(apps[0], models.PushReceiver, models.OutboxBatch, "-1 s")
	w.record(apps[1], models.PushReceiver, models.OutboxChat, "1 hour")
	w.record(apps[2], "hook", models.OutboxChat, "-1 s")
	for _, tc := range []struct {
		kinds []models.OutboxKind
		want  []models.Receiver
	}{
		{[]models.OutboxKind{models.OutboxChat, models.OutboxBatch}, []models.Receiver{{AppPK: apps[0]}}},
		{[]models.OutboxKind{models.OutboxChat}, []models.Receiver{}},
	} {
		got, err := w.DuePush(t.Context(), tc.kinds)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tc.kinds, diff)
		}
	}
}

func TestSweepPush(t *testing.T) {
	w := newWorld(t)
	w.record(w.app, models.PushReceiver, models.OutboxBatch, "-26 hours")
	w.record(w.app, models.PushReceiver, models.OutboxBatch, "-1 hour")
	w.record(w.app, "hook", models.OutboxBatch, "-26 hours")
	swept, err := w.SweepPush(t.Context(), 10)
	if err != nil || swept != 1 {
		t.Fatalf("swept %d, %v", swept, err)
	}
	if n := one[int](w, `SELECT count(*) FROM outbox WHERE created_at > now() - interval '2 hours' OR hook_id = 'hook'`); n != 2 {
		t.Errorf("%d rows are left, want 2", n)
	}
}

// Members come in order of audiences and ids, up to the limit, without the sender, and go on where they were left.
func TestPushMembers(t *testing.T) {
	w := newWorld(t)
	w.users("ann", "bob", "Cid")
	w.channel("messaging:a", sender, "ann", "bob", "Cid")
	w.channel("messaging:b", sender, "ann")
	for _, d := range []models.Device{{ID: "1", UserID: "ann", PushProvider: "apn"}, {ID: "2", UserID: "ann", PushProvider: "firebase"}, {ID: "3", UserID: "bob", PushProvider: "huawei"}} {
		d.AppPK = w.app
		if err := w.AddDevice(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	type member struct {
		Audience int
		UserID   string
		Devices  int
	}
	both := []store.PushAudience{{CID: "messaging:a", SenderID: sender}, {CID: "messaging:b", SenderID: sender}}
	rest := []store.PushAudience{{CID: "messaging:a", SenderID: sender, After: "ann"}, both[1]}
	for _, tc := range []struct {
		audiences []store.PushAudience
		limit     int
		want      []member
	}{
		{both, 10, []member{{0, "Cid", 0}, {0, "ann", 2}, {0, "bob", 0}, {1, "ann", 2}}},
		{both, 2, []member{{0, "Cid", 0}, {0, "ann", 2}}},
		{rest, 2, []member{{0, "bob", 0}, {1, "ann", 2}}},
	} {
		found, err := w.PushMembers(t.Context(), w.app, tc.audiences, []string{"apn", "firebase"}, tc.limit)
		if err != nil {
			t.Fatal(err)
		}
		var got []member
		for _, m := range found {
			got = append(got, member{m.Audience, m.UserID, len(m.Devices)})
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%+v, at most %d (-want +got):\n%s", tc.audiences, tc.limit, diff)
		}
	}
}
