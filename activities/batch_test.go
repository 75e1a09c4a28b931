package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/temporal"

	"herald/models"
	"herald/models/store"
	"herald/workflows"
)

// to makes a campaign to these users.
func to(ids ...string) func(*models.Campaign) {
	return func(c *models.Campaign) { c.UserIDs = ids }
}

func send(w *world, in workflows.BatchInput) workflows.BatchResult {
	w.t.Helper()
	return ran[workflows.BatchResult](w, workflows.ActivitySendBatch, in)
}

func numbered(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("u%03d", i)
	}
	return ids
}

func TestOneRecipientHoldsNobodyBack(t *testing.T) {
	w := newWorld(t)
	w.users(
		models.User{ID: "ann", Name: pointer("Ann"), Custom: json.RawMessage(`{"age": 41}`)},
		models.User{ID: "bob", Name: pointer("Bob"), Custom: json.RawMessage(`{"age": "old"}`)}, // an error of types
		models.User{ID: "carl", Name: pointer("Carl")},
		models.User{ID: "dan", Name: pointer("Dan"), Custom: json.RawMessage(`{"age": 1}`)},
	)
	w.exec(`UPDATE users SET deactivated_at = now() WHERE id = 'carl'`)
	c, _ := w.begun("c", to("ann", "bob", "boss", "carl", "dan", "nobody"), func(c *models.Campaign) {
		c.MessageTemplate.Text = "Hi {{ receiver.name }}, from {{ sender.id }}: {{ receiver.age + 1 }}. {{ campaign.name }}!"
	})
	res := send(w, all(c, 100))
	want := workflows.BatchResult{State: c.State(), Counts: models.Counts{Sent: 2, Failed: 1, Skipped: 3, ChannelsCreated: 2, UsersSent: 2}}
	if diff := cmp.Diff(want, res); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"ann sent", "bob failed template_error", "boss skipped sender_is_receiver", "carl skipped deactivated_user", "dan sent", "nobody skipped unknown_user",
	}, w.codes("c")); diff != "" {
		t.Errorf("settled (-want +got):\n%s", diff)
	}
	if got := w.settled("c"); got[0] != "ann sent: Hi Ann, from boss: 42. Greetings!" {
		t.Errorf("ann's: %q", got[0])
	}
}

func TestChannelOfAUserTarget(t *testing.T) {
	w := newWorld(t)
	for name, tt := range map[string]struct {
		change  func(*models.Campaign)
		cid     string
		members []string // user, role, custom, hidden, archived
		custom  string
		team    string
	}{
		"none": {
			nil, "messaging:" + models.DistinctID("ann", sender), []string{"ann", "boss"}, "{}", "",
		},
		"sender excluded": {
			func(c *models.Campaign) { c.SenderMode = models.SenderModeExclude },
			"messaging:" + models.DistinctID("ann", sender), []string{"ann"}, "{}", "",
		},
		"sender hidden": {
			func(c *models.Campaign) { c.SenderVisibility = models.SenderHidden },
			"messaging:" + models.DistinctID("ann", sender), []string{"ann", "boss hidden"}, "{}", "",
		},
		"sender archived, and a member by the template": {
			func(c *models.Campaign) {
				c.SenderVisibility = models.SenderArchived
				c.ChannelTemplate = &models.ChannelTemplate{Type: "team", Members: []string{sender}}
			},
			"team:" + models.DistinctID("ann", sender), []string{"ann", "boss archived"}, "{}", "",
		},
		"sender excluded, but a member by the template": {
			func(c *models.Campaign) {
				c.SenderMode = models.SenderModeExclude
				c.ChannelTemplate = &models.ChannelTemplate{Type: "team", Members: []string{sender}}
			},
			"team:" + models.DistinctID("ann", sender), []string{"ann", "boss"}, "{}", "",
		},
		"type, team, custom and members": {
			func(c *models.Campaign) {
				c.ChannelTemplate = &models.ChannelTemplate{
					Type: "team", Team: "red", Custom: json.RawMessage(`{"name": "{{ receiver.id }} & {{ sender.id }}", "n": 1.50}`),
					MembersTemplate: []models.MemberTemplate{
						{UserID: "mod", ChannelRole: "channel_moderator", Custom: json.RawMessage(`{"x": 1}`)},
						{UserID: "plain", ChannelRole: models.DefaultChannelRole}, {UserID: "gone"}, {UserID: "mod"},
					},
				}
			},
			// A member deleted since is left out of the channel, and stays part of its identity.
			"team:" + models.DistinctID("ann", sender, "mod", "plain", "gone"), []string{"ann", "boss", `mod channel_moderator {"x": 1}`, "plain"},
			`{"n": 1.50, "name": "ann & boss"}`, "red",
		},
		"id": {
			func(c *models.Campaign) {
				c.ChannelTemplate = &models.ChannelTemplate{Type: "team", ID: "for-{{ receiver.id }}", Members: []string{"ann"}}
			},
			"team:for-ann", []string{"ann", "boss"}, "{}", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.reset(t)
			w.ids("ann", "mod", "plain", "gone")
			c := w.started("c", to("ann"), func(c *models.Campaign) {
				if tt.change != nil {
					tt.change(c)
				}
			})
			w.exec(`UPDATE users SET deleted_at = now() WHERE id = 'gone'`)
			ran[workflows.BeginResult](w, workflows.ActivityBegin, beginning(c, c.ControlSeq))
			if res := send(w, all(c, 10)); res.Counts != (models.Counts{Sent: 1, ChannelsCreated: 1, UsersSent: 1}) {
				t.Fatalf("%+v, %q", res, w.settled("c"))
			}
			got := query[string](w, `SELECT concat_ws('|', cid, custom::text, coalesce(team, ''), created_by, member_count) FROM channels`)
			if diff := cmp.Diff([]string{fmt.Sprintf("%s|%s|%s|boss|%d", tt.cid, tt.custom, tt.team, len(tt.members))}, got); diff != "" {
				t.Errorf("channel (-want +got):\n%s", diff)
			}
			members := query[string](w, `SELECT concat_ws(' ', user_id, channel_role, custom::text, CASE WHEN hidden THEN 'hidden' END, CASE WHEN archived_at IS NOT NULL THEN 'archived' END)
				FROM channel_members ORDER BY user_id`)
			if diff := cmp.Diff(tt.members, members); diff != "" {
				t.Errorf("members (-want +got):\n%s", diff)
			}
			if cids := query[string](w, `SELECT cid FROM messages`); !slices.Equal(cids, []string{tt.cid}) {
				t.Errorf("message in %q", cids)
			}
		})
	}
}

func TestMessageContent(t *testing.T) {
	w := newWorld(t)
	w.users(models.User{ID: "ann", Name: pointer("Ann")})
	for name, tt := range map[string]struct {
		attachments, custom string
		want                string
	}{
		"none":          {"", "", "|"},
		"empty":         {"[]", "{}", "|"},
		"the same":      {`[{"n": 1.50, "s": "<&>"}]`, `{"a": 1, "campaign_id": "mine", "campaign_test": true}`, `[{"n": 1.50, "s": "<&>"}]|{"a": 1}`},
		"nothing left":  {"", `{"campaign_id": "mine"}`, "|"},
		"each its own":  {`[{"n": 1.50, "s": "{{ receiver.name }}"}]`, `{"a": {"b": ["{{ receiver.name }}", 12345678901234567890]}, "campaign_id": "{{ receiver.name }}"}`, `[{"n": 1.50, "s": "Ann"}]|{"a": {"b": ["Ann", 12345678901234567890]}}`},
		"custom as is":  {`[{"s": "{{ custom.a }}"}]`, `{"a": "{{ receiver.name }}"}`, `[{"s": "{{ receiver.name }}"}]|{"a": "Ann"}`},
		"only one same": {`[{"s": "x"}]`, `{"a": "{{ receiver.id }}"}`, `[{"s": "x"}]|{"a": "ann"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w.reset(t)
			w.users(models.User{ID: "ann", Name: pointer("Ann")})
			c, _ := w.begun("c", to("ann"), func(c *models.Campaign) {
				c.MessageTemplate.Attachments, c.MessageTemplate.Custom = json.RawMessage(tt.attachments), json.RawMessage(tt.custom)
			})
			send(w, all(c, 10))
			got := query[string](w, `SELECT coalesce(attachments::text, '') || '|' || coalesce(custom::text, '') FROM messages WHERE campaign_id = 'c'`)
			if diff := cmp.Diff([]string{tt.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSendToExistingChannels(t *testing.T) {
	w := newWorld(t)
	w.ids("ann", "bob", "carl")
	ann, bob := "messaging:"+models.DistinctID("ann", sender), "messaging:"+models.DistinctID("bob", sender)
	w.channel(ann, "ann", sender)
	w.channel(bob, "bob", sender)
	w.exec(`UPDATE channels SET custom = '{"name": "Old friends"}' WHERE cid = $1`, ann)
	w.exec(`UPDATE channels SET deleted_at = now() WHERE cid = $1`, bob)
	text := func(c *models.Campaign) {
		c.MessageTemplate.Text = "{{ channel.name|default('new') }} {{ channel.member_count }} {{ channel.cid }}"
	}
	off, _ := w.begun("off", to("ann", "bob", "carl"), text, func(c *models.Campaign) { c.CreateChannels = false })
	send(w, all(off, 10))
	if diff := cmp.Diff([]string{"ann sent", "bob skipped no_channel", "carl skipped no_channel"}, w.codes("off")); diff != "" {
		t.Errorf("create_channels off (-want +got):\n%s", diff)
	}
	on, _ := w.begun("on", to("ann", "bob", "carl"), text)
	send(w, all(on, 10))
	want := []string{
		"ann sent: Old friends 2 " + ann, "bob sent: new 2 " + bob, "carl sent: new 2 messaging:" + models.DistinctID("carl", sender),
	}
	if diff := cmp.Diff(want, w.settled("on")); diff != "" {
		t.Errorf("create_channels on (-want +got):\n%s", diff)
	}
}

func TestSendToChannelTargets(t *testing.T) {
	w := newWorld(t)
	w.ids("ann", "bob")
	w.channel("team:a", "ann", "bob", sender)
	w.channel("team:b", "ann")
	w.channel("team:gone", "ann")
	w.exec(`UPDATE channels SET deleted_at = now() WHERE cid = 'team:gone'`)
	w.segment(models.Segment{ID: "s", Type: models.SegmentChannel}, "team:a", "team:b", "team:gone", "team:none", "rubbish")
	c, _ := w.begun("c", func(c *models.Campaign) {
		c.SegmentIDs, c.MessageTemplate.Text = []string{"s"}, "To {{ channel.cid }}, all {{ channel.member_count }}"
	})
	for range 2 {
		res := send(w, all(c, 2))
		if diff := cmp.Diff(models.Counts{Sent: 2, Skipped: 3, UsersSent: 3}, res.Counts); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if diff := cmp.Diff([]string{
		"rubbish skipped unknown_channel: channel \"rubbish\" doesn't exist", "team:a sent: To team:a, all 3", "team:b sent: To team:b, all 1",
		"team:gone skipped unknown_channel: channel \"team:gone\" doesn't exist", "team:none skipped unknown_channel: channel \"team:none\" doesn't exist",
	}, w.settled("c")); diff != "" {
		t.Errorf("settled (-want +got):\n%s", diff)
	}
}

// A range larger than a transaction may be is sent in several, also when it was planned smaller.
func TestSendBatchSplitsItsRange(t *testing.T) {
	w := newWorld(t)
	ids := numbered(35)
	w.ids(ids...)
	w.segment(models.Segment{ID: "all", Type: models.SegmentUser, AllUsers: true})
	c, _ := w.begun("c", func(c *models.Campaign) { c.SegmentIDs = []string{"all"} })
	in := workflows.BatchInput{Ref: ref(c), After: "u004", Through: "u029", Size: 10}
	want := workflows.BatchResult{State: c.State(), Counts: models.Counts{Sent: 25, ChannelsCreated: 25, UsersSent: 25}}
	for range 2 {
		if diff := cmp.Diff(want, send(w, in)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	got := query[string](w, `SELECT concat_ws(' ', after_key, through_key, recipients, sent) FROM campaign_batches ORDER BY after_key`)
	if diff := cmp.Diff([]string{"u004 u014 10 10", "u014 u024 10 10", "u024 u029 5 5"}, got); diff != "" {
		t.Errorf("transactions (-want +got):\n%s", diff)
	}
	if got := query[string](w, `SELECT recipient FROM messages ORDER BY recipient`); !slices.Equal(got, ids[5:30]) {
		t.Errorf("recipients %q", got)
	}
}

func TestSendBatchOfAnEmptyRange(t *testing.T) {
	w := newWorld(t)
	c, _ := w.begun("c", to("ann"))
	res := send(w, workflows.BatchInput{Ref: ref(c), After: "b", Through: "c", Size: 10})
	if diff := cmp.Diff(workflows.BatchResult{State: c.State()}, res); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSendBatchIsHeld(t *testing.T) {
	w := newWorld(t)
	ids := numbered(30)
	for _, cached := range []bool{false, true} {
		for name, action := range map[string][]models.Action{
			"paused": {models.ActionPause}, "stopped": {models.ActionStop}, "completed": {models.ActionComplete},
			"deleted": {models.ActionStop, models.ActionDelete},
		} {
			t.Run(fmt.Sprintf("%s, cached %v", name, cached), func(t *testing.T) {
				w.reset(t)
				w.ids(ids...)
				c, _ := w.begun("c", to(ids...))
				if cached {
					send(w, workflows.BatchInput{Ref: ref(c), Through: "u009", Size: 10})
				}
				sent := len(w.settled("c"))
				var now models.Campaign
				for _, a := range action {
					now = w.control("c", a)
				}
				res := send(w, all(c, 10))
				if !res.Held || res.Counts != (models.Counts{}) || len(w.settled("c")) != sent {
					t.Errorf("%+v, %d settled, before %d", res, len(w.settled("c")), sent)
				}
				// Whoever asked must learn of a state that is newer than what it knew, or it asks again at once.
				if res.State.ControlSeq < now.ControlSeq || res.State.Open() || name != "paused" && !res.State.Ended() {
					t.Errorf("held by %+v, the row says %+v", res.State, now.State())
				}
			})
		}
	}
}

// The fence closes between two transactions of one batch: what is committed stays, the rest is sent after the resume.
func TestSendBatchHeldMidway(t *testing.T) {
	w := newWorld(t)
	ids := numbered(30)
	w.ids(ids...)
	c, _ := w.begun("c", to(ids...))
	w.hooks.afterDeliver = func(n int) {
		if n == 1 {
			w.control("c", models.ActionPause)
		}
	}
	res := send(w, all(c, 10))
	if !res.Held || res.State.Hold != models.HoldPaused || len(w.settled("c")) != 10 {
		t.Errorf("%+v, %d settled", res, len(w.settled("c")))
	}
	w.control("c", models.ActionResume)
	res = send(w, all(c, 10))
	if diff := cmp.Diff(models.Counts{Sent: 30, ChannelsCreated: 30, UsersSent: 30}, res.Counts); diff != "" || res.Held {
		t.Errorf("resumed: held %v (-want +got):\n%s", res.Held, diff)
	}
}

func TestSenderGoneMidway(t *testing.T) {
	for _, spoil := range []string{"deactivated_at", "deleted_at"} {
		t.Run(spoil, func(t *testing.T) {
			w := newWorld(t)
			ids := numbered(30)
			w.ids(ids...)
			c, _ := w.begun("c", to(ids...))
			w.launcher.errors["c"] = errors.New("Temporal is down") // no reason to fail: the reconciler tells it again
			w.hooks.afterDeliver = func(n int) {
				if n == 1 {
					w.exec(`UPDATE users SET ` + spoil + ` = now() WHERE id = 'boss'`)
				}
			}
			for range 2 {
				res := send(w, all(c, 10))
				row := w.read("c")
				if row.HoldReason != models.ReasonSenderUnavailable || !row.Paused() {
					t.Errorf("the campaign is %s, %s for %q", row.Status, row.Hold, row.HoldReason)
				}
				if diff := cmp.Diff(row.State(), res.State); !res.Held || diff != "" {
					t.Errorf("held %v by (-row +got):\n%s", res.Held, diff)
				}
			}
			if diff := cmp.Diff([]told{{"pause", "c", c.ControlSeq + 1}}, w.launcher.calls); diff != "" {
				t.Errorf("the launcher was told (-want +got):\n%s", diff)
			}
			w.exec(`UPDATE users SET ` + spoil + ` = NULL WHERE id = 'boss'`)
			w.control("c", models.ActionResume)
			w.hooks.afterDeliver = nil
			if res := send(w, all(c, 10)); res.Held || res.Counts.Sent != 30 {
				t.Errorf("resumed: %+v", res)
			}
		})
	}
}

// killed runs SendBatch directly, as a worker that dies after its n-th transaction does.
func (w *world) killed(in workflows.BatchInput, n int) {
	w.t.Helper()
	ctx, kill := context.WithCancel(w.t.Context())
	defer kill()
	w.hooks.deliveries = 0
	w.hooks.afterDeliver = func(done int) {
		if done == n {
			kill()
		}
	}
	defer func() { w.hooks.afterDeliver = nil }()
	if res, err := w.acts.SendBatch(ctx, in); err == nil {
		w.t.Errorf("a killed batch succeeded: %+v", res)
	}
}

func TestSendBatchAfterAKill(t *testing.T) {
	w := newWorld(t)
	ids := numbered(40)
	w.ids(ids...)
	w.exec(`UPDATE users SET deactivated_at = now() WHERE id IN ('u003', 'u013')`)
	c, _ := w.begun("c", to(append(ids, "nobody")...))
	w.killed(all(c, 10), 1)
	if n := len(w.settled("c")); n != 10 {
		t.Fatalf("%d settled by the first transaction", n)
	}
	w.restart()
	w.killed(all(c, 10), 3)
	w.restart()
	want := models.Counts{Sent: 38, Skipped: 3, ChannelsCreated: 38, UsersSent: 38}
	for range 2 {
		if diff := cmp.Diff(want, send(w, all(c, 10)).Counts); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	var recipients []string
	for _, s := range w.codes("c") {
		id, _, _ := strings.Cut(s, " ")
		recipients = append(recipients, id)
	}
	if diff := cmp.Diff(append([]string{"nobody"}, ids...), recipients); diff != "" {
		t.Errorf("settled (-want +got):\n%s", diff)
	}
	stats, err := w.Stats(t.Context(), w.app, "c")
	if err != nil {
		t.Fatal(err)
	}
	if got := stats["c"]; got.MessagesSent != 38 || got.Skipped != 3 || got.ChannelsCreated != 38 || got.Recipients != 41 {
		t.Errorf("stats %+v", got)
	}
}

func TestSendBatchAttemptsAtOnce(t *testing.T) {
	w := newWorld(t)
	ids := numbered(100)
	w.ids(ids...)
	c, _ := w.begun("c", to(ids...))
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			res, err := w.acts.SendBatch(t.Context(), all(c, 30))
			if diff := cmp.Diff(models.Counts{Sent: 100, ChannelsCreated: 100, UsersSent: 100}, res.Counts); err != nil || diff != "" {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
		})
	}
	wg.Wait()
	if got := query[string](w, `SELECT recipient FROM messages ORDER BY recipient`); !slices.Equal(got, ids) {
		t.Errorf("recipients %q", got)
	}
}

// A channel that vanishes between reading and writing: the batch is read again.
func TestChannelVanishesMidway(t *testing.T) {
	w := newWorld(t)
	w.ids("ann", "bob")
	for _, id := range []string{"ann", "bob"} {
		w.channel("messaging:"+models.DistinctID(id, sender), id, sender)
	}
	c, _ := w.begun("c", to("ann", "bob"), func(c *models.Campaign) { c.CreateChannels = false })
	w.hooks.beforeDeliver = func(n int) {
		if n == 1 {
			w.exec(`UPDATE channels SET deleted_at = now() WHERE cid = $1`, "messaging:"+models.DistinctID("bob", sender))
		}
	}
	res := send(w, all(c, 10))
	if diff := cmp.Diff(models.Counts{Sent: 1, Skipped: 1, UsersSent: 1}, res.Counts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"ann sent", "bob skipped no_channel"}, w.codes("c")); diff != "" {
		t.Errorf("settled (-want +got):\n%s", diff)
	}
	w.hooks.deliver = func() (store.Delivered, bool) { return store.Delivered{ChannelsGone: true}, true }
	if _, err := run[workflows.BatchResult](w, workflows.ActivitySendBatch, all(c, 10)); err == nil || !strings.Contains(err.Error(), "keep changing") {
		t.Errorf("channels that never hold still: %v", err)
	}
}

func TestSendBatchWaitsForItsTurn(t *testing.T) {
	w := newWorld(t)
	ids := numbered(12)
	w.ids(ids...)
	c, _ := w.begun("c", to(ids...), func(c *models.Campaign) { c.MessagesPerSecond = pointer(20) })
	if res := send(w, all(c, 4)); res.Counts.Sent != 12 {
		t.Errorf("%+v", res)
	}
	spread := query[float64](w, `SELECT extract(epoch FROM max(created_at) - min(created_at))::float8 FROM messages`)[0]
	if spread < 0.3 { // three transactions of a fifth of a second's worth, less what the fence lies before the commit
		t.Errorf("20 a second: 12 messages within %v s", spread)
	}
	// A wait ends with the worker.
	ctx, cancel := context.WithCancel(t.Context())
	w.hooks.deliver = func() (store.Delivered, bool) {
		cancel()
		return store.Delivered{Wait: time.Hour}, true
	}
	if _, err := w.acts.SendBatch(ctx, all(c, 4)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while waiting: %v", err)
	}
}

// A campaign that cannot be sent at all ends its activity for good.
func TestSendBatchMisconfigured(t *testing.T) {
	w := newWorld(t)
	w.ids("ann")
	c, _ := w.begun("c", to("ann"))
	_, err := run[workflows.BatchResult](w, workflows.ActivitySendBatch, workflows.BatchInput{Ref: ref(c), Source: 1, Through: last, Size: 10})
	misconfigured := func(err error) bool {
		var e *temporal.ApplicationError
		return errors.As(err, &e) && e.Type() == workflows.ErrorCampaignConfig && e.NonRetryable()
	}
	if !misconfigured(err) {
		t.Errorf("a source that is not there: %v", err)
	}
	w.exec(`UPDATE campaigns SET message_template = '{"text": "{{ receiver. }}"}'`)
	w.restart()
	if _, err := run[workflows.BatchResult](w, workflows.ActivitySendBatch, all(c, 10)); !misconfigured(err) {
		t.Errorf("a template that does not compile: %v", err)
	}
	// Trouble with the database is another matter.
	w.Close()
	w.restart()
	if _, err := run[workflows.BatchResult](w, workflows.ActivitySendBatch, all(c, 10)); err == nil || misconfigured(err) {
		t.Errorf("without a database: %v", err)
	}
}
