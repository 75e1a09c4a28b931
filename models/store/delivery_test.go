package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/models/store"
)

// bossOnly is the rule of a campaign that creates channels and says no more.
var bossOnly = store.ChannelRule{Create: true, Members: []store.RuleMember{{UserID: sender}}}

// delivery is a batch of one message for each recipient, in a channel of its own.
func delivery(c models.Campaign, rule store.ChannelRule, recipients ...string) store.Delivery {
	recipients = sorted(recipients)
	d := store.Delivery{
		AppPK: c.AppPK, CampaignID: c.ID, SenderID: c.SenderID, Channels: rule, Recipients: len(recipients), Through: last,
	}
	for _, r := range recipients {
		d.Messages = append(d.Messages, store.NewMessage{ID: models.NewMessageID(), CID: "messaging:" + r, Recipient: r, Receiver: r, Text: "Hello " + r})
	}
	return d
}

// toChannels is a batch of one message for each channel target.
func toChannels(c models.Campaign, rule store.ChannelRule, cids ...string) store.Delivery {
	d := delivery(c, rule, cids...)
	for i := range d.Messages {
		d.Messages[i].CID, d.Messages[i].Receiver = d.Messages[i].Recipient, ""
	}
	return d
}

func (w *world) deliver(d store.Delivery) store.Delivered {
	w.tb.Helper()
	out, err := w.Deliver(w.tb.Context(), d)
	if err != nil {
		w.tb.Fatal(err)
	}
	return out
}

// delivers expects a batch to commit these counts.
func (w *world) delivers(d store.Delivery, want models.Counts) {
	w.tb.Helper()
	out := w.deliver(d)
	state := w.read(d.CampaignID).State()
	if diff := cmp.Diff(store.Delivered{State: state, Counts: want}, out); diff != "" {
		w.tb.Errorf("delivered (-want +got):\n%s", diff)
	}
}

// recipients lists whom a campaign's messages went to, with repetitions if there were any.
func (w *world) recipients(id string) []string {
	w.tb.Helper()
	return query[string](w, "SELECT recipient FROM messages WHERE app_pk = $1 AND campaign_id = $2 ORDER BY recipient", w.app, id)
}

// channelRow is a channel as a test looks at it.
type channelRow struct {
	CID, Team, Custom, CreatedBy string
	MemberCount                  int
	Members                      []string // user, role, custom, hidden, archived
	Renewed                      bool     // created_at and updated_at are not the fixture's
	Sent                         bool     // last_message_at is that of its newest message
}

func (w *world) channels() []channelRow {
	w.tb.Helper()
	rows, err := w.db.Query(w.tb.Context(), `
		SELECT ch.cid, coalesce(ch.team, ''), ch.custom::text, ch.created_by, ch.member_count,
			ARRAY(SELECT concat_ws(' ', m.user_id, m.channel_role, m.custom::text, CASE WHEN m.hidden THEN 'hidden' END, CASE WHEN m.archived_at IS NOT NULL THEN 'archived' END)
				FROM channel_members m WHERE m.app_pk = ch.app_pk AND m.cid = ch.cid ORDER BY m.user_id),
			ch.created_at > now() - interval '1 hour' AND ch.updated_at = ch.created_at,
			coalesce(ch.last_message_at = (SELECT max(created_at) FROM messages g WHERE g.app_pk = ch.app_pk AND g.cid = ch.cid), false)
		FROM channels ch WHERE ch.app_pk = $1 AND ch.deleted_at IS NULL ORDER BY ch.cid`, w.app)
	if err != nil {
		w.tb.Fatal(err)
	}
	defer rows.Close()
	var all []channelRow
	for rows.Next() {
		var r channelRow
		if err := rows.Scan(&r.CID, &r.Team, &r.Custom, &r.CreatedBy, &r.MemberCount, &r.Members, &r.Renewed, &r.Sent); err != nil {
			w.tb.Fatal(err)
		}
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		w.tb.Fatal(err)
	}
	return all
}

func (w *world) checkChannels(want ...channelRow) {
	w.tb.Helper()
	if diff := cmp.Diff(want, w.channels()); diff != "" {
		w.tb.Errorf("channels (-want +got):\n%s", diff)
	}
}

func TestDeliverWritesMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.running("c")
	d := delivery(c, bossOnly, "ann", "bob", "carl")
	d.Attachments, d.Custom, d.PollID = []byte(`[{"type": "image"}]`), []byte(`{"n": 1.50}`), pointer("poll")
	d.Messages[1].Attachments, d.Messages[1].Custom = []byte(`[]`), []byte(`{"own": true}`)
	d.Messages[2].Attachments = []byte(`[{"title": "Carl"}]`)
	w.delivers(d, models.Counts{Sent: 3, ChannelsCreated: 3, UsersSent: 3})
	got := query[string](w, `
		SELECT concat_ws('|', id, cid, user_id, text, type, attachments, custom, mentioned_users, poll_id, silent, campaign_id, recipient, created_at = updated_at, created_at > $2, deleted_at)
		FROM messages WHERE app_pk = $1 ORDER BY recipient`, w.app, c.StartedAt)
	want := []string{
		d.Messages[0].ID + `|messaging:ann|boss|Hello ann|regular|[{"type": "image"}]|{"n": 1.50}|poll|f|c|ann|t|t`,
		d.Messages[1].ID + `|messaging:bob|boss|Hello bob|regular|[]|{"own": true}|poll|f|c|bob|t|t`,
		d.Messages[2].ID + `|messaging:carl|boss|Hello carl|regular|[{"title": "Carl"}]|{"n": 1.50}|poll|f|c|carl|t|t`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	plain := delivery(w.running("plain"), bossOnly, "ann")
	w.delivers(plain, models.Counts{Sent: 1, UsersSent: 1})
	if n := one[int](w, `SELECT count(*) FROM messages WHERE campaign_id = 'plain' AND attachments IS NULL AND custom IS NULL AND poll_id IS NULL`); n != 1 {
		t.Error("a plain message has attachments, custom data or a poll")
	}
}

func TestDeliverEmptyBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.running("c")
	for range 2 {
		w.delivers(delivery(c, bossOnly), models.Counts{})
	}
	if n := one[int](w, `SELECT count(*) FROM campaign_batches`); n != 1 {
		t.Errorf("%d rows of batches", n)
	}
}

func TestDeliverAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.running("c")
	d := delivery(c, bossOnly, "ann", "bob")
	d.Outcomes = []models.Outcome{
		models.NewOutcome("yan", models.UnknownUser, "no %s", "yan"), models.NewOutcome("zoe", models.TemplateError, "broken"),
	}
	d.Recipients = 4
	want := models.Counts{Sent: 2, Failed: 1, Skipped: 1, ChannelsCreated: 2, UsersSent: 2}
	w.delivers(d, want)
	before := w.channels()
	again := delivery(c, bossOnly, "ann", "bob") // rendered again: other ids
	again.Outcomes, again.Recipients = d.Outcomes, d.Recipients
	w.delivers(again, want)
	w.delivers(d, want)
	if diff := cmp.Diff([]string{"ann", "bob"}, w.recipients("c")); diff != "" {
		t.Errorf("recipients (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, w.channels()); diff != "" {
		t.Errorf("a repeated batch changed channels:\n%s", diff)
	}
	got := query[string](w, `SELECT concat_ws('|', recipient, status, error_code, error) FROM campaign_outcomes ORDER BY recipient`)
	if diff := cmp.Diff([]string{"yan|skipped|unknown_user|no yan", "zoe|failed|template_error|broken"}, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	stats, err := w.Stats(t.Context(), w.app, "c")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(models.Stats{MessagesSent: 2, ChannelsCreated: 2, UsersSent: 2, Failed: 1, Skipped: 1, Recipients: 4, SentLastMinute: 2}, stats["c"]); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}

// What was settled for a recipient stays, whatever a later attempt or another segment makes of it.
func TestDeliverKeepsAnEarlierResult(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.running("c")
	first := delivery(c, bossOnly, "sent")
	first.Outcomes = []models.Outcome{models.NewOutcome("settled", models.DeactivatedUser, "was deactivated")}
	w.delivers(first, models.Counts{Sent: 1, Skipped: 1, ChannelsCreated: 1, UsersSent: 1})
	second := delivery(c, bossOnly, "new", "settled")
	second.Source = 1
	second.Outcomes = []models.Outcome{models.NewOutcome("sent", models.EmptyMessage, "blank")}
	w.delivers(second, models.Counts{Sent: 1, ChannelsCreated: 1, UsersSent: 1})
	if diff := cmp.Diff([]string{"new", "sent"}, w.recipients("c")); diff != "" {
		t.Errorf("recipients (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"settled"}, query[string](w, `SELECT recipient FROM campaign_outcomes`)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	// Another campaign is another matter.
	w.delivers(delivery(w.running("d"), bossOnly, "sent", "settled"), models.Counts{Sent: 2, ChannelsCreated: 1, UsersSent: 2})
}

// atOnce delivers batches from goroutines of their own, all of them times over.
func (w *world) atOnce(times int, batches ...store.Delivery) [][]store.Delivered {
	w.tb.Helper()
	out := make([][]store.Delivered, len(batches))
	var wg sync.WaitGroup
	ready := make(chan struct{})
	for i, d := range batches {
		wg.Go(func() {
			<-ready
			for range times {
				got, err := w.Deliver(w.tb.Context(), d)
				if err != nil {
					w.tb.Error(err)
					return
				}
				out[i] = append(out[i], got)
			}
		})
	}
	close(ready)
	wg.Wait()
	return out
}

func TestDeliverAttemptsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := numbered("u", 300)
	for round := range 5 {
		c := w.running(fmt.Sprintf("c%d", round))
		attempts := make([]store.Delivery, 6)
		for i := range attempts {
			attempts[i] = delivery(c, bossOnly, ids[:250]...)
			for _, id := range ids[250:] {
				// Half of the attempts take these for deactivated.
				if i%2 == 0 {
					attempts[i].Outcomes = append(attempts[i].Outcomes, models.NewOutcome(id, models.DeactivatedUser, "deactivated"))
				} else {
					attempts[i].Messages = append(attempts[i].Messages, store.NewMessage{ID: models.NewMessageID(), CID: "messaging:" + id, Recipient: id, Receiver: id})
				}
			}
		}
		results := w.atOnce(1, attempts...)
		for i, got := range results {
			if diff := cmp.Diff(results[0][0].Counts, got[0].Counts); diff != "" {
				t.Errorf("round %d: attempt %d counts differently from the first:\n%s", round, i, diff)
			}
		}
		if n := results[0][0].Counts; n.Sent+n.Skipped != 300 {
			t.Errorf("round %d: %+v", round, n)
		}
		settled := append(w.recipients(c.ID), query[string](w, `SELECT recipient FROM campaign_outcomes WHERE campaign_id = $1`, c.ID)...)
		if diff := cmp.Diff(ids, sorted(settled)); diff != "" {
			t.Errorf("round %d: settled (-want +got):\n%s", round, diff)
		}
	}
}

// Batches of overlapping segments meet at the same recipients, with messages and with outcomes.
func TestDeliverOverlappingSources(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.running("c")
	ids := numbered("u", 400)
	batches := make([]store.Delivery, 8)
	for i := range batches {
		batches[i] = delivery(c, bossOnly, ids[i*20:300-i*10]...)
		batches[i].Source = i
		for _, id := range ids[300:] {
			batches[i].Outcomes = append(batches[i].Outcomes, models.NewOutcome(id, models.UnknownUser, "unknown"))
		}
	}
	var total models.Counts
	for _, got := range w.atOnce(1, batches...) {
		if len(got) > 0 {
			total = total.Plus(got[0].Counts)
		}
	}
	if diff := cmp.Diff(models.Counts{Sent: 300, Skipped: 100, ChannelsCreated: 300, UsersSent: 300}, total); diff != "" {
		t.Errorf("all batches together (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(ids[:300], w.recipients("c")); diff != "" {
		t.Errorf("recipients (-want +got):\n%s", diff)
	}
}

// Outcomes come in the order in which they were settled, which is not that of the keys: batches that meet must not
// deadlock for that.
func TestDeliverOutcomesInAnyOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.running("c")
	batches := make([]store.Delivery, 8)
	for i := range batches {
		batches[i] = delivery(c, bossOnly)
		batches[i].Source = i
		for _, id := range numbered("u", 5000) {
			batches[i].Outcomes = append(batches[i].Outcomes, models.NewOutcome(id, models.UnknownUser, "unknown"))
		}
		if i%2 == 1 {
			slices.Reverse(batches[i].Outcomes)
		}
	}
	var total models.Counts
	for _, got := range w.atOnce(1, batches...) {
		if len(got) > 0 {
			total = total.Plus(got[0].Counts)
		}
	}
	if total.Skipped != 5000 {
		t.Errorf("all batches together: %+v", total)
	}
}

// Campaigns that send to the same channels at the same time wait for each other; a deadlock would come as an error. Half
// of them reach the channels by recipients in the opposite order, and half of those create none.
func TestDeliverCampaignsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const senders, rounds, channels = 4, 5, 500
	rule := bossOnly
	rule.IncludeSender, rule.Show = true, true
	there := numbered("u", channels)
	for _, id := range there[:channels/5] {
		w.channel("messaging:"+id, id)
	}
	w.exec(`UPDATE channel_members SET hidden = true`)
	var wg sync.WaitGroup
	for i := range senders {
		var batches []store.Delivery
		for n := range rounds {
			d := delivery(w.running(fmt.Sprintf("c%d-%d", i, n)), rule, there...)
			if i%2 == 1 {
				for j := range d.Messages {
					d.Messages[j].CID = "messaging:" + there[channels-1-j]
				}
			}
			if i == 3 {
				d.Channels.Create = false
				d.Messages = d.Messages[channels-channels/5:]
			}
			batches = append(batches, d)
		}
		wg.Go(func() {
			for _, d := range batches {
				if out, err := w.Deliver(t.Context(), d); err != nil || out.Counts.Sent != int64(len(d.Messages)) {
					t.Errorf("%s: %+v, %v", d.CampaignID, out, err)
				}
			}
		})
	}
	wg.Wait()
	if n := one[int](w, `SELECT count(*) FROM channels`); n != channels {
		t.Errorf("%d channels, want %d", n, channels)
	}
	if wrong := query[string](w, `SELECT cid FROM channels ch WHERE member_count <> 2 OR 2 <> (SELECT count(*) FROM channel_members m WHERE m.app_pk = ch.app_pk AND m.cid = ch.cid)`); len(wrong) > 0 {
		t.Errorf("channels without two members: %q", wrong)
	}
}
