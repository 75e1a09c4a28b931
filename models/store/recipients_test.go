package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/models/store"
)

// list gives a page of recipients, a line each: target, user, cid, whether there is a message, status, code, error, and
// whether it was sent and read.
func (w *world) list(c models.Campaign, q store.RecipientQuery) []string {
	w.tb.Helper()
	p, err := w.Recipients(w.tb.Context(), c, q)
	if err != nil {
		w.tb.Fatal(err)
	}
	lines := []string{}
	for _, r := range p.Rows {
		text := func(s *string) string {
			if s == nil {
				return "-"
			}
			return *s
		}
		line := []string{r.TargetID, text(r.UserID), text(r.CID), string(r.Status)}
		if r.ErrorCode != "" || r.Error != "" {
			line = append(line, r.ErrorCode, r.Error)
		}
		if (r.MessageID != nil) != (r.SentAt != nil) || (r.MessageID != nil) != (r.Status == models.RecipientSent) {
			w.tb.Errorf("%s %s: message %v, sent at %v", r.Status, r.TargetID, text(r.MessageID), r.SentAt)
		}
		if r.ReadAt != nil {
			line = append(line, "read", r.ReadAt.UTC().Format(time.TimeOnly))
		}
		lines = append(lines, strings.Join(line, " "))
	}
	return lines
}

func (w *world) reads(c models.Campaign, cid string, at string, users ...string) {
	w.tb.Helper()
	w.exec(`INSERT INTO campaign_reads (app_pk, campaign_id, cid, user_id, read_at)
		SELECT $1, $2, $3, id, timestamptz '2026-11-23' + $4::interval FROM unnest($5::text[]) id`, w.app, c.ID, cid, at, users)
}

func TestRecipients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.running("other")
	w.deliver(delivery(other, bossOnly, "ann", "zoe"))
	w.reads(other, "messaging:ann", "09:00", "ann")

	users := w.running("users")
	d := delivery(users, bossOnly, "ann", "bob", "Cy", "dan", "eve")
	d.Outcomes = []models.Outcome{
		models.NewOutcome("bill", models.MessageTooLong, "5120 characters"), models.NewOutcome("yan", models.UnknownUser, "no yan"),
	}
	w.deliver(d)
	w.exec(`INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, created_at, updated_at) VALUES ($1, 'test', 'messaging:ann', 'boss', 'x', 'users', now(), now())`, w.app)
	w.exec(`UPDATE messages SET deleted_at = now(), type = 'deleted', text = '' WHERE campaign_id = 'users' AND recipient = 'dan'`)
	w.reads(users, "messaging:ann", "10:00", "ann")
	w.reads(users, "messaging:eve", "11:00", "eve")
	ids := query[string](w, `SELECT id FROM messages WHERE campaign_id = 'users' AND recipient IN ('Cy', 'eve')`)
	w.deletes(ids...)

	channels := w.running("channels", func(c *models.Campaign) {
		c.SegmentIDs = []string{w.segment(models.Segment{ID: "list", Type: models.SegmentChannel}).ID}
	})
	for _, cid := range []string{"messaging:x", "messaging:y", "messaging:z"} {
		w.channel(cid, "ann", "bob")
	}
	d = toChannels(channels, store.ChannelRule{}, "messaging:x", "messaging:y", "messaging:z")
	d.Outcomes = []models.Outcome{models.NewOutcome("none", models.UnknownChannel, "no cid")}
	w.deliver(d)
	w.reads(channels, "messaging:y", "12:00", "bob")
	w.reads(channels, "messaging:y", "11:30", "ann")
	w.reads(channels, "messaging:z", "13:00", "bob")
	w.deletes(query[string](w, `SELECT id FROM messages WHERE recipient = 'messaging:z'`)...)

	for _, tc := range []struct {
		campaign models.Campaign
		status   models.RecipientStatus
		want     []string
	}{
		{users, "", []string{
			"Cy Cy messaging:Cy sent", "ann ann messaging:ann sent read 10:00:00", "bill bill - failed message_too_long 5120 characters",
			"bob bob messaging:bob sent", "dan dan messaging:dan sent", "eve eve messaging:eve sent read 11:00:00", "yan yan - skipped unknown_user no yan",
		}},
		{users, models.RecipientSent, []string{
			"Cy Cy messaging:Cy sent", "ann ann messaging:ann sent read 10:00:00",
			"bob bob messaging:bob sent", "dan dan messaging:dan sent", "eve eve messaging:eve sent read 11:00:00",
		}},
		{users, models.RecipientFailed, []string{"bill bill - failed message_too_long 5120 characters"}},
		{users, models.RecipientSkipped, []string{"yan yan - skipped unknown_user no yan"}},
		{users, models.RecipientRead, []string{"ann ann messaging:ann sent read 10:00:00", "eve eve messaging:eve sent read 11:00:00"}},
		{channels, "", []string{
			"messaging:x - messaging:x sent", "messaging:y - messaging:y sent read 11:30:00", "messaging:z - messaging:z sent read 13:00:00",
			"none - - skipped unknown_channel no cid",
		}},
		{channels, models.RecipientSkipped, []string{"none - - skipped unknown_channel no cid"}},
		{channels, models.RecipientRead, []string{"messaging:y - messaging:y sent read 11:30:00", "messaging:z - messaging:z sent read 13:00:00"}},
		{w.draft("draft"), "", []string{}},
	} {
		t.Run(fmt.Sprint(tc.campaign.ID, " ", tc.status), func(t *testing.T) {
			if diff := cmp.Diff(tc.want, w.list(tc.campaign, store.RecipientQuery{Status: tc.status, Limit: 100})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Overlapping segments may leave a message and an outcome of one recipient.
func TestRecipientsListEachOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.running("c")
	w.deliver(delivery(c, bossOnly, "ann", "bob"))
	w.exec(`INSERT INTO campaign_outcomes (app_pk, campaign_id, recipient, status, error_code, error, created_at)
		VALUES ($1, 'c', 'ann', 'skipped', 'deactivated_user', 'x', now())`, w.app)
	want := []string{"ann ann messaging:ann sent", "bob bob messaging:bob sent"}
	if diff := cmp.Diff(want, w.list(c, store.RecipientQuery{Limit: 100})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.deletes(query[string](w, `SELECT id FROM messages`)...)
	if diff := cmp.Diff(want, w.list(c, store.RecipientQuery{Limit: 100})); diff != "" {
		t.Errorf("after the messages were deleted (-want +got):\n%s", diff)
	}
}

// deletes deletes messages for good.
func (w *world) deletes(ids ...string) {
	w.tb.Helper()
	for _, id := range ids {
		if _, err := w.DeleteMessage(w.tb.Context(), w.app, id, true); err != nil {
			w.tb.Fatal(err)
		}
	}
}

func TestDeletedMessageIsNotSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.running("c")
	d := delivery(c, bossOnly, "ann", "bob", "carl")
	w.delivers(d, models.Counts{Sent: 3, ChannelsCreated: 3, UsersSent: 3})
	w.deletes(query[string](w, `SELECT id FROM messages WHERE recipient IN ('ann', 'bob')`)...)
	w.delivers(d, models.Counts{Sent: 3, ChannelsCreated: 3, UsersSent: 3})
	d.Outcomes = []models.Outcome{models.NewOutcome("bob", models.DeactivatedUser, "deactivated")}
	d.Messages = d.Messages[:1]
	d.Source = 1 // another segment that has them too
	w.delivers(d, models.Counts{})
	if diff := cmp.Diff([]string{"ann", "bob", "carl"}, w.recipients("c")); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// Whatever is listed, and wherever in it, a page reads its own rows and no others; also while Postgres knows nothing
// about the tables.
func TestRecipientsAreReadOnce(t *testing.T) {
	t.Parallel()
	const recipients, size = 6000, 100
	w := newWorld(t)
	users := w.running("users")
	channels := w.running("channels", func(c *models.Campaign) {
		c.SegmentIDs = []string{w.segment(models.Segment{ID: "list", Type: models.SegmentChannel}).ID}
	})
	// Of six users one failed, one was skipped, one read the message, and the message of one was deleted.
	w.exec(`INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, recipient, created_at, updated_at)
		SELECT $1, kind || n, kind || ':' || n, 'boss', '', kind, CASE kind WHEN 'users' THEN 'u' ELSE 'channels:' END || n, now(), now()
		FROM generate_series(1, $2::int) n, unnest(ARRAY['users', 'channels']) kind WHERE kind = 'channels' OR n % 6 > 1`, w.app, recipients)
	w.exec(`INSERT INTO campaign_outcomes (app_pk, campaign_id, recipient, status, error_code, error, created_at)
		SELECT $1, 'users', 'u' || n, CASE n % 6 WHEN 0 THEN 'failed' ELSE 'skipped' END, '', '', now() FROM generate_series(1, $2::int) n WHERE n % 6 < 2`, w.app, recipients)
	w.exec(`INSERT INTO campaign_reads (app_pk, campaign_id, cid, user_id, read_at)
		SELECT $1, 'users', 'users:' || n, 'u' || n, now() FROM generate_series(1, $2::int) n WHERE n % 6 = 2`, w.app, recipients)
	w.exec(`INSERT INTO campaign_reads (app_pk, campaign_id, cid, user_id, read_at)
		SELECT $1, 'channels', 'channels:' || n, 'u' || m, now() FROM generate_series(1, $2::int) n, generate_series(1, 3) m WHERE n % 6 = 2`, w.app, recipients)
	w.deletes(query[string](w, `SELECT id FROM messages WHERE campaign_id = 'users' AND substr(recipient, 2)::int % 60 = 3`)...)
	for _, tc := range []struct {
		campaign models.Campaign
		status   models.RecipientStatus
		rows     int
		each     int // rows read for one of them, at most: of a page one is read twice, for there being more
	}{
		{users, "", recipients, 3},
		{users, models.RecipientSent, recipients * 2 / 3, 3},
		{users, models.RecipientFailed, recipients / 6, 2},
		{users, models.RecipientSkipped, recipients / 6, 2},
		{users, models.RecipientRead, recipients / 6, 5},
		{channels, "", recipients, 3},
		{channels, models.RecipientRead, recipients / 6, 9},
	} {
		t.Run(fmt.Sprint(tc.campaign.ID, " ", tc.status), func(t *testing.T) {
			s, err := store.Open(t.Context(), w.url, store.Options{MaxConns: 1})
			if err != nil {
				t.Fatal(err)
			}
			rowsRead := func() int {
				return one[int](w, `SELECT coalesce(sum(n), 0)::bigint FROM (
					SELECT relname, seq_tup_read FROM pg_stat_user_tables UNION ALL SELECT relname, idx_tup_read FROM pg_stat_user_indexes
				) AS read (relname, n) WHERE relname IN ('messages', 'campaign_outcomes', 'campaign_reads')`)
			}
			w.db.Reset() // what filled the tables reports now
			before := rowsRead()
			forward := walk(t, s, tc.campaign, store.RecipientQuery{Status: tc.status, Limit: size})
			if len(forward) != tc.rows || !slices.IsSorted(forward) || len(slices.Compact(slices.Clone(forward))) != tc.rows {
				t.Errorf("%d recipients, %d wanted, each once and in order", len(forward), tc.rows)
			}
			backward := walk(t, s, tc.campaign, store.RecipientQuery{Status: tc.status, Limit: size, Key: "~", Backward: true})
			if diff := cmp.Diff(forward, backward); diff != "" {
				t.Errorf("backwards (-forward +backward):\n%s", diff)
			}
			s.Close() // sessions report what they have read when they end
			var read int
			w.until("the reading is reported", func() bool { read = rowsRead() - before; return read >= tc.rows })
			t.Logf("%d rows read for %d", read, 2*tc.rows)
			if read > 2*tc.each*tc.rows {
				t.Errorf("%d rows were read for %d", read, 2*tc.rows)
			}
		})
	}
}

// walk lists everything from a page on, in the order of the list, and checks what the pages say of their neighbours.
func walk(t *testing.T, s *store.Store, c models.Campaign, q store.RecipientQuery) []string {
	t.Helper()
	var all []string
	for begun := q.Key; ; {
		p, err := s.Recipients(t.Context(), c, q)
		if err != nil {
			t.Fatal(err)
		}
		ids := make([]string, len(p.Rows))
		for i, r := range p.Rows {
			ids[i] = r.TargetID
		}
		came, goes := p.Prev, p.Next
		if q.Backward {
			came, goes = goes, came
			all = append(ids, all...)
		} else {
			all = append(all, ids...)
		}
		if (came != nil) != (q.Key != begun || q.Backward) {
			t.Fatalf("from %q on the page says %v of where it came from", q.Key, came)
		}
		if goes == nil {
			return all
		}
		if edge := edgeOf(ids, q.Backward); *goes[0] != edge {
			t.Fatalf("the page ends at %q and goes on from %q", edge, *goes[0])
		}
		q.Key = *goes[0]
	}
}

func edgeOf(ids []string, first bool) string {
	if first {
		return ids[0]
	}
	return ids[len(ids)-1]
}
