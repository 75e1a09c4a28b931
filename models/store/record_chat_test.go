package store_test

import (
	"errors"
	"slices"
	"testing"

	"herald/models"
	"herald/models/store"
)

func (w *world) say(id, cid, userID string, how store.Sending) {
	w.tb.Helper()
	if _, err := w.SendMessage(w.tb.Context(), ordinary(w, id, cid, userID), how); err != nil {
		w.tb.Fatal(err)
	}
}

func ordinary(w *world, id, cid, userID string) models.Message {
	return models.Message{AppPK: w.app, ID: id, CID: cid, UserID: userID, Text: "Hi", Type: models.MessageRegular}
}

func TestRecordMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withPush()
	w.hooks(everything("a"), hookFor("m", "message.new"))
	w.users("ann", "bob", "carl")
	w.channel("messaging:x", "ann", "bob", "carl")
	w.say("1", "messaging:x", "ann", store.Sending{})
	w.tells(" message.new messaging:x ann 1", "a message.new messaging:x ann 1", "m message.new messaging:x ann 1")
	w.say("2", "messaging:x", "ann", store.Sending{SkipPush: true})
	w.tells("a message.new messaging:x ann 2", "m message.new messaging:x ann 2")
	w.exec(`UPDATE channel_members SET hidden = true WHERE user_id <> 'bob'`)
	w.say("3", "messaging:x", "bob", store.Sending{SkipPush: true, KeepHidden: true})
	w.tells("a message.new messaging:x bob 3", "m message.new messaging:x bob 3")
	w.say("4", "messaging:x", "bob", store.Sending{SkipPush: true})
	w.tells("a channel.visible messaging:x ann", "a channel.visible messaging:x carl", "a message.new messaging:x bob 4", "m message.new messaging:x bob 4")
	w.exec(`UPDATE channel_members SET hidden = true`)
	if _, err := w.SendMessage(t.Context(), ordinary(w, "4", "messaging:x", "bob"), store.Sending{}); models.ErrorCode(err) != models.CodeInvalid {
		t.Errorf("a taken id: %v", err)
	}
	if _, err := w.SendMessage(t.Context(), ordinary(w, "5", "messaging:none", "bob"), store.Sending{}); models.ErrorCode(err) != models.CodeNotFound {
		t.Errorf("no channel: %v", err)
	}
	w.tells()
	w.hooks()
	w.say("5", "messaging:x", "bob", store.Sending{})
	w.tells(" message.new messaging:x bob 5")
}

func TestRecordChannels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(everything("a"), hookFor("j", "member.added"))
	w.users("ann", "bob", "carl")
	create := func(cid string, members ...string) {
		t.Helper()
		var all []models.Member
		for _, id := range members {
			all = append(all, models.Member{UserID: id})
		}
		if _, err := w.CreateChannel(t.Context(), models.Channel{AppPK: w.app, CID: cid, CreatedBy: "carl"}, all); err != nil {
			t.Fatal(err)
		}
	}
	joined := func(cid string, users ...string) (lines []string) {
		for _, hook := range []string{"a", "j"} {
			for _, id := range users {
				lines = append(lines, hook+" member.added "+cid+" "+id)
			}
		}
		return lines
	}
	check := func(want ...string) {
		t.Helper()
		w.tells(sorted(want)...)
	}
	create("messaging:x", "bob", "ann")
	check(append(joined("messaging:x", "ann", "bob"), "a channel.created messaging:x carl")...)
	create("messaging:x", "carl") // it is there
	check()
	w.exec(`UPDATE channels SET deleted_at = now()`)
	create("messaging:x", "bob")
	check(append(joined("messaging:x", "bob"), "a channel.created messaging:x carl")...)
	create("messaging:empty")
	check("a channel.created messaging:empty carl")

	message := ordinary(w, "1", "messaging:x", "ann")
	update := store.ChannelUpdate{Add: []models.Member{{UserID: "bob"}, {UserID: "ann"}}, Message: &message}
	if _, _, err := w.UpdateChannel(t.Context(), w.app, "messaging:x", update); err != nil {
		t.Fatal(err)
	}
	check(append(joined("messaging:x", "ann"), "a message.new messaging:x ann 1")...)
	update.Add = append(update.Add, models.Member{UserID: "carl"})
	if _, _, err := w.UpdateChannel(t.Context(), w.app, "messaging:x", update); models.ErrorCode(err) != models.CodeInvalid {
		t.Errorf("an update with a message whose id is taken: %v", err)
	}
	update = store.ChannelUpdate{Remove: []string{"ann"}, Change: func(ch *models.Channel) []models.FieldError { ch.Frozen = true; return nil }}
	if _, _, err := w.UpdateChannel(t.Context(), w.app, "messaging:x", update); err != nil {
		t.Fatal(err)
	}
	check()
}

func TestRecordHiddenChannels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(everything("a"))
	w.users("ann", "bob")
	w.channel("messaging:x", "ann", "bob")
	hide := func(user string, clearHistory bool) error {
		return w.HideChannel(t.Context(), w.app, "messaging:x", user, clearHistory)
	}
	show := func(user string) error { return w.ShowChannel(t.Context(), w.app, "messaging:x", user) }
	for i, step := range []struct {
		do   func() error
		want []string
	}{
		{func() error { return show("ann") }, nil},
		{func() error { return hide("ann", false) }, []string{"a channel.hidden messaging:x ann"}},
		{func() error { return hide("ann", true) }, nil},
		{func() error { return show("ann") }, []string{"a channel.visible messaging:x ann"}},
		{func() error { return show("ann") }, nil},
		{func() error { return hide("bob", true) }, []string{"a channel.hidden messaging:x bob"}},
	} {
		if err := step.do(); err != nil {
			t.Errorf("step %d: %v", i, err)
		}
		w.tells(step.want...)
	}
	if cleared := query[string](w, `SELECT user_id FROM channel_members WHERE cleared_at IS NOT NULL ORDER BY user_id`); !slices.Equal(cleared, []string{"ann", "bob"}) {
		t.Errorf("cleared for %v", cleared)
	}
	if err := errors.Join(hide("zoe", false), show("zoe")); models.ErrorCode(err) != models.CodeNotFound {
		t.Errorf("no member: %v", err)
	}
	w.tells()

	// Of two who hide it at once, one does.
	release := w.hold(`SELECT FROM channel_members FOR UPDATE`)
	first, second := inBackground(func() error { return hide("ann", false) }), inBackground(func() error { return hide("ann", false) })
	w.untilBlocked(2, "channel_members")
	release()
	if err := errors.Join(receive(t, "hide", first), receive(t, "hide", second)); err != nil {
		t.Fatal(err)
	}
	w.tells("a channel.hidden messaging:x ann")
}

func TestRecordReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(everything("a"), hookFor("standard"), hookFor("other", "message.new"))
	w.users("ann", "bob")
	for _, cid := range []string{"messaging:x", "messaging:y", "messaging:z"} {
		w.channel(cid, "ann", "bob")
	}
	message := func(id, cid string) {
		w.message(id, cid, "bob")
		w.exec(`UPDATE channels SET last_message_at = clock_timestamp() WHERE cid = $1`, cid)
	}
	message("x1", "messaging:x")
	message("y1", "messaging:y")
	both := func(lines ...string) (all []string) {
		for _, hook := range []string{"a", "standard"} {
			for _, line := range lines {
				all = append(all, hook+" message.read "+line)
			}
		}
		return all
	}
	check := func(want ...string) {
		t.Helper()
		w.tells(want...)
	}
	w.markRead("messaging:x", "ann", "")
	check(both("messaging:x ann x1")...)
	w.markRead("messaging:x", "ann", "") // it has not moved
	w.markRead("messaging:z", "ann", "") // it is empty
	check()
	message("x2", "messaging:x")
	if err := w.MarkChannelsRead(t.Context(), w.app, "ann", map[string]string{"messaging:x": "x1", "messaging:y": ""}); err != nil {
		t.Fatal(err)
	}
	check(both("messaging:y ann y1")...)
	if err := w.MarkAllRead(t.Context(), w.app, "ann"); err != nil {
		t.Fatal(err)
	}
	check(both("messaging:x ann x2")...)
	if err := w.MarkChannelsRead(t.Context(), w.app, "bob", map[string]string{"messaging:x": "", "messaging:y": "none"}); models.ErrorCode(err) != models.CodeInvalid {
		t.Errorf("an unknown message: %v", err)
	}
	if _, err := w.MarkRead(t.Context(), w.app, "messaging:x", "zoe", ""); models.ErrorCode(err) != models.CodeNotFound {
		t.Errorf("no member: %v", err)
	}
	check()
	if err := w.MarkAllRead(t.Context(), w.app, "bob"); err != nil {
		t.Fatal(err)
	}
	check(both("messaging:x bob x2", "messaging:y bob y1")...)
}
