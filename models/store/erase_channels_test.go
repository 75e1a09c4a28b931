package store_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/models/store"
)

// deleteChannels deletes channels hard, and does what is left to do twice, as after a crash in the end.
func (w *world) deleteChannels(cids ...string) {
	w.tb.Helper()
	_, task, err := w.DeleteChannels(w.tb.Context(), w.app, cids, true)
	if err != nil {
		w.tb.Fatal(err)
	}
	for range 2 {
		if err := w.FinishDeletingChannels(w.tb.Context(), w.app, cids, task.CreatedAt); err != nil {
			w.tb.Fatal(err)
		}
	}
}

// left counts what there is of a channel: its row, messages, members and read markers.
func (w *world) left(cid string) [4]int {
	w.tb.Helper()
	return [4]int{
		one[int](w, `SELECT count(*) FROM channels WHERE app_pk = $1 AND cid = $2`, w.app, cid),
		one[int](w, `SELECT count(*) FROM messages WHERE app_pk = $1 AND cid = $2 AND type <> 'erased'`, w.app, cid),
		one[int](w, `SELECT count(*) FROM channel_members WHERE app_pk = $1 AND cid = $2`, w.app, cid),
		one[int](w, `SELECT count(*) FROM channel_reads WHERE app_pk = $1 AND cid = $2`, w.app, cid),
	}
}

func TestDeleteChannelsRemovesThem(t *testing.T) {
	t.Parallel()
	const many = 2500
	w := newWorld(t)
	w.users("ann", "bob")
	for _, cid := range []string{"messaging:big", "messaging:small", "messaging:other"} {
		w.channel(cid, "ann", "bob")
		w.message("m of "+cid, cid, "ann")
	}
	w.exec(`INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at) SELECT $1, 'messaging:big', 'm' || i, now(), now() FROM generate_series(1, $2) i`, w.app, many)
	w.exec(`INSERT INTO channel_reads (app_pk, cid, user_id, last_read) SELECT $1, 'messaging:big', 'm' || i, now() FROM generate_series(1, $2) i`, w.app, 2*many)
	// A thousand at the same instant: pages must not lose any of them.
	w.exec(`INSERT INTO messages (app_pk, id, cid, user_id, text, created_at, updated_at)
		SELECT $1, 'many' || i, 'messaging:big', 'ann', 'Hi', now() - interval '1 second' * (i / 1000), now() FROM generate_series(1, $2) i`, w.app, many)
	c := w.running("c")
	w.delivers(toChannels(c, bossOnly, "messaging:big", "messaging:other"), models.Counts{Sent: 2, UsersSent: many + 4})
	w.deleteChannels("messaging:small", "messaging:big")
	for cid, want := range map[string][4]int{"messaging:big": {}, "messaging:small": {}, "messaging:other": {1, 2, 2, 0}} {
		if got := w.left(cid); got != want {
			t.Errorf("of %s is left %v, want %v", cid, got, want)
		}
	}
	want := []string{"to messaging:big boss erased c deleted", "to messaging:other boss regular Hello messaging:other c"}
	if diff := cmp.Diff(want, w.written("recipient IS NOT NULL")); diff != "" {
		t.Errorf("the campaign's rows (-want +got):\n%s", diff)
	}
}

// A channel that was created anew before the deletion is through keeps what is new.
func TestDeleteChannelsLeavesTheNewOneAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.users("ann", "bob")
	const cid = "messaging:x"
	w.channel(cid, "ann", "bob")
	w.message("old", cid, "ann")
	_, task, err := w.DeleteChannels(t.Context(), w.app, []string{cid}, true)
	if err != nil || task.Status != models.TaskPending {
		t.Fatalf("%+v, %v", task, err)
	}
	w.delivers(delivery(w.running("c"), bossOnly, "x"), models.Counts{Sent: 1, ChannelsCreated: 1, UsersSent: 1})
	for range 2 {
		if err := w.FinishDeletingChannels(t.Context(), w.app, []string{cid}, task.CreatedAt); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"to x boss regular Hello x c"}, w.written("true")); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	w.checkChannels(channelRow{CID: cid, Custom: "{}", CreatedBy: sender, MemberCount: 2, Members: []string{sender, "x"}, Renewed: true, Sent: true})

	// Deleted again, softly: the first deletion is no reason to remove what came after it.
	if _, task, err := w.DeleteChannels(t.Context(), w.app, []string{cid}, false); err != nil || task.Status != models.TaskCompleted {
		t.Fatalf("%+v, %v", task, err)
	}
	if err := w.FinishDeletingChannels(t.Context(), w.app, []string{cid}, task.CreatedAt); err != nil {
		t.Fatal(err)
	}
	if got := w.left(cid); got != [4]int{1, 1, 2, 0} {
		t.Errorf("left %v", got)
	}
}

// A message on its way is in before the deletion, and goes with it; one that comes later finds no channel.
func TestDeleteChannelsWaitsForMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.users("ann")
	const cid = "messaging:x"
	w.channel(cid, "ann")
	tx, err := w.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `UPDATE channels SET last_message_at = clock_timestamp() WHERE app_pk = $1 AND cid = $2`, w.app, cid); err != nil {
		t.Fatal(err)
	}
	deleted := make(chan error, 1)
	var task models.Task
	go func() {
		var err error
		_, task, err = w.DeleteChannels(t.Context(), w.app, []string{cid}, true)
		deleted <- err
	}()
	w.untilBlocked(1, "FOR UPDATE")
	if _, err := tx.Exec(t.Context(), `INSERT INTO messages (app_pk, id, cid, user_id, text, created_at, updated_at) VALUES ($1, 'm', $2, 'ann', 'Hi', clock_timestamp(), now())`, w.app, cid); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-deleted; err != nil {
		t.Fatal(err)
	}
	if _, err := w.SendMessage(t.Context(), models.Message{AppPK: w.app, ID: "late", CID: cid, UserID: "ann", Text: "Hi", Type: models.MessageRegular}, store.Sending{}); models.ErrorCode(err) != models.CodeNotFound {
		t.Errorf("a message to the deleted channel: %v", err)
	}
	if err := w.FinishDeletingChannels(t.Context(), w.app, []string{cid}, task.CreatedAt); err != nil {
		t.Fatal(err)
	}
	if got := w.left(cid); got != [4]int{} {
		t.Errorf("left %v", got)
	}
}

func TestDeleteChannelsRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.channel("messaging:x", sender)
	w.channel("messaging:gone", sender)
	w.exec(`UPDATE channels SET deleted_at = now() WHERE cid = 'messaging:gone'`)
	for _, cid := range []string{"messaging:nowhere", "messaging:gone"} {
		_, _, err := w.DeleteChannels(t.Context(), w.app, []string{"messaging:x", cid}, true)
		if models.ErrorCode(err) != models.CodeInvalid || !strings.HasPrefix(err.Error(), "cids[1]") {
			t.Errorf("%s: %v", cid, err)
		}
	}
	if got := w.left("messaging:x"); got != [4]int{1, 0, 1, 0} || one[int](w, `SELECT count(*) FROM tasks`) != 0 || one[int](w, `SELECT count(*) FROM channels WHERE deleted_at IS NULL`) != 1 {
		t.Error("a refused call changed something")
	}
}
