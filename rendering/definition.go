package rendering

import (
	"encoding/json"
	"fmt"
	"strings"

	"herald/models"
	"herald/models/store"
	"herald/template"
)

// Definition is a campaign ready to be rendered: what every one of its batches needs and none changes.
type Definition struct {
	campaign models.Campaign
	message  *template.Message
	channel  *template.ChannelTemplate // nil: the distinct channel of sender and receiver
	context  template.Context          // with the sender; receiver and channel are each recipient's own
	rule     store.ChannelRule

	channelType     string
	distinctMembers []string // of the distinct channel, receiver aside; nil where the template names the channel
	lookUpChannels  bool     // whether rendering depends on which channels exist

	attachmentsAlike, customAlike bool   // the same for everybody
	attachments, custom           []byte // then as JSON; nil is none
	hasContent                    bool   // attachments or a poll: the text may be blank
}

// UserIDs are the users whom Compile wants to know: the campaign's sender and the members that its template names.
func UserIDs(c models.Campaign) []string { return append(memberIDs(c), c.SenderID) }

func memberIDs(c models.Campaign) []string {
	if c.ChannelTemplate == nil {
		return nil
	}
	var ids []string
	for _, m := range c.ChannelTemplate.AllMembers() {
		ids = append(ids, m.UserID)
	}
	return ids
}

// Compile prepares a campaign. users are those of UserIDs, as far as they exist, deleted ones too. An error says why the
// campaign cannot be sent as it is.
func Compile(c models.Campaign, users map[string]models.User) (*Definition, error) {
	d := &Definition{campaign: c, channelType: models.DefaultChannelType}
	source := template.MessageSource{Text: c.MessageTemplate.Text}
	if err := decode(c.MessageTemplate.Attachments, &source.Attachments); err != nil {
		return nil, fmt.Errorf("message_template.attachments: %w", err)
	}
	if err := decode(c.MessageTemplate.Custom, &source.Custom); err != nil {
		return nil, fmt.Errorf("message_template.custom: %w", err)
	}
	var err error
	if d.message, err = template.CompileMessage(source, template.Scope{NoReceiver: c.Target == models.SegmentChannel}); err != nil {
		return nil, fmt.Errorf("message_template: %w", err)
	}
	d.context = template.Context{Campaign: template.Campaign{ID: c.ID, Name: c.Name}, Custom: source.Custom}
	if sender, ok := users[c.SenderID]; ok {
		if d.context.Sender, err = templateSender(sender); err != nil {
			return nil, fmt.Errorf("sender: %w", err)
		}
	}
	d.hasContent = len(source.Attachments) > 0 || c.MessageTemplate.PollID != ""
	if _, attachments, custom := d.message.Constant(); attachments || custom {
		if d.attachmentsAlike = attachments; attachments {
			d.attachments = encodeAttachments(source.Attachments)
		}
		if d.customAlike = custom; custom {
			d.custom = encodeCustom(source.Custom)
		}
	}
	return d, d.setChannel(users)
}

// Campaign is the campaign that was compiled.
func (d *Definition) Campaign() models.Campaign { return d.campaign }

// setChannel prepares what the channel template says.
func (d *Definition) setChannel(users map[string]models.User) error {
	c, t := d.campaign, d.campaign.ChannelTemplate
	d.rule = store.ChannelRule{Create: c.CreateChannels && c.Target == models.SegmentUser, IncludeSender: c.SenderMode == models.SenderModeInclude, Show: c.ShowChannels}
	d.distinctMembers = []string{c.SenderID}
	var custom map[string]any
	if t != nil {
		d.channelType = t.Type
		if t.Team != "" {
			d.rule.Team = &t.Team
		}
		if err := decode(t.Custom, &custom); err != nil {
			return fmt.Errorf("channel_template.custom: %w", err)
		}
		var err error
		if d.channel, err = template.CompileChannel(template.ChannelSource{ID: t.ID, Custom: custom}, template.Scope{}); err != nil {
			return fmt.Errorf("channel_template: %w", err)
		}
		d.distinctMembers = append(d.distinctMembers, memberIDs(c)...)
		if t.ID != "" {
			d.distinctMembers = nil
		}
	}
	d.rule.Members = channelMembers(c, users)
	d.lookUpChannels = !d.rule.Create || len(custom) > 0 || d.message.NeedsChannel()
	return nil
}

// channelMembers lists who is made a member of a created channel besides the receiver: the template's members that
// still exist, and the sender unless it is excluded.
func channelMembers(c models.Campaign, users map[string]models.User) []store.RuleMember {
	var members []store.RuleMember
	seen := map[string]bool{}
	if c.ChannelTemplate != nil {
		for _, m := range c.ChannelTemplate.AllMembers() {
			u, ok := users[m.UserID]
			if !ok || u.DeletedAt != nil || seen[m.UserID] {
				continue
			}
			seen[m.UserID] = true
			member := store.RuleMember{UserID: m.UserID, Custom: m.Custom}
			if m.ChannelRole != "" && m.ChannelRole != models.DefaultChannelRole {
				member.ChannelRole = &m.ChannelRole
			}
			members = append(members, member)
		}
	}
	if c.SenderMode != models.SenderModeExclude && !seen[c.SenderID] {
		members = append(members, store.RuleMember{UserID: c.SenderID})
	}
	for i := range members {
		if members[i].UserID == c.SenderID {
			members[i].Hidden = c.SenderVisibility == models.SenderHidden
			members[i].Archived = c.SenderVisibility == models.SenderArchived
		}
	}
	return members
}

// decode reads JSON as templates want it: numbers with their digits.
func decode(raw json.RawMessage, to any) error {
	if len(raw) == 0 {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
}
