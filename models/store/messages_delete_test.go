package store_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

// leftovers lists what of messages is in the database, by id.
func (w *world) leftovers() []string {
	w.tb.Helper()
	return query[string](w, `
		SELECT concat_ws(' ', id, type, coalesce(recipient, '-'), quote_literal(text), attachments::text, custom::text, poll_id, deleted_at IS NOT NULL)
		FROM messages WHERE app_pk = $1 ORDER BY id`, w.app)
}

func TestDeleteMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.running("c")
	d := delivery(c, bossOnly, "ann", "bob", "cy")
	for i := range d.Messages {
		d.Messages[i].ID = d.Messages[i].Recipient
		d.Messages[i].Attachments, d.Messages[i].Custom = []byte(`[{"type": "image"}]`), []byte(`{"a": 1}`)
	}
	want := models.Counts{Sent: 3, ChannelsCreated: 3, UsersSent: 3}
	w.delivers(d, want)
	w.exec(`INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, created_at, updated_at)
		SELECT $1, id, 'messaging:ann', $2, 'x', campaign, now(), now() FROM (VALUES ('ordinary', NULL), ('test', 'c'), ('soft', NULL)) AS m (id, campaign)`, w.app, sender)

	for _, step := range []struct {
		id   string
		hard bool
	}{{"ann", false}, {"ann", false}, {"bob", true}, {"cy", false}, {"cy", true}, {"ordinary", true}, {"test", true}, {"soft", false}} {
		m, err := w.DeleteMessage(t.Context(), w.app, step.id, step.hard)
		if err != nil {
			t.Fatal(err)
		}
		if m.Type != models.MessageDeleted || m.DeletedAt == nil || m.Text != "" || m.Attachments != nil {
			t.Errorf("%s was left as %+v", step.id, m)
		}
	}
	for _, id := range []string{"bob", "ordinary", "none"} {
		if _, err := w.DeleteMessage(t.Context(), w.app, id, true); models.ErrorCode(err) != models.CodeNotFound {
			t.Errorf("%s is deleted again: %v", id, err)
		}
		if _, _, err := w.Message(t.Context(), w.app, id); models.ErrorCode(err) != models.CodeNotFound {
			t.Errorf("%s is read: %v", id, err)
		}
	}
	if _, err := w.DeleteMessage(t.Context(), w.app+1, "ann", true); models.ErrorCode(err) != models.CodeNotFound {
		t.Errorf("another app deletes: %v", err)
	}
	left := []string{`ann deleted ann '' {"a": 1} t`, `bob erased bob '' t`, `cy erased cy '' t`, `soft deleted - '' t`}
	if diff := cmp.Diff(left, w.leftovers()); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}

	// The batch comes again, as after a crash: nobody gets a second message and no count changes.
	again := delivery(c, bossOnly, "ann", "bob", "cy")
	w.delivers(again, want)
	if diff := cmp.Diff(left, w.leftovers()); diff != "" {
		t.Errorf("after the batch came again (-want +got):\n%s", diff)
	}
}

// Deletions of the same messages at once end one after another, whatever order they come in.
func TestDeleteMessagesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`INSERT INTO messages (app_pk, id, cid, user_id, text, created_at, updated_at)
		SELECT $1, id, 'messaging:ann', $2, 'x', now(), now() FROM unnest($3::text[]) AS id`, w.app, sender, numbered("m", 20))
	var wait sync.WaitGroup
	errs := make(chan error, 200)
	for i := range 4 {
		wait.Go(func() {
			for n := range 20 {
				id := fmt.Sprintf("m%04d", (n*7+i*3)%20)
				if _, err := w.DeleteMessage(t.Context(), w.app, id, i%2 == 0); err != nil && models.ErrorCode(err) != models.CodeNotFound {
					errs <- err
				}
			}
		})
	}
	wait.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	if left := w.leftovers(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
