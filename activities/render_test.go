package activities_test

import (
	"encoding/json"
	"strings"
	"testing"

	"herald/models"
	"herald/models/store"
	"herald/workflows"
)

// Outcomes of contract 10.5, each with the reasons that would come later in the order stacked under it.
func TestOutcomes(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("x", models.MaxMessageTextLength)
	big := strings.Repeat("x", models.MaxCustomBytes)
	withID := func(id string) *models.ChannelTemplate { return &models.ChannelTemplate{Type: "team", ID: id} }
	const failing = "{{ receiver.text + 1 }}" // adding a number to text is an error of types
	for name, tt := range map[string]struct {
		change  func(c *models.Campaign)
		user    models.User // ann, if she exists
		without bool        // she does not
		spoil   string
		nul     bool // a NUL is her custom field text
		want    string
	}{
		"sent": {want: "ann sent: Hi ann"},
		"sender_is_receiver": {
			change: func(c *models.Campaign) {
				c.SenderID, c.ChannelTemplate, c.MessageTemplate.Text = "ann", withID(""), failing
			},
			want: "ann skipped sender_is_receiver: the sender is the target",
		},
		"unknown_user": {
			without: true,
			change:  func(c *models.Campaign) { c.ChannelTemplate, c.MessageTemplate.Text = withID(" "), failing },
			want:    `ann skipped unknown_user: user "ann" doesn't exist`,
		},
		"unknown_user, deleted and deactivated": {
			spoil:  `UPDATE users SET deactivated_at = now(), deleted_at = now() WHERE id = 'ann'`,
			change: func(c *models.Campaign) { c.ChannelTemplate, c.MessageTemplate.Text = withID(" "), failing },
			want:   `ann skipped unknown_user: user "ann" doesn't exist`,
		},
		"deactivated_user": {
			spoil:  `UPDATE users SET deactivated_at = now() WHERE id = 'ann'`,
			change: func(c *models.Campaign) { c.ChannelTemplate, c.MessageTemplate.Text = withID(" "), failing },
			want:   `ann skipped deactivated_user: user "ann" is deactivated`,
		},
		"template_error in the channel id": {
			user: models.User{Custom: json.RawMessage(`{"text": "x"}`)},
			change: func(c *models.Campaign) {
				c.ChannelTemplate, c.MessageTemplate.Text, c.CreateChannels = withID(failing), "", false
			},
			want: "ann failed template_error: channel_template.id: line 1, column ",
		},
		"bad_channel_id, space": {
			change: func(c *models.Campaign) {
				c.ChannelTemplate, c.MessageTemplate.Text, c.CreateChannels = withID("{{ receiver.id }} x"), failing, false
			},
			want: `ann failed bad_channel_id: channel id "ann x" is not`,
		},
		"bad_channel_id, empty": {
			change: func(c *models.Campaign) { c.ChannelTemplate = withID("{{ receiver.none }}") },
			want:   `ann failed bad_channel_id: channel id "" is not`,
		},
		"bad_channel_id, of a distinct channel": {
			change: func(c *models.Campaign) { c.ChannelTemplate = withID("!members-{{ receiver.id }}") },
			want:   `ann failed bad_channel_id: channel id "" is not`,
		},
		"bad_channel_id, too long": {
			user:   models.User{Custom: json.RawMessage(`{"text": "` + strings.Repeat("x", 256) + `"}`)},
			change: func(c *models.Campaign) { c.ChannelTemplate = withID("{{ receiver.text }}") },
			want:   `ann failed bad_channel_id: channel id "` + strings.Repeat("x", 60) + `…" is not`,
		},
		"longest channel id": {
			user:   models.User{Custom: json.RawMessage(`{"text": "` + strings.Repeat("x", 255) + `"}`)},
			change: func(c *models.Campaign) { c.ChannelTemplate = withID("{{ receiver.text }}") },
			want:   "ann sent: Hi ann",
		},
		"no_channel": {
			user: models.User{Custom: json.RawMessage(`{"text": "x"}`)},
			change: func(c *models.Campaign) {
				c.CreateChannels, c.MessageTemplate.Text = false, failing
				c.ChannelTemplate = &models.ChannelTemplate{Type: "team", ID: "x", Custom: json.RawMessage(`{"a": "` + failing + `"}`)}
			},
			want: `ann skipped no_channel: channel "team:x" doesn't exist and create_channels is off`,
		},
		"bad_channel_custom": {
			user: models.User{Custom: json.RawMessage(`{"text": "` + big + `"}`)},
			change: func(c *models.Campaign) {
				c.MessageTemplate.Text = failing
				c.ChannelTemplate = &models.ChannelTemplate{Type: "team", Custom: json.RawMessage(`{"a": "{{ receiver.text }}"}`)}
			},
			want: "ann failed bad_channel_custom: custom data of the channel has 5128 bytes, at most 5120 are allowed",
		},
		"template_error in channel custom": {
			user: models.User{Custom: json.RawMessage(`{"text": "x"}`)},
			change: func(c *models.Campaign) {
				c.MessageTemplate.Text = ""
				c.ChannelTemplate = &models.ChannelTemplate{Type: "team", Custom: json.RawMessage(`{"a": "` + failing + `"}`)}
			},
			want: "ann failed template_error: channel_template.custom.a: line 1, column ",
		},
		"template_error": {
			user:   models.User{Custom: json.RawMessage(`{"text": "x"}`)},
			change: func(c *models.Campaign) { c.MessageTemplate.Text = failing },
			want:   "ann failed template_error: message_template.text: line 1, column ",
		},
		"template_error in an attachment": {
			user: models.User{Custom: json.RawMessage(`{"text": "x"}`)},
			change: func(c *models.Campaign) {
				c.MessageTemplate.Attachments = json.RawMessage(`[{"title": "` + failing + `"}]`)
			},
			want: "ann failed template_error: message_template.attachments[0].title: line 1, column ",
		},
		"longest message": {
			change: func(c *models.Campaign) { c.MessageTemplate.Text = strings.Repeat("ä", models.MaxMessageTextLength) },
			want:   "ann sent: ä",
		},
		"message_too_long": {
			change: func(c *models.Campaign) { c.MessageTemplate.Text = long + "{{ receiver.id }}" },
			want:   "ann failed message_too_long: text has 5003 characters, at most 5000 are allowed",
		},
		"message_too_long, custom": {
			user:   models.User{Custom: json.RawMessage(`{"text": "` + big + `"}`)},
			change: func(c *models.Campaign) { c.MessageTemplate.Custom = json.RawMessage(`{"a": "{{ receiver.text }}"}`) },
			want:   "ann failed message_too_long: custom data of the message has 5128 bytes, at most 5120 are allowed",
		},
		"empty_message": {
			change: func(c *models.Campaign) { c.MessageTemplate.Text = " \n{{ receiver.none }}\t" },
			want:   "ann failed empty_message: the text is blank and there are neither attachments nor a poll",
		},
		"blank with an attachment": {
			change: func(c *models.Campaign) {
				c.MessageTemplate.Text, c.MessageTemplate.Attachments = "", json.RawMessage(`[{"type": "image"}]`)
			},
			want: "ann sent: ",
		},
		// Neither Postgres nor a template makes a NUL; should one come up, it is one recipient's trouble.
		"NUL in the channel id": {
			nul:    true,
			change: func(c *models.Campaign) { c.ChannelTemplate = withID("x{{ receiver.text }}") },
			want:   `ann failed bad_channel_id: channel id "x\x00" is not`,
		},
		"NUL in the text": {
			nul:    true,
			change: func(c *models.Campaign) { c.MessageTemplate.Text = "x{{ receiver.text }}" },
			want:   "ann failed template_error: the rendered text holds characters that cannot be stored",
		},
		"NUL in an attachment": {
			nul: true,
			change: func(c *models.Campaign) {
				c.MessageTemplate.Attachments = json.RawMessage(`[{"title": "{{ receiver.text }}"}]`)
			},
			want: "ann failed template_error: a rendered string holds characters that cannot be stored",
		},
		"NUL in custom data": {
			nul:    true,
			change: func(c *models.Campaign) { c.MessageTemplate.Custom = json.RawMessage(`{"a": ["{{ receiver.text }}"]}`) },
			want:   "ann failed template_error: a rendered string holds characters that cannot be stored",
		},
		"NUL in custom data of the channel": {
			nul: true,
			change: func(c *models.Campaign) {
				c.ChannelTemplate = &models.ChannelTemplate{Type: "team", Custom: json.RawMessage(`{"a": "{{ receiver.text }}"}`)}
			},
			want: "ann failed template_error: a rendered string holds characters that cannot be stored",
		},
		"written like NUL": {
			change: func(c *models.Campaign) {
				c.MessageTemplate.Custom = json.RawMessage(`{"a": "\\u0000 {{ receiver.id }}"}`)
			},
			want: "ann sent: Hi ann",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.reset(t)
			w.hooks.targets = nil
			if tt.nul {
				w.hooks.targets = func(targets []store.UserTarget) {
					for _, target := range targets {
						target.User.Custom = json.RawMessage(`{"text": "\u0000"}`)
					}
				}
			}
			if !tt.without {
				tt.user.ID = "ann"
				w.users(tt.user)
			}
			if tt.spoil != "" {
				w.exec(tt.spoil)
			}
			w.ids("bob") // nobody's bad luck is his
			c, _ := w.begun("c", func(c *models.Campaign) {
				c.UserIDs = []string{"ann"}
				if tt.change != nil {
					tt.change(c)
				}
			})
			for range 2 {
				res := ran[workflows.BatchResult](w, workflows.ActivitySendBatch, all(c, 10))
				if n := res.Counts.Sent + res.Counts.Skipped + res.Counts.Failed; n != 1 || res.Held {
					t.Errorf("%+v", res)
				}
			}
			got := w.settled("c")
			if len(got) != 1 || !strings.HasPrefix(got[0], tt.want) {
				t.Errorf("got %.200q, want %.200q", got, tt.want)
			}
		})
	}
}
