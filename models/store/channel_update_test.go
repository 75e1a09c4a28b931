package store_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/models/store"
)

// wantCounted checks that the member_count of every channel is the number of its members.
func (w *world) wantCounted() {
	w.tb.Helper()
	wrong := query[string](w, `
		SELECT concat_ws(' ', cid, member_count, n) FROM (
			SELECT ch.cid, ch.member_count, (SELECT count(*) FROM channel_members m WHERE m.app_pk = ch.app_pk AND m.cid = ch.cid) AS n
			FROM channels ch WHERE ch.app_pk = $1) c WHERE member_count <> n`, w.app)
	if len(wrong) > 0 {
		w.tb.Errorf("channels that count other than they have: %v", wrong)
	}
}

func TestUpdateChannelAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.channel("messaging:x", sender)
	users := numbered("u", 20)
	w.users(users...)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for n := range 10 {
				u := store.ChannelUpdate{
					Add: []models.Member{{UserID: users[(i+n)%20]}, {UserID: users[(2*i+3*n+1)%20]}}, Remove: []string{users[(i*n+5)%20], "nobody"},
					Change: func(ch *models.Channel) []models.FieldError {
						ch.Custom = models.Custom(fmt.Sprintf(`{"by": %d}`, i))
						return nil
					},
				}
				if u.Add[0].UserID == u.Add[1].UserID {
					u.Add = u.Add[:1]
				}
				if n == 9 {
					u.Message = &models.Message{AppPK: w.app, ID: fmt.Sprint("m", i), CID: "messaging:x", UserID: sender, Text: "x", Type: models.MessageSystem}
				}
				if _, _, err := w.UpdateChannel(t.Context(), w.app, "messaging:x", u); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	w.wantCounted()
	if n := one[int](w, `SELECT count(*) FROM messages WHERE type = 'system'`); n != 8 {
		t.Errorf("%d messages", n)
	}
}

// Of an update that cannot be done whole nothing is done.
func TestUpdateChannelIsAllOrNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.users("ann")
	w.channel("messaging:x", sender)
	w.message("taken", "messaging:x", sender)
	before := w.channels()
	for name, u := range map[string]store.ChannelUpdate{
		"a taken id": {Message: &models.Message{AppPK: w.app, ID: "taken", CID: "messaging:x", UserID: sender, Text: "x", Type: models.MessageRegular}},
		"what Change cannot accept": {Change: func(*models.Channel) []models.FieldError {
			return []models.FieldError{{Path: "set", Reason: "is bad"}}
		}},
	} {
		u.Add, u.Remove = []models.Member{{UserID: "ann"}}, []string{sender}
		if _, _, err := w.UpdateChannel(t.Context(), w.app, "messaging:x", u); models.ErrorCode(err) != models.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(before, w.channels()); diff != "" {
			t.Errorf("%s changed:\n%s", name, diff)
		}
	}
	if _, _, err := w.UpdateChannel(t.Context(), w.app+1, "messaging:x", store.ChannelUpdate{}); models.ErrorCode(err) != models.CodeNotFound {
		t.Errorf("another app updates it: %v", err)
	}
}

// Batches, updates and deletions of the same channels meet in every order: none waits in a circle, everybody has one
// message, and counts are right.
func TestDeletionsAndBatchesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	people := numbered("u", 60)
	w.users(append([]string{"joiner"}, people...)...)
	c := w.running("c")
	other := w.running("other")
	var cids []string
	for _, id := range people {
		w.channel("messaging:"+id, id, sender)
		w.message("old"+id, "messaging:"+id, sender)
		cids = append(cids, "messaging:"+id)
	}
	var wait sync.WaitGroup
	for _, campaign := range []models.Campaign{c, other} {
		for half := range 2 {
			wait.Go(func() {
				for i := half; i < 12; i += 2 {
					d := delivery(campaign, bossOnly, people[5*i:5*i+5]...)
					d.After, d.Through = people[5*i], people[5*i+4]
					for out := w.deliver(d); out.ChannelsGone; {
						out = w.deliver(d)
					}
				}
			})
		}
	}
	for i := range 2 {
		wait.Go(func() {
			for n := i; n < len(cids); n += 2 {
				_, task, err := w.DeleteChannels(t.Context(), w.app, cids[n:n+1], true)
				if models.ErrorCode(err) == models.CodeInvalid {
					continue // it is being created anew
				}
				if err == nil {
					err = w.FinishDeletingChannels(t.Context(), w.app, cids[n:n+1], task.CreatedAt)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Go(func() {
		for _, cid := range cids {
			_, _, err := w.UpdateChannel(t.Context(), w.app, cid, store.ChannelUpdate{Add: []models.Member{{UserID: "joiner"}}})
			if err != nil && models.ErrorCode(err) != models.CodeNotFound {
				t.Error(err)
			}
		}
	})
	wait.Wait()
	d := models.UserDeletion{UserIDs: []string{"joiner"}, User: models.DeleteHard, Messages: models.DeleteHard, Conversations: models.DeleteHard}
	w.deleteUsers(d)
	w.wantCounted()
	for _, campaign := range []string{"c", "other"} {
		if diff := cmp.Diff(people, w.recipients(campaign)); diff != "" {
			t.Errorf("recipients of %s (-want +got):\n%s", campaign, diff)
		}
	}
	if n := one[int](w, `SELECT count(*) FROM channel_members m WHERE NOT EXISTS (SELECT FROM channels ch WHERE ch.app_pk = m.app_pk AND ch.cid = m.cid)`); n != 0 {
		t.Errorf("%d members of no channel", n)
	}
	// What is shown in a channel was sent since it was created.
	if n := one[int](w, `SELECT count(*) FROM messages g JOIN channels ch ON ch.app_pk = g.app_pk AND ch.cid = g.cid
		WHERE g.type <> 'erased' AND g.created_at < ch.created_at`); n != 0 {
		t.Errorf("%d messages are older than their channel", n)
	}
}
