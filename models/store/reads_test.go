package store_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/models/store"
)

// message is a message of a channel as a test writes it: sent so many minutes after the channel was made, a day ago.
type message struct {
	id, cid, campaign, recipient string
	minute                       int
}

func (w *world) messages(messages ...message) {
	w.tb.Helper()
	for _, m := range messages {
		w.exec(`INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, recipient, created_at, updated_at)
			SELECT $1, $2, $3, $4, 'x', nullif($5, ''), nullif($6, ''), ch.created_at + $7 * interval '1 minute', now()
			FROM channels AS ch WHERE ch.app_pk = $1 AND ch.cid = $3`, w.app, m.id, m.cid, sender, m.campaign, m.recipient, m.minute)
		w.exec(`UPDATE channels SET last_message_at = greatest(last_message_at, created_at + $3 * interval '1 minute') WHERE app_pk = $1 AND cid = $2`,
			w.app, m.cid, m.minute)
	}
}

// markRead marks and gives the message the marker is at then.
func (w *world) markRead(cid, user, message string) string {
	w.tb.Helper()
	r, err := w.MarkRead(w.tb.Context(), w.app, cid, user, message)
	if err != nil {
		w.tb.Fatal(err)
	}
	if r.LastReadMessageID == nil {
		return ""
	}
	return *r.LastReadMessageID
}

// countedReads lists what was counted as read. The counters of the campaigns must say the same.
func (w *world) countedReads() []string {
	w.tb.Helper()
	rows := query[string](w, `SELECT concat_ws(' ', campaign_id, cid, user_id) FROM campaign_reads ORDER BY campaign_id, cid, user_id`)
	counted := query[string](w, `SELECT campaign_id || ' ' || count(*) FROM campaign_reads GROUP BY campaign_id ORDER BY campaign_id`)
	summed := query[string](w, `SELECT campaign_id || ' ' || sum(reads) FROM campaign_read_counts GROUP BY campaign_id ORDER BY campaign_id`)
	if diff := cmp.Diff(counted, summed); diff != "" {
		w.tb.Errorf("sums of reads (-rows +counters):\n%s", diff)
	}
	return rows
}

func TestMarkRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.draft("direct")
	w.draft("all")
	w.draft("gone")
	w.channel("messaging:c", sender, "ann", "bob")
	w.channel("messaging:empty", "ann")
	w.channel("messaging:d", "ann")
	w.messages(
		message{"1", "messaging:c", "direct", "ann", 60}, message{"2", "messaging:c", "all", "messaging:c", 61},
		message{"3", "messaging:c", "direct", "", 62}, // a test message
		message{"4", "messaging:c", "gone", "ann", 63}, message{"5", "messaging:c", "", "", 80},
		message{"6", "messaging:d", "direct", "bob", 60},
	)
	w.control("gone", models.ActionDelete)
	for _, tc := range []struct {
		why, cid, user, message string
		at                      string
		want                    []string
	}{
		{"an empty channel", "messaging:empty", "ann", "", "", nil},
		{"the sender reads nothing", "messaging:c", sender, "", "5", nil},
		{"up to the first", "messaging:c", "ann", "1", "1", []string{"direct messaging:c ann"}},
		{"all: the deleted campaign and the test message do not count", "messaging:c", "ann", "", "5",
			[]string{"all messaging:c ann", "direct messaging:c ann"}},
		{"never back", "messaging:c", "ann", "2", "5", []string{"all messaging:c ann", "direct messaging:c ann"}},
		{"a message to ann is not bob's", "messaging:c", "bob", "", "5", []string{"all messaging:c ann", "all messaging:c bob", "direct messaging:c ann"}},
		{"a message to bob is not ann's", "messaging:d", "ann", "", "6", []string{"all messaging:c ann", "all messaging:c bob", "direct messaging:c ann"}},
	} {
		if at := w.markRead(tc.cid, tc.user, tc.message); at != tc.at {
			t.Errorf("%s: marker at %q, want %q", tc.why, at, tc.at)
		}
		if diff := cmp.Diff(tc.want, w.countedReads(), cmpEmpty); diff != "" {
			t.Errorf("%s: reads (-want +got):\n%s", tc.why, diff)
		}
	}
	stats, err := w.Stats(t.Context(), w.app, "direct", "all")
	if err != nil || stats["direct"].UsersRead != 1 || stats["all"].UsersRead != 2 {
		t.Errorf("stats %+v, %v", stats, err)
	}

	for _, tc := range []struct {
		app                int64
		cid, user, message string
		code               models.Code
	}{
		{w.app, "messaging:c", "cy", "", models.CodeNotFound},
		{w.app, "messaging:c", "ann", "6", models.CodeInvalid},
		{w.app, "messaging:c", "ann", "none", models.CodeInvalid},
		{w.app + 1, "messaging:c", "ann", "", models.CodeNotFound},
	} {
		if _, err := w.MarkRead(t.Context(), tc.app, tc.cid, tc.user, tc.message); models.ErrorCode(err) != tc.code {
			t.Errorf("%+v: %v", tc, err)
		}
	}
	if n := one[int](w, `SELECT count(*) FROM channel_reads WHERE user_id = 'cy'`); n != 0 {
		t.Error("a refused mark leaves a marker")
	}
}

// A channel that was created anew, a message that was deleted, one that came to light late.
func TestMarkReadAtTheEdges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"old", "deleted", "erased", "late", "new"} {
		w.draft(id)
	}
	w.channel("messaging:c", "ann")
	w.messages(message{"1", "messaging:c", "old", "ann", 10})
	w.exec(`UPDATE channels SET created_at = created_at + interval '1 hour'`)
	w.exec(`UPDATE channel_members SET created_at = created_at + interval '1 hour'`)
	w.messages(message{"2", "messaging:c", "deleted", "ann", 1}, message{"3", "messaging:c", "erased", "ann", 2}, message{"4", "messaging:c", "new", "ann", 3})
	for id, hard := range map[string]bool{"2": false, "3": true} {
		if _, err := w.DeleteMessage(t.Context(), w.app, id, hard); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"1", "3"} {
		if _, err := w.MarkRead(t.Context(), w.app, "messaging:c", "ann", id); models.ErrorCode(err) != models.CodeInvalid {
			t.Errorf("up to %s, which nobody sees: %v", id, err)
		}
	}
	w.markRead("messaging:c", "ann", "")
	if diff := cmp.Diff([]string{"new messaging:c ann"}, w.countedReads()); diff != "" {
		t.Errorf("reads (-want +got):\n%s", diff)
	}
	// Its created_at is before the marker; it was committed after it.
	w.messages(message{"5", "messaging:c", "late", "ann", 2})
	if at := w.markRead("messaging:c", "ann", ""); at != "4" {
		t.Errorf("marker at %s", at)
	}
	if diff := cmp.Diff([]string{"late messaging:c ann", "new messaging:c ann"}, w.countedReads()); diff != "" {
		t.Errorf("reads (-want +got):\n%s", diff)
	}
}

func TestMarkChannelsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.draft("direct")
	cids := make([]string, 3)
	for i := range cids {
		cids[i] = fmt.Sprintf("messaging:%d", i)
		w.channel(cids[i], "ann", "bob")
		w.messages(message{fmt.Sprintf("%d-1", i), cids[i], "direct", []string{"ann", "bob", "cy"}[i], 60}, message{fmt.Sprintf("%d-2", i), cids[i], "", "", 61})
	}
	unread := func(user string) []string {
		t.Helper()
		byUser, err := w.Unread(t.Context(), w.app, []string{user, "none"})
		if err != nil {
			t.Fatal(err)
		}
		list := []string{}
		for _, r := range byUser[user] {
			list = append(list, fmt.Sprint(r.CID, " ", r.Unread))
		}
		return list
	}
	if diff := cmp.Diff([]string{"messaging:0 2", "messaging:1 2", "messaging:2 2"}, unread("ann")); diff != "" {
		t.Errorf("unread (-want +got):\n%s", diff)
	}
	if err := w.MarkChannelsRead(t.Context(), w.app, "ann", map[string]string{cids[0]: "0-1", cids[1]: "", cids[2]: "0-1"}); models.ErrorCode(err) != models.CodeInvalid {
		t.Errorf("a message of another channel: %v", err)
	}
	if err := w.MarkChannelsRead(t.Context(), w.app, "ann", map[string]string{cids[0]: "0-1", cids[1]: ""}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"messaging:0 1", "messaging:2 2"}, unread("ann")); diff != "" {
		t.Errorf("unread (-want +got):\n%s", diff)
	}
	for range 2 {
		if err := w.MarkAllRead(t.Context(), w.app, "ann"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{}, unread("ann")); diff != "" {
			t.Errorf("unread (-want +got):\n%s", diff)
		}
	}
	if diff := cmp.Diff([]string{"direct messaging:0 ann"}, w.countedReads()); diff != "" {
		t.Errorf("reads (-want +got):\n%s", diff)
	}
}

// More channels than one transaction marks.
func TestMarkAllReadOfManyChannels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.draft("direct")
	const channels = 2500
	w.exec(`INSERT INTO channels (app_pk, cid, created_by, created_at, updated_at, last_message_at)
		SELECT $1, 'messaging:' || n, 'boss', now() - interval '1 day', now(), now() FROM generate_series(1, $2::int) n`, w.app, channels)
	w.exec(`INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at) SELECT app_pk, cid, 'ann', created_at, now() FROM channels`)
	w.exec(`INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, recipient, created_at, updated_at)
		SELECT app_pk, cid, cid, 'boss', 'x', 'all', cid, now(), now() FROM channels`)
	w.draft("all")
	if err := w.MarkAllRead(t.Context(), w.app, "ann"); err != nil {
		t.Fatal(err)
	}
	if n := len(w.countedReads()); n != channels {
		t.Errorf("%d reads of %d", n, channels)
	}
}

// Many users read many channels with messages of the same campaigns at once, in any order and with some markers moved
// by sending: each read counts once, and nobody waits for ever.
func TestReadsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const readers, channels, campaigns = 8, 6, 5
	users := numbered("u", readers)
	w.users(users...)
	for i := range campaigns {
		w.draft(fmt.Sprint("c", i))
	}
	for ch := range channels {
		cid := fmt.Sprintf("messaging:%d", ch)
		w.channel(cid, users...)
		for i := range campaigns {
			w.messages(message{fmt.Sprintf("%d-%d", ch, i), cid, fmt.Sprint("c", i), cid, 60 + (i*7+ch)%campaigns})
		}
	}
	var wait sync.WaitGroup
	errs := make(chan error, 1000)
	for i := range 2 * readers { // two sessions of each user
		user, random := users[i%readers], rand.New(rand.NewPCG(2, uint64(i)))
		wait.Go(func() {
			for range 6 {
				ch := random.IntN(channels)
				cid := fmt.Sprintf("messaging:%d", ch)
				var err error
				switch random.IntN(4) {
				case 0:
					_, err = w.MarkRead(t.Context(), w.app, cid, user, fmt.Sprintf("%d-%d", ch, random.IntN(campaigns)))
				case 1:
					err = w.MarkChannelsRead(t.Context(), w.app, user, map[string]string{cid: "", fmt.Sprintf("messaging:%d", (ch+1)%channels): ""})
				case 2:
					err = w.MarkAllRead(t.Context(), w.app, user)
				default:
					_, err = w.SendMessage(t.Context(), models.Message{AppPK: w.app, ID: models.NewMessageID(), CID: cid, UserID: user, Text: "x", Type: models.MessageRegular}, store.Sending{})
				}
				if err != nil {
					errs <- err
				}
			}
			if err := w.MarkAllRead(t.Context(), w.app, user); err != nil {
				errs <- err
			}
		})
	}
	wait.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	if n := len(w.countedReads()); n != readers*channels*campaigns {
		t.Errorf("%d reads, want %d", n, readers*channels*campaigns)
	}
}

// What a mark costs depends on what is new, not on what the channel holds.
func TestMarkReadLooksBetweenTheMarkers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.channel("messaging:c", "ann")
	w.exec(`INSERT INTO campaigns (app_pk, id, sender_id, message_template, created_at, updated_at)
		SELECT $1, 'c' || n, 'boss', '{}', now(), now() FROM generate_series(1, 5000) n`, w.app)
	w.exec(`INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, recipient, created_at, updated_at)
		SELECT $1, 'm' || n, 'messaging:c', 'boss', 'x', 'c' || n, 'ann', ch.created_at + n * interval '15 seconds', now()
		FROM generate_series(1, 5000) n, channels AS ch`, w.app)
	w.exec(`UPDATE channels SET last_message_at = now()`)
	w.exec(`ANALYZE messages, campaigns`)
	// A session reports what it read when it ends, so each mark has a store of its own.
	mark := func(message string) int64 {
		st, err := store.Open(t.Context(), w.url, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		total := func() int64 {
			return one[int64](w, `SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_user_tables WHERE relname = 'messages'`)
		}
		before := total()
		if _, err := st.MarkRead(t.Context(), w.app, "messaging:c", "ann", message); err != nil {
			t.Fatal(err)
		}
		st.Close()
		w.until("the statistics of a mark", func() bool { return total() > before })
		return total() - before
	}
	if n := mark("m4990"); n < 4990 {
		t.Errorf("a mark of 4990 messages reads %d: this test sees nothing", n)
	}
	if n := mark(""); n > 200 {
		t.Errorf("a mark of ten messages reads %d", n)
	}
	if n := len(w.countedReads()); n != 5000 {
		t.Errorf("%d reads", n)
	}
}
