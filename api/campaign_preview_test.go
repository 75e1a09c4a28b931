package api_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"herald/models"
)

// springSale is the campaign of the contract's examples.
func (h *harness) springSale(t *testing.T) {
	t.Helper()
	h.people(t)
	h.draft(t, "spring-sale", m{
		"message_template": m{
			"text":        "Hi {{ receiver.name }}, 20% off today",
			"attachments": []m{h.dialect.with(m{"type": "image", "image_url": "https://cdn.example.com/{{ receiver.country }}.png"}, m{"alt": "banner"})},
			"custom":      m{"promotional": true, "lang": "{{ receiver.language }}", "campaign_id": "mine", "campaign_test": false},
		},
		"channel_template": m{
			"type": "messaging", "id": "{{receiver.id}}-{{sender.id}}", "team": "eu", "custom": m{"name": "Shop for {{ receiver.name }}"},
			"members_template": []m{{"user_id": "agent-1", "channel_role": "channel_moderator", "custom": m{"desk": 4}}},
		},
		"create_channels": true, "user_ids": []string{"bob"},
	})
}

// contents gives a digest of each table of the database.
func (h *harness) contents(t *testing.T) map[string]string {
	t.Helper()
	conn := connect(t, h)
	rows, err := conn.Query(t.Context(), `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 10 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	digests := map[string]string{}
	for _, table := range tables {
		var digest string
		if err := conn.QueryRow(t.Context(), `SELECT count(*) || ' ' || md5(coalesce(string_agg(r::text, ',' ORDER BY r::text), '')) FROM `+table+` AS r`).Scan(&digest); err != nil {
			t.Fatal(err)
		}
		digests[table] = digest
	}
	return digests
}

// changed lists the tables whose contents are not what they were.
func (h *harness) changed(t *testing.T, before map[string]string) []string {
	t.Helper()
	tables := []string{}
	for table, digest := range h.contents(t) {
		if digest != before[table] {
			tables = append(tables, table)
		}
	}
	slices.Sort(tables)
	return tables
}

func TestPreviewExample(t *testing.T) { inEachDialect(t, testPreviewExample) }

func testPreviewExample(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	h.springSale(t)
	before := h.contents(t)
	wantExample(t, d, "preview.json", h.mustCall(t, 201, "POST", "/campaigns/spring-sale/preview", m{"user_ids": []string{"ann", "zoe", "ann"}}))
	if got := h.changed(t, before); len(got) > 0 {
		t.Errorf("a preview changed %v", got)
	}
}

// sendingHarness has an audience of both kinds in which everything can go wrong.
func sendingHarness(t *testing.T) *harness {
	t.Helper()
	h := newHarness(t)
	h.users(t, "shop", "off", "gone", "bob")
	h.mustCall(t, 201, "POST", "/users", m{"users": m{"ann": m{"id": "ann", "name": "Ann", "big": strings.Repeat("x", 2600)}}})
	h.exec(t, `UPDATE users SET deleted_at = CASE id WHEN 'gone' THEN now() END, deactivated_at = CASE id WHEN 'off' THEN now() END`)
	for _, id := range []string{"old", "dead"} {
		h.mustCall(t, 201, "POST", "/channels/team/"+id+"/query", m{"data": m{"created_by_id": "bob", "members": []string{"bob", "ann"}, "name": "Old " + id, "team": "red"}})
	}
	h.exec(t, `UPDATE channels SET deleted_at = now() WHERE cid = 'team:dead'`)
	h.mustCall(t, 201, "POST", "/segments", m{"id": "channels", "type": "channel"})
	return h
}

// sending is a campaign and a target, and what would become of it.
type sending struct {
	campaign m
	target   string
	code     string // "" is sent
	reason   string // begins the error
	cid      string // of the channel shown; "" is none
	members  []any
	exists   bool
	custom   m
	text     string
}

// Every outcome of contract 10.5, with those that come later in the order stacked under it.
var sendings = func() map[string]sending {
	const failing = "{{ receiver.name + 1 }}" // adding a number to text is an error of types
	distinct := func(users ...string) string { return "messaging:" + models.DistinctID(users...) }
	text := func(source string) m { return m{"text": source} }
	channel := func(id string, custom m) m { return m{"type": "team", "id": id, "custom": custom} }
	toChannels := func(more m) m {
		c := m{"segment_ids": []string{"channels"}, "message_template": text("Dear {{ channel.name }}")}
		maps.Copy(c, more)
		return c
	}
	return map[string]sending{
		"sent": {m{}, "ann", "", "", distinct("ann", "shop"), []any{"ann", "shop"}, false, m{}, "Hi"},
		"sent, sender excluded": {
			m{"sender_mode": "exclude", "message_template": text("{{ channel.member_count }}")}, "ann", "", "", distinct("ann", "shop"), []any{"ann"}, false, m{}, "1",
		},
		"sent to a channel that is there": {
			m{"channel_template": channel("old", m{"name": failing}), "message_template": text("{{ channel.name }}")}, "ann", "", "",
			"team:old", []any{"ann", "bob"}, true, m{"name": "Old old"}, "Old old",
		},
		"sent, sender included, channels not created": {
			m{"channel_template": channel("old", nil), "sender_mode": "include", "create_channels": false}, "ann", "", "",
			"team:old", []any{"ann", "bob", "shop"}, true, m{"name": "Old old"}, "Hi",
		},
		"sent to a deleted channel": {
			m{"channel_template": channel("dead", nil)}, "ann", "", "", "team:dead", []any{"ann", "shop"}, false, m{}, "Hi",
		},
		"sender_is_receiver": {
			m{"channel_template": channel("", nil), "message_template": text(failing)}, "shop", "sender_is_receiver", "the sender is", "", nil, false, nil, "",
		},
		"unknown_user": {
			m{"channel_template": channel("a b", nil), "message_template": text(failing)}, "nobody", "unknown_user", `user "nobody" doesn't exist`, "", nil, false, nil, "",
		},
		"unknown_user, deleted": {m{}, "gone", "unknown_user", `user "gone" doesn't exist`, "", nil, false, nil, ""},
		"deactivated_user": {
			m{"channel_template": channel("a b", nil), "message_template": text(failing)}, "off", "deactivated_user", `user "off" is deactivated`, "", nil, false, nil, "",
		},
		"template_error in the id": {
			m{"channel_template": channel(failing, nil), "message_template": text(" ")}, "ann", "template_error", "channel_template.id: line 1, column ", "", nil, false, nil, "",
		},
		"bad_channel_id": {
			m{"channel_template": channel("{{ receiver.name }} x", nil), "message_template": text(failing)}, "ann", "bad_channel_id", `channel id "Ann x" is not`,
			"", nil, false, nil, "",
		},
		"no_channel": {
			m{"channel_template": channel("new", m{"a": failing}), "create_channels": false, "message_template": text(failing)}, "ann", "no_channel",
			`channel "team:new" doesn't exist and create_channels is off`, "team:new", []any{}, false, m{}, "",
		},
		"bad_channel_custom": {
			m{"channel_template": channel("new", m{"a": "{{ receiver.big }}{{ receiver.big }}"}), "message_template": text(failing)}, "ann", "bad_channel_custom",
			"custom data of the channel has ", "", nil, false, nil, "",
		},
		"template_error in the channel's custom data": {
			m{"channel_template": channel("new", m{"a": failing}), "message_template": text(" ")}, "ann", "template_error", "channel_template.custom.a: ",
			"", nil, false, nil, "",
		},
		"template_error in the message": {
			m{"message_template": m{"text": "x", "attachments": []m{{"title": failing}}}}, "ann", "template_error", "message_template.attachments[0].title: ",
			distinct("ann", "shop"), []any{"ann", "shop"}, false, m{}, "",
		},
		"message_too_long": {
			m{"message_template": text("{{ receiver.big }}{{ receiver.big }}")}, "ann", "message_too_long", "text has 5200 characters",
			distinct("ann", "shop"), []any{"ann", "shop"}, false, m{}, "",
		},
		"message_too_long, custom data": {
			m{"message_template": m{"text": "x", "custom": m{"a": "{{ receiver.big }}{{ receiver.big }}"}}}, "ann", "message_too_long", "custom data of the message has ",
			distinct("ann", "shop"), []any{"ann", "shop"}, false, m{}, "",
		},
		"empty_message": {
			m{"message_template": text("{{ receiver.none }} \n")}, "ann", "empty_message", "the text is blank",
			distinct("ann", "shop"), []any{"ann", "shop"}, false, m{}, "",
		},

		"to a channel": {toChannels(nil), "team:old", "", "", "team:old", []any{"ann", "bob"}, true, m{"name": "Old old"}, "Dear Old old"},
		"to a channel, sender included": {
			toChannels(m{"sender_mode": "include"}), "team:old", "", "", "team:old", []any{"ann", "bob", "shop"}, true, m{"name": "Old old"}, "Dear Old old",
		},
		"unknown_channel":            {toChannels(nil), "team:none", "unknown_channel", `channel "team:none" doesn't exist`, "", nil, false, nil, ""},
		"unknown_channel, deleted":   {toChannels(nil), "team:dead", "unknown_channel", `channel "team:dead" doesn't exist`, "", nil, false, nil, ""},
		"unknown_channel, no cid":    {toChannels(nil), "rubbish", "unknown_channel", `channel "rubbish" doesn't exist`, "", nil, false, nil, ""},
		"template_error, to channel": {toChannels(m{"message_template": text("{{ channel.name + 1 }}")}), "team:old", "template_error", "message_template.text: ", "team:old", []any{"ann", "bob"}, true, m{"name": "Old old"}, ""},
	}
}()

// status is the status of the sending's outcome, where sent is what a message has.
func (s sending) status(sent string) string {
	if s.code == "" {
		return sent
	}
	return string(models.OutcomeCode(s.code).Status())
}

// draftOf creates the campaign of a sending, and gives what names its targets and the user id of its target.
func (h *harness) draftOf(t *testing.T, id string, s sending) (key string, userID any) {
	t.Helper()
	c := m{"create_channels": true}
	maps.Copy(c, s.campaign)
	h.draft(t, id, c)
	if c["segment_ids"] != nil {
		return "channel_cids", nil
	}
	return "user_ids", s.target
}

func TestPreviewOutcomes(t *testing.T) {
	h := sendingHarness(t)
	n := 0
	for name, s := range sendings {
		t.Run(name, func(t *testing.T) {
			n++
			id := fmt.Sprint("c", n)
			key, userID := h.draftOf(t, id, s)
			before := h.contents(t)
			got := h.mustCall(t, 201, "POST", "/campaigns/"+id+"/preview", m{key: []string{s.target}})
			if changed := h.changed(t, before); len(changed) > 0 {
				t.Errorf("a preview changed %v", changed)
			}
			one := at(t, got, "previews", 0).(m)
			if reason := one["error"].(string); !strings.HasPrefix(reason, s.reason) || s.reason == "" && reason != "" {
				t.Errorf("error %q does not begin with %q", reason, s.reason)
			}
			delete(one, "error")
			want := m{"target_id": s.target, "user_id": userID, "status": s.status("ok"), "error_code": s.code, "message": nil, "channel": nil}
			if s.code == "" {
				want["message"] = m{"text": s.text, "attachments": []any{}, "custom": m{"campaign_id": id}}
			}
			if s.cid != "" {
				channelType, channelID, _ := strings.Cut(s.cid, ":")
				channel := m{"cid": s.cid, "type": channelType, "id": channelID, "exists": s.exists, "will_create": !s.exists && s.code != "no_channel",
					"custom": s.custom, "members": s.members}
				if s.exists {
					channel["team"] = "red"
				}
				want["channel"] = channel
			}
			if diff := cmp.Diff(want, one); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPreviewShowsTheFirstMembersOfAChannel(t *testing.T) {
	h := sendingHarness(t)
	h.exec(t, `INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at)
		SELECT $1, 'team:old', 'x' || to_char(n, 'FM0000'), now(), now() FROM generate_series(1, 1000) n`, h.app.PK)
	h.draft(t, "c", m{"segment_ids": []string{"channels"}, "sender_mode": "include"})
	got := at(t, h.mustCall(t, 201, "POST", "/campaigns/c/preview", m{"channel_cids": []string{"team:old"}}), "previews", 0, "channel", "members").([]any)
	if len(got) != 101 || got[0] != "ann" || got[2] != "shop" || got[100] != "x0098" {
		t.Errorf("%d members: %v", len(got), got)
	}
}

func TestPreviewIsOfTheCampaignAsItIs(t *testing.T) {
	h := sendingHarness(t)
	h.draft(t, "c", nil)
	preview := func() any {
		return at(t, h.mustCall(t, 201, "POST", "/campaigns/c/preview", m{"user_ids": []string{"ann"}}), "previews", 0, "message", "text")
	}
	h.mustCall(t, 201, "PUT", "/campaigns/c", m{"message_template": m{"text": "{{ sender.name }}{{ campaign.id }}"}, "create_channels": true})
	if got := preview(); got != "c" {
		t.Errorf("after an update: %q", got)
	}
	h.mustCall(t, 201, "POST", "/users", m{"users": m{"shop": m{"id": "shop", "name": "Shop "}}})
	for _, status := range models.Statuses {
		h.exec(t, `UPDATE campaigns SET status = $1`, string(status))
		if got := preview(); got != "Shop c" {
			t.Errorf("%s: %q", status, got)
		}
	}
	h.exec(t, `UPDATE users SET deleted_at = now() WHERE id = 'shop'`)
	if got := preview(); got != "Shop c" {
		t.Errorf("of a sender who is gone: %q", got)
	}
	// What is stored was checked by the rules of its day.
	h.exec(t, `UPDATE campaigns SET message_template = '{"text": "{{ range(3) }}"}'`)
	wantError(t, h.call(t, "POST", "/campaigns/c/preview", m{"user_ids": []string{"ann"}}), 400, models.CodeInvalid, "cannot be sent as it is: message_template: text: line 1", "")
}

func TestPreviewAndTestRefuse(t *testing.T) {
	h := sendingHarness(t)
	h.draft(t, "users", nil)
	h.draft(t, "channels", m{"segment_ids": []string{"channels"}})
	many := make([]string, 21)
	for i := range many {
		many[i] = "ann"
	}
	other := h.tenant(t)
	before := h.contents(t)
	for _, verb := range []string{"preview", "test"} {
		for _, tt := range []struct {
			id     string
			body   any
			fields []string
		}{
			{"users", nil, []string{"user_ids"}},
			{"users", m{"user_ids": []string{}}, []string{"user_ids"}},
			{"users", m{"user_ids": "ann"}, []string{"user_ids"}},
			{"users", m{"user_ids": many}, []string{"user_ids"}},
			{"users", m{"user_ids": []any{"ann", nil, "", "a\u0001", strings.Repeat("x", 256)}}, []string{"user_ids[1]", "user_ids[2]", "user_ids[3]", "user_ids[4]"}},
			{"users", m{"channel_cids": []string{"team:old"}}, []string{"user_ids", "channel_cids"}},
			{"users", m{"user_ids": []string{"ann"}, "channel_cids": []string{}}, []string{"channel_cids"}},
			{"channels", nil, []string{"channel_cids"}},
			{"channels", m{"channel_cids": []string{}}, []string{"channel_cids"}},
			{"channels", m{"channel_cids": many}, []string{"channel_cids"}},
			{"channels", m{"channel_cids": []any{7}}, []string{"channel_cids[0]"}},
			{"channels", m{"user_ids": []string{"ann"}}, []string{"user_ids", "channel_cids"}},
			{"channels", m{"user_ids": []string{"ann"}, "channel_cids": []string{"team:old"}}, []string{"user_ids"}},
		} {
			wantFields(t, h.call(t, "POST", "/campaigns/"+tt.id+"/"+verb, tt.body), tt.fields...)
		}
		wantError(t, h.call(t, "POST", "/campaigns/none/"+verb, m{"user_ids": 7}), 404, models.CodeNotFound, "doesn't exist", "")
		wantError(t, other.call(t, "POST", "/campaigns/users/"+verb, m{"user_ids": []string{"ann"}}), 404, models.CodeNotFound, "doesn't exist", "")
		wantError(t, h.callAs(t, h.as(t, "ann"), "POST", "/campaigns/users/"+verb, m{"user_ids": []string{"ann"}}), 403, models.CodeNotAllowed, "server token", "")
	}
	wantFields(t, h.call(t, "POST", "/campaigns/users/preview", m{"users": []string{"ann"}}), "user_ids")
	if got := h.changed(t, before); len(got) > 0 {
		t.Errorf("refused calls changed %v", got)
	}
	for verb, operation := range map[string]string{"preview": "PreviewCampaign", "test": "TestCampaign", "audience": "CampaignAudience"} {
		wantError(t, h.call(t, "POST", "/campaigns/none/"+verb, nil), 404, models.CodeNotFound, operation+" failed with error", "")
	}
}
