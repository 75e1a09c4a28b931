package store_test

import (
	"testing"

	"herald/models"
)

// The first message in a channel that a campaign creates, or creates anew, is unread for its receiver.
func TestFirstMessageIsUnread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.channel("messaging:bob", "bob", "cy")
	w.messages(message{"old", "messaging:bob", "", "", 5})
	w.markRead("messaging:bob", "bob", "")
	w.exec(`UPDATE channels SET deleted_at = now()`)
	w.delivers(delivery(w.running("c"), bossOnly, "ann", "bob"), models.Counts{Sent: 2, ChannelsCreated: 2, UsersSent: 2})
	unread, err := w.Unread(t.Context(), w.app, []string{"ann", "bob", "cy", sender})
	if err != nil {
		t.Fatal(err)
	}
	for user, want := range map[string]int{"ann": 1, "bob": 1, "cy": 0, sender: 0} {
		if n := len(unread[user]); n != want || n == 1 && unread[user][0].Unread != 1 {
			t.Errorf("%s has unread %+v", user, unread[user])
		}
	}
	for _, user := range []string{"ann", "bob"} {
		w.markRead("messaging:"+user, user, "")
	}
	if n := len(w.countedReads()); n != 2 {
		t.Errorf("%d reads", n)
	}
}
