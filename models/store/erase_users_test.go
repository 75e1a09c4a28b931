package store_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/models/store"
)

// message makes an ordinary message, sent a minute ago.
func (w *world) message(id, cid, userID string) {
	w.tb.Helper()
	w.exec(`INSERT INTO messages (app_pk, id, cid, user_id, text, attachments, custom, mentioned_users, poll_id, created_at, updated_at)
		VALUES ($1, $2, $3, $4, 'Hello', '[{"type": "image"}]', '{"a": 1}', '{ann}', 'poll', now() - interval '1 minute', now() - interval '1 minute')`, w.app, id, cid, userID)
}

// written describes the messages there are, in order of id: "m1 ann regular Hello …".
func (w *world) written(where string) []string {
	w.tb.Helper()
	return query[string](w, `
		SELECT concat_ws(' ', CASE WHEN recipient IS NULL THEN id ELSE 'to ' || recipient END, user_id, type, nullif(text, ''), attachments, custom, mentioned_users,
			poll_id, campaign_id, CASE WHEN deleted_at IS NOT NULL THEN 'deleted' END)
		FROM messages WHERE app_pk = $1 AND `+where+` ORDER BY coalesce(recipient, ''), id`, w.app)
}

// deleteUsers deletes users, and does what is left to do twice, as after a crash in the end.
func (w *world) deleteUsers(d models.UserDeletion) {
	w.tb.Helper()
	_, task, err := w.DeleteUsers(w.tb.Context(), w.app, d)
	if err != nil {
		w.tb.Fatal(err)
	}
	w.finish(d, task)
}

func (w *world) finish(d models.UserDeletion, task models.Task) {
	w.tb.Helper()
	for range 2 {
		if err := w.FinishDeletingUsers(w.tb.Context(), w.app, d, task.CreatedAt); err != nil {
			w.tb.Fatal(err)
		}
	}
}

func TestDeleteUsersDeletesTheirMessages(t *testing.T) {
	t.Parallel()
	const ordinary = `Hello [{"type": "image"}] {"a": 1} {ann} poll`
	for how, want := range map[models.Deletion][]string{
		"": {`m1 boss regular ` + ordinary, `m3 boss deleted {"a": 1} {ann} poll deleted`, `test boss regular Hi c`, `to ann boss regular Hello ann c`, `to bob boss regular Hello bob c`},
		models.DeleteSoft: {`m1 boss deleted {"a": 1} {ann} poll deleted`, `m3 boss deleted {"a": 1} {ann} poll deleted`, `test boss deleted c deleted`,
			`to ann boss deleted c deleted`, `to bob boss deleted c deleted`},
		models.DeletePruning: {`m1 boss deleted deleted`, `m3 boss deleted deleted`, `test boss deleted c deleted`, `to ann boss deleted c deleted`, `to bob boss deleted c deleted`},
		models.DeleteHard:    {`to ann boss erased c deleted`, `to bob boss erased c deleted`},
	} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.users("ann", "bob", "zoe")
			w.channel("messaging:x", "ann")
			c := w.running("c")
			w.delivers(delivery(c, bossOnly, "ann", "bob"), models.Counts{Sent: 2, ChannelsCreated: 2, UsersSent: 2})
			w.message("m1", "messaging:x", sender)
			w.message("m2", "messaging:x", "zoe")
			w.message("m3", "messaging:x", sender)
			w.exec(`UPDATE messages SET type = 'deleted', text = '', attachments = NULL, deleted_at = now() WHERE id = 'm3'`)
			w.exec(`INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, created_at, updated_at) VALUES ($1, 'test', 'messaging:x', 'boss', 'Hi', 'c', now(), now())`, w.app)
			w.exec(`INSERT INTO messages (app_pk, id, cid, user_id, text, created_at, updated_at) VALUES (99, 'm1', 'messaging:x', 'boss', 'Hi', now(), now())`)
			before := query[string](w, `SELECT id || cid || created_at FROM messages WHERE campaign_id = 'c' AND recipient IS NOT NULL ORDER BY 1`)

			w.deleteUsers(models.UserDeletion{UserIDs: []string{sender}, User: models.DeleteSoft, Messages: how})
			if diff := cmp.Diff(want, w.written("user_id = 'boss'")); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{`m2 zoe regular ` + ordinary}, w.written("user_id = 'zoe'")); diff != "" {
				t.Errorf("messages of somebody else (-want +got):\n%s", diff)
			}
			if n := one[int](w, `SELECT count(*) FROM messages WHERE app_pk = 99 AND type = 'regular'`); n != 1 {
				t.Error("another app's message is gone")
			}
			// What the campaign's recipients are listed from stays.
			if diff := cmp.Diff(before, query[string](w, `SELECT id || cid || created_at FROM messages WHERE campaign_id = 'c' AND recipient IS NOT NULL ORDER BY 1`)); diff != "" {
				t.Errorf("the campaign's rows changed:\n%s", diff)
			}
			stats, err := w.Stats(t.Context(), w.app, "c")
			if err != nil || stats["c"].MessagesSent != 2 || stats["c"].UsersSent != 2 || stats["c"].ChannelsCreated != 2 {
				t.Errorf("stats %+v, %v", stats["c"], err)
			}
		})
	}
}

// Whatever is deleted while a campaign runs, and whoever comes back, nobody gets a second message of it.
func TestDeletionsLeaveTheClaim(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.users("ann", "bob", "carl")
	c := w.running("c")
	first := delivery(c, bossOnly, "ann", "bob")
	w.delivers(first, models.Counts{Sent: 2, ChannelsCreated: 2, UsersSent: 2})
	hard := models.UserDeletion{UserIDs: []string{sender, "ann"}, User: models.DeleteHard, Messages: models.DeleteHard, Conversations: models.DeleteHard}
	w.deleteUsers(hard)
	_, task, err := w.DeleteChannels(t.Context(), w.app, []string{"messaging:ann", "messaging:bob"}, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.FinishDeletingChannels(t.Context(), w.app, []string{"messaging:ann", "messaging:bob"}, task.CreatedAt); err != nil {
		t.Fatal(err)
	}
	if out := w.deliver(delivery(c, bossOnly, "carl")); !out.SenderGone {
		t.Fatalf("without its sender it delivers %+v", out)
	}
	w.users(sender, "ann")
	again := delivery(c, bossOnly, "ann", "bob", "carl")
	w.delivers(again, models.Counts{Sent: 3, ChannelsCreated: 3, UsersSent: 3}) // what the range committed in all
	want := []string{"to ann boss erased c deleted", "to bob boss erased c deleted", "to carl boss regular Hello carl c"}
	if diff := cmp.Diff(want, w.written("true")); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	w.checkChannels(channelRow{CID: "messaging:carl", Custom: "{}", CreatedBy: sender, MemberCount: 2, Members: []string{sender, "carl"}, Renewed: true, Sent: true})
}

// A batch that read its fence before the sender was deleted commits later, and is erased too.
func TestDeleteUsersWaitsForBatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.users("ann")
	w.running("c")
	tx, err := w.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT FROM campaigns WHERE app_pk = $1 AND id = 'c' FOR SHARE`, w.app); err != nil {
		t.Fatal(err)
	}
	d := models.UserDeletion{UserIDs: []string{sender}, User: models.DeleteSoft, Messages: models.DeleteHard}
	_, task, err := w.DeleteUsers(t.Context(), w.app, d)
	if err != nil {
		t.Fatal(err)
	}
	finished := make(chan error, 1)
	go func() { finished <- w.FinishDeletingUsers(t.Context(), w.app, d, task.CreatedAt) }()
	w.untilBlocked(1, "FOR UPDATE")
	_, err = tx.Exec(t.Context(), `INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, recipient, created_at, updated_at)
		VALUES ($1, 'm', 'messaging:ann', 'boss', 'Hi', 'c', 'ann', clock_timestamp(), clock_timestamp())`, w.app)
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-finished; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"to ann boss erased c deleted"}, w.written("true")); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestDeleteUsersInPages(t *testing.T) {
	t.Parallel()
	const many = 2500
	w := newWorld(t)
	w.users("ann", "bob")
	w.running("c")
	w.exec(`INSERT INTO channels (app_pk, cid, created_by, member_count, created_at, updated_at)
		SELECT $1, 'messaging:x' || i, 'ann', 2, now(), now() FROM generate_series(1, $2) i`, w.app, many)
	w.exec(`INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at)
		SELECT $1, 'messaging:x' || i, id, now(), now() FROM generate_series(1, $2) i, unnest('{ann,bob}'::text[]) id`, w.app, many)
	w.exec(`INSERT INTO channel_reads (app_pk, cid, user_id, last_read) SELECT app_pk, cid, user_id, now() FROM channel_members`)
	w.exec(`INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, recipient, created_at, updated_at)
		SELECT $1, 'm' || i || kind, 'messaging:x', 'ann', 'Hi', CASE kind WHEN 'c' THEN 'c' END, CASE kind WHEN 'c' THEN 'r' || i END, now(), now()
		FROM generate_series(1, $2) i, unnest('{c,o}'::text[]) kind`, w.app, many)
	w.exec(`UPDATE campaigns SET sender_id = 'ann' WHERE id = 'c'`)
	w.deleteUsers(models.UserDeletion{UserIDs: []string{"ann"}, User: models.DeleteHard, Messages: models.DeleteHard, Conversations: models.DeleteHard, NewOwner: "bob"})
	for sql, want := range map[string]int{
		`SELECT count(*) FROM messages WHERE type = 'erased' AND recipient IS NOT NULL`: many,
		`SELECT count(*) FROM messages`:                                               many,
		`SELECT count(*) FROM channels WHERE created_by = 'bob' AND member_count = 1`: many,
		`SELECT count(*) FROM channel_members WHERE user_id = 'ann'`:                  0,
		`SELECT count(*) FROM channel_members WHERE user_id = 'bob'`:                  many,
		`SELECT count(*) FROM channel_reads`:                                          many,
		`SELECT count(*) FROM users WHERE id = 'ann'`:                                 0,
	} {
		if got := one[int](w, sql); got != want {
			t.Errorf("%s: %d, want %d", sql, got, want)
		}
	}
}

// Who comes back before the deletion is through keeps what is new.
func TestDeleteUsersLeavesTheNewLifeAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.users("ann", "bob")
	w.channel("messaging:old", "ann", "bob")
	w.message("old", "messaging:old", "ann")
	d := models.UserDeletion{UserIDs: []string{"ann"}, User: models.DeleteHard, Messages: models.DeleteHard, Conversations: models.DeleteHard}
	gone, task, err := w.DeleteUsers(t.Context(), w.app, d)
	if err != nil || gone[0].DeletedAt == nil || !gone[0].DeletedAt.Equal(task.CreatedAt) || task.Status != models.TaskPending {
		t.Fatalf("deleted %+v, %+v, %v", gone, task, err)
	}
	if _, err := w.UpsertUsers(t.Context(), w.app, []models.User{{ID: "ann", Role: "user"}}); err != nil {
		t.Fatal(err)
	}
	channel, err := w.CreateChannel(t.Context(), models.Channel{AppPK: w.app, CID: "messaging:" + models.DistinctID("ann", "bob"), CreatedBy: "ann"}, []models.Member{{UserID: "ann"}, {UserID: "bob"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.SendMessage(t.Context(), models.Message{AppPK: w.app, ID: "new", CID: channel.CID, UserID: "ann", Text: "I'm back", Type: models.MessageRegular}, store.Sending{}); err != nil {
		t.Fatal(err)
	}
	w.finish(d, task)
	if diff := cmp.Diff([]string{"new ann regular I'm back"}, w.written("true")); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{channel.CID}, query[string](w, `SELECT cid FROM channel_members WHERE user_id = 'ann'`)); diff != "" {
		t.Errorf("memberships of ann (-want +got):\n%s", diff)
	}
	if user, err := w.User(t.Context(), w.app, "ann"); err != nil || user.DeletedAt != nil {
		t.Errorf("ann: %+v, %v", user, err)
	}
	// And deleted again, softly this time: the first deletion is no reason to remove the row.
	if _, _, err := w.DeleteUsers(t.Context(), w.app, models.UserDeletion{UserIDs: []string{"ann"}, User: models.DeleteSoft}); err != nil {
		t.Fatal(err)
	}
	if err := w.FinishDeletingUsers(t.Context(), w.app, models.UserDeletion{UserIDs: []string{"ann"}, User: models.DeleteHard}, task.CreatedAt); err != nil {
		t.Fatal(err)
	}
	if user, err := w.User(t.Context(), w.app, "ann"); err != nil || user.DeletedAt == nil {
		t.Errorf("ann: %+v, %v", user, err)
	}
}

func TestDeleteUsersDeletesConversations(t *testing.T) {
	t.Parallel()
	for how, want := range map[models.Deletion]string{
		"":                "annbob annbobcy anncy bobcy named",
		models.DeleteSoft: "annbobcy bobcy named -annbob -anncy",
		models.DeleteHard: "annbobcy bobcy named",
	} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.users("ann", "bob", "cy")
			w.channel("messaging:!members-annbob", "ann", "bob")
			w.channel("messaging:!members-anncy", "ann", "cy")
			w.exec(`UPDATE channels SET deleted_at = now() - interval '1 hour' WHERE cid LIKE '%anncy' AND $1`, how != "")
			w.channel("messaging:!members-annbobcy", "ann", "bob", "cy")
			w.channel("messaging:!members-bobcy", "bob", "cy")
			w.channel("messaging:named", "ann", "bob")
			for _, ch := range []string{"!members-annbob", "!members-bobcy", "named"} {
				w.message("to "+ch, "messaging:"+ch, "bob")
			}
			w.deleteUsers(models.UserDeletion{UserIDs: []string{"ann"}, User: models.DeleteSoft, Conversations: how})
			got := query[string](w, `SELECT CASE WHEN deleted_at IS NOT NULL THEN '-' ELSE '' END || regexp_replace(cid, '.*[:-]', '')
				FROM channels ORDER BY deleted_at IS NOT NULL, 1`)
			if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
				t.Errorf("channels (-want +got):\n%s", diff)
			}
			left := one[int](w, `SELECT count(*) FROM messages`)
			members := one[int](w, `SELECT count(*) FROM channel_members`)
			if how == models.DeleteHard && (left != 2 || members != 7) || how != models.DeleteHard && (left != 3 || members != 11) {
				t.Errorf("%d messages and %d members are left", left, members)
			}
		})
	}
}

func TestDeleteUsersTakesVotesAndDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.users("ann", "bob")
	for _, id := range []string{"p1", "p2"} {
		w.poll(id)
		w.votes(id, "ann", "a")
		w.votes(id, "bob", "a")
	}
	w.exec(`INSERT INTO devices (app_pk, id, user_id, push_provider, created_at) SELECT $1, id, 'ann', 'apn', now() FROM unnest('{old,new}'::text[]) id`, w.app)
	d := models.UserDeletion{UserIDs: []string{"ann"}, User: models.DeleteHard}
	_, task, err := w.DeleteUsers(t.Context(), w.app, d)
	if err != nil {
		t.Fatal(err)
	}
	// Ann comes back before the deletion is through, votes and brings a device.
	if _, err := w.UpsertUsers(t.Context(), w.app, []models.User{{ID: "ann", Role: "user"}}); err != nil {
		t.Fatal(err)
	}
	w.votes("p2", "ann", "b")
	w.exec(`UPDATE devices SET created_at = now() WHERE id = 'new'`)
	w.finish(d, task)
	for poll, want := range map[string]map[string]int64{"p1": {"a": 1}, "p2": {"a": 1, "b": 1}} {
		if diff := cmp.Diff(want, w.counts(poll)); diff != "" {
			t.Errorf("counts of %s (-want +got):\n%s", poll, diff)
		}
	}
	if diff := cmp.Diff([]string{"p1 bob a", "p2 ann b", "p2 bob a"}, query[string](w, `SELECT concat_ws(' ', poll_id, user_id, option_id) FROM poll_votes ORDER BY 1`)); diff != "" {
		t.Errorf("votes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"new"}, query[string](w, `SELECT id FROM devices`)); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
	w.deleteUsers(d)
	if n := one[int](w, `SELECT (SELECT count(*) FROM devices) + (SELECT count(*) FROM poll_votes WHERE user_id = 'ann')`); n != 0 {
		t.Errorf("%d votes and devices are left", n)
	}
}
