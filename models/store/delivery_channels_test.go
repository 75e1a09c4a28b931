package store_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/models/store"
)

func TestDeliverCreatesChannels(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rule store.ChannelRule
		want channelRow
	}{
		"receiver and sender": {
			bossOnly,
			channelRow{MemberCount: 2, Members: []string{"ann", "boss"}},
		},
		"sender excluded": {
			store.ChannelRule{Create: true},
			channelRow{MemberCount: 1, Members: []string{"ann"}},
		},
		"team, members, roles, custom": {
			store.ChannelRule{Create: true, Team: pointer("red"), Members: []store.RuleMember{
				{UserID: "mod", ChannelRole: pointer("channel_moderator"), Custom: json.RawMessage(`{"n": 1.50}`)}, {UserID: sender},
			}},
			channelRow{Team: "red", MemberCount: 3, Members: []string{"ann", "boss", `mod channel_moderator {"n": 1.50}`}},
		},
		"receiver among the members": {
			store.ChannelRule{Create: true, Members: []store.RuleMember{{UserID: "ann", ChannelRole: pointer("vip")}, {UserID: sender}}},
			channelRow{MemberCount: 2, Members: []string{"ann vip", "boss"}},
		},
		"hidden sender": {
			store.ChannelRule{Create: true, Members: []store.RuleMember{{UserID: sender, Hidden: true}}},
			channelRow{MemberCount: 2, Members: []string{"ann", "boss hidden"}},
		},
		"archived sender": {
			store.ChannelRule{Create: true, Members: []store.RuleMember{{UserID: sender, Archived: true}}},
			channelRow{MemberCount: 2, Members: []string{"ann", "boss archived"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tt.want.CID, tt.want.CreatedBy, tt.want.Custom, tt.want.Renewed, tt.want.Sent = "messaging:ann", sender, `{"topic": "ann"}`, true, true
			d := delivery(w.running("c"), tt.rule, "ann")
			d.Messages[0].ChannelCustom = []byte(`{"topic": "ann"}`)
			w.delivers(d, models.Counts{Sent: 1, ChannelsCreated: 1, UsersSent: 1})
			w.checkChannels(tt.want)

			// A deleted channel is created anew, empty of the members it had.
			w.exec(`UPDATE channels SET deleted_at = now(), team = 'old', custom = '{"old": 1}', created_by = 'old', frozen = true, disabled = true, created_at = '2026-01-01', updated_at = '2026-01-01'`)
			w.exec(`INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at) VALUES ($1, 'messaging:ann', 'old', now(), now())`, w.app)
			d = delivery(w.running("again"), tt.rule, "ann")
			d.Messages[0].ChannelCustom = []byte(`{"topic": "ann"}`)
			w.delivers(d, models.Counts{Sent: 1, ChannelsCreated: 1, UsersSent: 1})
			w.checkChannels(tt.want)
			if n := one[int](w, `SELECT count(*) FROM channels WHERE frozen OR disabled`); n != 0 {
				t.Error("created anew, it is frozen or disabled as the deleted one was")
			}
		})
	}
}

func TestDeliverLeavesExistingChannels(t *testing.T) {
	t.Parallel()
	for _, create := range []bool{true, false} {
		t.Run(fmt.Sprintf("create %v", create), func(t *testing.T) {
			w := newWorld(t)
			w.channel("messaging:ann", "x")
			w.exec(`UPDATE channels SET team = 'blue', custom = '{"name": "Ann"}', frozen = true, disabled = true, member_count = 7`)
			rule := store.ChannelRule{Create: create, Team: pointer("red"), Members: []store.RuleMember{{UserID: sender, Hidden: true}}}
			d := delivery(w.running("c"), rule, "ann")
			d.Messages[0].ChannelCustom = []byte(`{"topic": "ann"}`)
			w.delivers(d, models.Counts{Sent: 1, UsersSent: 1})
			w.checkChannels(channelRow{CID: "messaging:ann", Team: "blue", Custom: `{"name": "Ann"}`, CreatedBy: "founder", MemberCount: 7, Members: []string{"x"}, Sent: true})
			if n := one[int](w, `SELECT count(*) FROM channels WHERE frozen AND disabled`); n != 1 {
				t.Error("no longer frozen and disabled")
			}
		})
	}
}

// A batch that waited for a channel may commit after a later one: last_message_at goes on, never back.
func TestDeliverMovesLastMessageOnly(t *testing.T) {
	t.Parallel()
	for _, create := range []bool{true, false} {
		w := newWorld(t)
		w.channel("messaging:ann", "ann")
		w.exec(`UPDATE channels SET last_message_at = '2100-01-01'`)
		w.deliver(delivery(w.running("c"), store.ChannelRule{Create: create}, "ann"))
		if n := one[int](w, `SELECT count(*) FROM channels WHERE last_message_at = '2100-01-01'`); n != 1 {
			t.Errorf("create %v: last_message_at went back", create)
		}
	}
}

func TestDeliverSharedChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.running("c")
	shared := func(source int, ids ...string) store.Delivery {
		d := delivery(c, bossOnly, ids...)
		d.Source = source
		for i := range d.Messages {
			d.Messages[i].CID = "messaging:news"
			d.Messages[i].ChannelCustom = fmt.Appendf(nil, `{"for": %q}`, d.Messages[i].Recipient)
		}
		return d
	}
	want := channelRow{CID: "messaging:news", Custom: `{"for": "ann"}`, CreatedBy: sender, MemberCount: 2, Members: []string{"ann", "boss"}, Renewed: true, Sent: true}
	w.delivers(shared(0, "carl", "bob", "ann"), models.Counts{Sent: 3, ChannelsCreated: 1, UsersSent: 3})
	w.checkChannels(want)
	w.delivers(shared(1, "dan", "ann", "eve"), models.Counts{Sent: 2, UsersSent: 2})
	w.checkChannels(want)
	if diff := cmp.Diff([]string{"ann", "bob", "carl", "dan", "eve"}, w.recipients("c")); diff != "" {
		t.Errorf("recipients (-want +got):\n%s", diff)
	}
	ids := numbered("u", 200)
	var batches []store.Delivery
	for i := range 4 {
		d := shared(2+i, ids[i*50:(i+1)*50]...)
		for j := range d.Messages {
			d.Messages[j].CID = fmt.Sprintf("messaging:group%d", j%5)
		}
		batches = append(batches, d)
	}
	var total models.Counts
	for _, got := range w.atOnce(1, batches...) {
		total = total.Plus(got[0].Counts)
	}
	if diff := cmp.Diff(models.Counts{Sent: 200, ChannelsCreated: 5, UsersSent: 200}, total); diff != "" {
		t.Errorf("four batches at once (-want +got):\n%s", diff)
	}
}

func TestDeliverChannelsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.channel("messaging:ann", "ann")
	w.channel("messaging:bob", "bob")
	c := w.running("c")
	d := delivery(c, store.ChannelRule{}, "ann", "bob")
	d.Outcomes = []models.Outcome{models.NewOutcome("carl", models.UnknownUser, "unknown")}
	w.exec(`UPDATE channels SET deleted_at = now() WHERE cid = 'messaging:bob'`)
	if diff := cmp.Diff(store.Delivered{ChannelsGone: true, State: c.State()}, w.deliver(d)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, table := range []string{"messages", "campaign_outcomes", "campaign_batches"} {
		if n := one[int](w, "SELECT count(*) FROM "+table); n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
	if n := one[int](w, `SELECT count(*) FROM channels WHERE last_message_at IS NOT NULL`); n != 0 {
		t.Error("a channel was touched")
	}
}

func TestDeliverIncludesTheSender(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.channel("messaging:ann", "ann")
	w.channel("messaging:bob", "bob", sender)
	rule := bossOnly
	rule.IncludeSender = true
	want := []channelRow{
		{CID: "messaging:ann", Custom: "{}", CreatedBy: "founder", MemberCount: 2, Members: []string{"ann", "boss"}, Sent: true},
		{CID: "messaging:bob", Custom: "{}", CreatedBy: "founder", MemberCount: 2, Members: []string{"bob", "boss"}, Sent: true},
		{CID: "messaging:carl", Custom: "{}", CreatedBy: sender, MemberCount: 2, Members: []string{"boss", "carl"}, Renewed: true, Sent: true},
	}
	w.delivers(delivery(w.running("c"), rule, "ann", "bob", "carl"), models.Counts{Sent: 3, ChannelsCreated: 1, UsersSent: 3})
	w.checkChannels(want...)
	// A channel target too; and the sender is not counted among those reached.
	w.channel("team:x", "ann", "bob")
	rule.Create = false
	w.delivers(toChannels(w.running("d"), rule, "team:x"), models.Counts{Sent: 1, UsersSent: 2})
	w.checkChannels(append(want, channelRow{CID: "team:x", Custom: "{}", CreatedBy: "founder", MemberCount: 3, Members: []string{"ann", "bob", "boss"}, Sent: true})...)
}

func TestDeliverShowsChannels(t *testing.T) {
	t.Parallel()
	for _, show := range []bool{true, false} {
		w := newWorld(t)
		for _, id := range []string{"ann", "bob", "other"} {
			w.channel("messaging:"+id, id, "x", sender)
		}
		w.channel("team:x", "ann", "bob", sender)
		w.exec(`UPDATE channel_members SET hidden = true`)
		rule := store.ChannelRule{Show: show}
		w.deliver(delivery(w.running("users"), rule, "ann", "bob"))
		w.deliver(toChannels(w.running("channels"), rule, "team:x"))
		var want []string
		if show {
			want = []string{"messaging:ann ann", "messaging:bob bob", "team:x ann", "team:x bob"}
		}
		got := query[string](w, `SELECT cid || ' ' || user_id FROM channel_members WHERE NOT hidden ORDER BY cid, user_id`)
		if diff := cmp.Diff(want, got, cmpEmpty); diff != "" {
			t.Errorf("show %v: visible (-want +got):\n%s", show, diff)
		}
	}
}

func TestDeliverCountsUsersOfChannels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.channel("team:a", "ann", "bob", "carl")
	w.channel("team:b", "ann", sender)
	w.channel("team:c")
	d := toChannels(w.running("c"), store.ChannelRule{}, "team:a", "team:b", "team:c")
	for range 2 {
		w.delivers(d, models.Counts{Sent: 3, UsersSent: 4})
	}
}
