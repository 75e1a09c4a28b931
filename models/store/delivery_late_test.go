package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/models/store"
)

// shown gives the texts of the messages that a channel shows.
func (w *world) shown(cid string) []string {
	w.tb.Helper()
	channel, err := w.Channel(w.tb.Context(), w.app, cid)
	if err != nil {
		w.tb.Fatal(err)
	}
	states, _, err := w.ChannelStates(w.tb.Context(), w.app, []models.Channel{channel}, store.ChannelView{Messages: 10})
	if err != nil {
		w.tb.Fatal(err)
	}
	var texts []string
	for _, m := range states[0].Messages {
		texts = append(texts, m.Text)
		if m.CreatedAt.After(*channel.LastMessageAt) {
			w.tb.Errorf("%q was sent after the channel's last message", m.Text)
		}
	}
	return texts
}

// While a batch waits for a channel, whoever holds it may create it or delete it. What the batch sends is shown all the
// same, and what was there before is not.
func TestDeliverToAChannelYoungerThanTheBatch(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rule   store.ChannelRule
		before func(w *world) // the batch
		during string         // what is done to the channel while the batch waits for its row
		want   []string
	}{
		"created by somebody else": {
			rule:   bossOnly,
			during: `INSERT INTO channels (app_pk, cid, created_by, created_at, updated_at) VALUES ($1, 'messaging:ann', 'boss', clock_timestamp(), clock_timestamp())`,
			want:   []string{"Hello ann"},
		},
		"deleted": {
			rule:   bossOnly,
			before: func(w *world) { w.channel("messaging:ann", "ann"); w.message("old", "messaging:ann", "ann") },
			during: `UPDATE channels SET deleted_at = clock_timestamp() WHERE app_pk = $1 AND cid = 'messaging:ann'`,
			want:   []string{"Hello ann"},
		},
		"created anew": {
			before: func(w *world) { w.channel("messaging:ann", "ann"); w.message("old", "messaging:ann", "ann") },
			during: `UPDATE channels SET created_at = clock_timestamp() WHERE app_pk = $1 AND cid = 'messaging:ann'`,
			want:   []string{"Hello ann"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.users("ann")
			if tt.before != nil {
				tt.before(w)
			}
			c := w.running("c")
			tx, err := w.db.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(t.Context()) //nolint:errcheck // it was committed if all went well
			if tt.before != nil {
				if _, err := tx.Exec(t.Context(), `SELECT FROM channels WHERE app_pk = $1 AND cid = 'messaging:ann' FOR UPDATE`, w.app); err != nil {
					t.Fatal(err)
				}
			} else if _, err := tx.Exec(t.Context(), tt.during, w.app); err != nil {
				t.Fatal(err)
			}
			delivered := make(chan error, 1)
			go func() {
				_, err := w.Deliver(t.Context(), delivery(c, tt.rule, "ann"))
				delivered <- err
			}()
			w.untilBlocked(1, "INSERT INTO channels")
			statement := tt.during
			if tt.before == nil { // it is later than the batch's fence only now
				statement = `UPDATE channels SET created_at = clock_timestamp(), updated_at = clock_timestamp() WHERE app_pk = $1 AND cid = 'messaging:ann'`
			} else if _, err := tx.Exec(t.Context(), `
				INSERT INTO messages (app_pk, id, cid, user_id, text, created_at, updated_at) VALUES ($1, 'last', 'messaging:ann', 'ann', 'last words', clock_timestamp(), now())`, w.app); err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(t.Context(), statement, w.app); err != nil {
				t.Fatal(err)
			}
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := <-delivered; err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, w.shown("messaging:ann")); diff != "" {
				t.Errorf("shown (-want +got):\n%s", diff)
			}
			if n := one[int](w, `SELECT sent FROM campaign_batches`); n != 1 {
				t.Errorf("%d were sent", n)
			}
		})
	}
}

// A channel that is created while its deletion is under way is empty.
func TestCreateChannelWaitsForItsDeletion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.users("ann")
	w.channel("messaging:x", "ann")
	tx, err := w.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context()) //nolint:errcheck // it was committed if all went well
	if _, err := tx.Exec(t.Context(), `SELECT FROM channels WHERE app_pk = $1 AND cid = 'messaging:x' FOR UPDATE`, w.app); err != nil {
		t.Fatal(err)
	}
	created := make(chan models.Channel, 1)
	go func() {
		ch, err := w.CreateChannel(t.Context(), models.Channel{AppPK: w.app, CID: "messaging:x", CreatedBy: "ann"}, []models.Member{{UserID: "ann"}})
		if err != nil {
			t.Error(err)
		}
		created <- ch
	}()
	w.untilBlocked(1, "INSERT INTO channels")
	for _, statement := range []string{
		`INSERT INTO messages (app_pk, id, cid, user_id, text, created_at, updated_at) VALUES ($1, 'last', 'messaging:x', 'ann', 'last words', clock_timestamp(), now())`,
		`UPDATE channels SET last_message_at = now(), deleted_at = clock_timestamp() WHERE app_pk = $1 AND cid = 'messaging:x'`,
	} {
		if _, err := tx.Exec(t.Context(), statement, w.app); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	ch := <-created
	if ch.DeletedAt != nil || !ch.CreatedAt.Equal(ch.UpdatedAt) || ch.LastMessageAt != nil {
		t.Errorf("created %+v", ch)
	}
	states, _, err := w.ChannelStates(t.Context(), w.app, []models.Channel{ch}, store.ChannelView{Messages: 10, Members: 10})
	if err != nil || len(states[0].Messages) != 0 || len(states[0].Members) != 1 {
		t.Errorf("state %+v, %v", states, err)
	}
}
