package rendering_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/models/store"
	"herald/rendering"
)

// database is what there is.
type database struct {
	users    map[string]models.User
	channels map[string]*models.Channel
	members  map[string][]string
	fails    error
}

func (d *database) Users(_ context.Context, _ int64, ids []string) (map[string]models.User, error) {
	found := maps.Clone(d.users)
	maps.DeleteFunc(found, func(id string, _ models.User) bool { return !slices.Contains(ids, id) })
	return found, d.fails
}

func (d *database) LiveChannels(_ context.Context, _ int64, cids []string) (map[string]*models.Channel, error) {
	found := maps.Clone(d.channels)
	maps.DeleteFunc(found, func(cid string, _ *models.Channel) bool { return !slices.Contains(cids, cid) })
	return found, d.fails
}

func (d *database) MemberIDs(_ context.Context, _ int64, cids []string, limit int) (map[string][]string, error) {
	found := map[string][]string{}
	for _, cid := range cids {
		found[cid] = d.members[cid][:min(limit, len(d.members[cid]))]
	}
	return found, d.fails
}

func newDatabase() *database {
	name := "Ann"
	db := &database{
		users: map[string]models.User{
			"boss": {ID: "boss"}, "bob": {ID: "bob"}, "mod": {ID: "mod"},
			"ann": {ID: "ann", Name: &name, Custom: models.Custom(`{"n": 1.50}`)},
		},
		channels: map[string]*models.Channel{"team:bob": {CID: "team:bob", Custom: models.Custom(`{"name": "B"}`), MemberCount: 2}},
		members:  map[string][]string{"team:bob": {"bob", "mod"}},
	}
	return db
}

func campaign(change func(c *models.Campaign)) models.Campaign {
	c := models.Campaign{AppPK: 1, ID: "c", Name: "C", SenderID: "boss", Target: models.SegmentUser, CreateChannels: true,
		MessageTemplate: models.MessageTemplate{Text: "Hi {{ receiver.name }}"}}
	if change != nil {
		change(&c)
	}
	return c
}

func (d *database) compile(t *testing.T, c models.Campaign) *rendering.Definition {
	t.Helper()
	users, err := d.Users(t.Context(), c.AppPK, rendering.UserIDs(c))
	if err != nil {
		t.Fatal(err)
	}
	def, err := rendering.Compile(c, users)
	if err != nil {
		t.Fatal(err)
	}
	return def
}

var campaigns = map[string]func(c *models.Campaign){
	"plain": nil,
	"everything": func(c *models.Campaign) {
		c.SenderMode = models.SenderModeInclude
		c.MessageTemplate = models.MessageTemplate{
			Text: "{{ channel.name }}, {{ receiver.n }}", PollID: "p", Custom: models.Custom(`{"a": "{{ receiver.id }}", "campaign_id": "x", "b": 1.50}`),
			Attachments: json.RawMessage(`[{"title": "{{ sender.id }} <&>"}]`),
		}
		c.ChannelTemplate = &models.ChannelTemplate{
			Type: "team", ID: "{{ receiver.id }}", Team: "red", Custom: models.Custom(`{"name": "for {{ receiver.id }}"}`), Members: []string{"mod", "gone"},
		}
	},
	"the same for all": func(c *models.Campaign) {
		c.MessageTemplate = models.MessageTemplate{Text: "Hi", Custom: models.Custom(`{"a": 1}`), Attachments: json.RawMessage(`[{"title": "x"}]`)}
	},
	"no channels are created": func(c *models.Campaign) {
		c.CreateChannels, c.ChannelTemplate = false, &models.ChannelTemplate{Type: "team", ID: "{{ receiver.id }}"}
	},
	"blank for bob": func(c *models.Campaign) { c.MessageTemplate.Text = "{{ receiver.name }}" },
	"to channels": func(c *models.Campaign) {
		c.Target, c.MessageTemplate.Text, c.SenderMode = models.SegmentChannel, "To {{ channel.name }}", models.SenderModeInclude
	},
}

var targets = []string{"zoe", "bob", "team:bob", "ann", "boss", "team:none"}

// What a preview shows of each target is what a delivery would commit for it.
func TestPreviewsAreWhatIsDelivered(t *testing.T) {
	db := newDatabase()
	for name, change := range campaigns {
		t.Run(name, func(t *testing.T) {
			c := campaign(change)
			def := db.compile(t, c)
			d, err := def.Named(t.Context(), db, append(targets, targets...))
			if err != nil {
				t.Fatal(err)
			}
			if d.AppPK != 1 || d.CampaignID != "c" || d.SenderID != "boss" || d.Recipients != len(targets) || len(d.Messages)+len(d.Outcomes) != len(targets) {
				t.Errorf("delivery %+v", d)
			}
			if !slices.IsSortedFunc(d.Messages, func(a, b store.NewMessage) int { return strings.Compare(a.Recipient, b.Recipient) }) {
				t.Errorf("messages out of order: %+v", d.Messages)
			}
			previews, err := def.Previews(t.Context(), db, targets)
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range previews {
				if p.TargetID != targets[i] {
					t.Fatalf("preview %d is of %q, want %q", i, p.TargetID, targets[i])
				}
				n := slices.IndexFunc(d.Messages, func(m store.NewMessage) bool { return m.Recipient == p.TargetID })
				if n < 0 {
					o := d.Outcomes[slices.IndexFunc(d.Outcomes, func(o models.Outcome) bool { return o.Recipient == p.TargetID })]
					if diff := cmp.Diff(&o, p.Outcome); diff != "" || p.Message != nil {
						t.Errorf("%s (-delivered +previewed):\n%s", p.TargetID, diff)
					}
					continue
				}
				m := d.Messages[n]
				want := rendering.PreviewMessage{Text: m.Text, Attachments: either(m.Attachments, d.Attachments), Custom: either(m.Custom, d.Custom), PollID: d.PollID}
				if diff := cmp.Diff(&want, p.Message); diff != "" || p.Outcome != nil || p.Channel == nil || p.Channel.CID != m.CID || p.Channel.Exists == p.Channel.WillCreate {
					t.Errorf("%s in %+v, outcome %v (-delivered +previewed):\n%s", p.TargetID, p.Channel, p.Outcome, diff)
				}
			}
		})
	}
}

func either(own, alike []byte) []byte {
	if own != nil {
		return own
	}
	return alike
}

func TestPreviewOfEverything(t *testing.T) {
	db := newDatabase()
	previews, err := db.compile(t, campaign(campaigns["everything"])).Previews(t.Context(), db, []string{"ann", "bob"})
	if err != nil {
		t.Fatal(err)
	}
	poll, team := "p", "red"
	message := func(text, custom string) *rendering.PreviewMessage {
		return &rendering.PreviewMessage{Text: text, Custom: models.Custom(custom), Attachments: json.RawMessage(`[{"title":"boss <&>"}]`), PollID: &poll}
	}
	want := []rendering.Preview{
		{TargetID: "ann", Message: message("for ann, 1.5", `{"a":"ann","b":1.50}`), Channel: &rendering.PreviewChannel{
			CID: "team:ann", WillCreate: true, Team: &team, Custom: models.Custom(`{"name":"for ann"}`), Members: []string{"ann", "boss", "mod"}}},
		{TargetID: "bob", Message: message("B, ", `{"a":"bob","b":1.50}`), Channel: &rendering.PreviewChannel{
			CID: "team:bob", Exists: true, Custom: models.Custom(`{"name": "B"}`), Members: []string{"bob", "boss", "mod"}}},
	}
	if diff := cmp.Diff(want, previews); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"bob", "mod"}, db.members["team:bob"]); diff != "" {
		t.Errorf("a preview changed what it was given:\n%s", diff)
	}
}

func TestErrorsOfTheDatabase(t *testing.T) {
	for name, change := range campaigns {
		db := newDatabase()
		def := db.compile(t, campaign(change))
		db.fails = errors.New("down")
		if _, err := def.Named(t.Context(), db, targets); !errors.Is(err, db.fails) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := def.Previews(t.Context(), db, targets); !errors.Is(err, db.fails) {
			t.Errorf("%s: preview: %v", name, err)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	for want, change := range map[string]func(c *models.Campaign){
		`message_template: text: line 1, column 3: unexpected end of template`:  func(c *models.Campaign) { c.MessageTemplate.Text = "{{" },
		`message_template.attachments: decode: invalid character 'x'`:           func(c *models.Campaign) { c.MessageTemplate.Attachments = json.RawMessage(`x`) },
		`message_template.custom: decode: invalid character 'x'`:                func(c *models.Campaign) { c.MessageTemplate.Custom = models.Custom(`x`) },
		`message_template: text: line 1, column 7: "receiver" is not available`: func(c *models.Campaign) { c.Target = models.SegmentChannel },
		`channel_template: id: line 1, column 4: `: func(c *models.Campaign) {
			c.ChannelTemplate = &models.ChannelTemplate{Type: "team", ID: "{{ channel.id }}"}
		},
		`sender: decode: `: func(c *models.Campaign) { c.SenderID = "broken" },
	} {
		_, err := rendering.Compile(campaign(change), map[string]models.User{"broken": {ID: "broken", Custom: models.Custom(`x`)}})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
