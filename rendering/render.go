package rendering

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"herald/models"
	"herald/models/store"
	"herald/template"
)

// Channels looks up channels; a store.Store does.
type Channels interface {
	// LiveChannels gives those of the channels that exist and are not deleted, by cid.
	LiveChannels(ctx context.Context, appPK int64, cids []string) (map[string]*models.Channel, error)
}

// ToUsers makes what is to be committed for user targets, in their order.
func (d *Definition) ToUsers(ctx context.Context, db Channels, targets []store.UserTarget) (store.Delivery, error) {
	out := d.delivery(len(targets))
	r := d.renderer(&out)
	addressed := make([]addressed, 0, len(targets))
	cids := make([]string, 0, len(targets))
	for _, t := range targets {
		if to, ok := r.address(t); ok {
			addressed = append(addressed, to)
			cids = append(cids, to.cid)
		}
	}
	var channels map[string]*models.Channel
	if d.lookUpChannels {
		var err error
		if channels, err = db.LiveChannels(ctx, out.AppPK, cids); err != nil {
			return out, err
		}
	}
	for _, to := range addressed {
		r.toUser(to, channels[to.cid])
	}
	return out, nil
}

// ToChannels makes what is to be committed for channel targets, in their order.
func (d *Definition) ToChannels(targets []store.ChannelTarget) store.Delivery {
	out := d.delivery(len(targets))
	r := d.renderer(&out)
	for _, t := range targets {
		r.toChannel(t)
	}
	return out
}

// delivery is what all deliveries of the campaign have in common.
func (d *Definition) delivery(recipients int) store.Delivery {
	c := d.campaign
	out := store.Delivery{
		AppPK: c.AppPK, CampaignID: c.ID, Recipients: recipients,
		SenderID: c.SenderID, Channels: d.rule, Attachments: d.attachments, Custom: d.custom,
		MentionReceiver: c.MessageTemplate.Mentions() && c.Target == models.SegmentUser,
	}
	if c.MessageTemplate.PollID != "" {
		out.PollID = &c.MessageTemplate.PollID
	}
	return out
}

// renderer makes the messages and outcomes of one delivery.
type renderer struct {
	def *Definition
	out *store.Delivery
	now time.Time
}

func (d *Definition) renderer(out *store.Delivery) *renderer {
	return &renderer{def: d, out: out, now: time.Now()}
}

// addressed is a user target whose channel is known.
type addressed struct {
	receiver *template.User
	id       string
	cid      string
}

func (r *renderer) settle(recipient string, code models.OutcomeCode, format string, args ...any) {
	r.out.Outcomes = append(r.out.Outcomes, models.NewOutcome(recipient, code, format, args...))
}

// address finds the channel of a user target (contract 10.2), or settles why there is none.
func (r *renderer) address(t store.UserTarget) (addressed, bool) {
	switch {
	case t.ID == r.out.SenderID:
		r.settle(t.ID, models.SenderIsReceiver, "the sender is the target")
		return addressed{}, false
	case t.User == nil || t.User.DeletedAt != nil:
		r.settle(t.ID, models.UnknownUser, "user %q doesn't exist", t.ID)
		return addressed{}, false
	case t.User.DeactivatedAt != nil:
		r.settle(t.ID, models.DeactivatedUser, "user %q is deactivated", t.ID)
		return addressed{}, false
	}
	to := addressed{receiver: templateUser(*t.User), id: t.ID}
	id, err := r.channelID(to)
	if err != nil {
		r.settle(t.ID, models.TemplateError, "channel_template.%v", err)
		return to, false
	}
	if !models.ValidID(id) && !models.IsDistinct(id) {
		r.settle(t.ID, models.BadChannelID, "channel id %q is not 1 to %d of A-Z a-z 0-9 @ _ -", shorten(id), models.MaxIDLength)
		return to, false
	}
	to.cid = models.CID(r.def.channelType, id)
	return to, true
}

func (r *renderer) channelID(to addressed) (string, error) {
	if r.def.distinctMembers != nil {
		return models.DistinctID(append([]string{to.id}, r.def.distinctMembers...)...), nil
	}
	ctx := r.def.context
	ctx.Receiver = to.receiver
	id, err := r.def.channel.RenderID(ctx)
	if models.IsDistinct(id) {
		return "", err // such an id cannot be created by a template; empty is refused like any other bad id
	}
	return id, err
}

// toChannel renders what a channel target gets.
func (r *renderer) toChannel(t store.ChannelTarget) {
	if t.Channel == nil {
		r.settle(t.CID, models.UnknownChannel, "channel %q doesn't exist", t.CID)
		return
	}
	r.message(t.CID, "", t.CID, nil, templateChannel(*t.Channel), nil)
}

// toUser renders what a user target gets, in the channel that exists or is about to be created.
func (r *renderer) toUser(to addressed, existing *models.Channel) {
	if channel, custom, ok := r.channel(to, existing); ok {
		r.message(to.id, to.id, to.cid, to.receiver, channel, custom)
	}
}

// channel gives the channel of a user target as the message's templates see it, and the custom data to create it with,
// or settles why there is none.
func (r *renderer) channel(to addressed, existing *models.Channel) (channel *template.Channel, custom []byte, ok bool) {
	if existing != nil {
		return templateChannel(*existing), nil, true
	}
	if !r.def.rule.Create {
		r.settle(to.id, models.NoChannel, "channel %q doesn't exist and create_channels is off", to.cid)
		return nil, nil, false
	}
	channel = r.newChannel(to)
	if r.def.lookUpChannels && r.def.channel != nil {
		ctx := r.def.context
		ctx.Receiver = to.receiver
		rendered, err := r.def.channel.Render(ctx)
		if err != nil {
			r.settle(to.id, models.TemplateError, "channel_template.%v", err)
			return nil, nil, false
		}
		if custom = encode(rendered.Custom); len(custom) > models.MaxCustomBytes {
			r.settle(to.id, models.BadChannelCustom, "custom data of the channel has %d bytes, at most %d are allowed", len(custom), models.MaxCustomBytes)
			return nil, nil, false
		}
		channel.Custom = rendered.Custom
	}
	return channel, custom, true
}

// newChannel is a channel about to be created, as the message's templates see it.
func (r *renderer) newChannel(to addressed) *template.Channel {
	channelType, id, _ := strings.Cut(to.cid, ":")
	ch := &template.Channel{ID: id, Type: channelType, CID: to.cid, MemberCount: len(r.def.rule.Members), CreatedAt: r.now}
	if r.out.Channels.Team != nil {
		ch.Team = *r.out.Channels.Team
	}
	for _, m := range r.def.rule.Members {
		if m.UserID == to.id {
			return ch
		}
	}
	ch.MemberCount++
	return ch
}

// message renders the message of one recipient.
func (r *renderer) message(recipient, receiverID, cid string, receiver *template.User, channel *template.Channel, channelCustom []byte) {
	ctx := r.def.context
	ctx.Receiver, ctx.Channel = receiver, channel
	rendered, err := r.def.message.Render(ctx)
	if err != nil {
		r.settle(recipient, models.TemplateError, "message_template.%v", err)
		return
	}
	m := store.NewMessage{ID: models.NewMessageID(), CID: cid, Recipient: recipient, Receiver: receiverID, Text: rendered.Text, ChannelCustom: channelCustom}
	if !utf8.ValidString(m.Text) || strings.ContainsRune(m.Text, 0) {
		r.settle(recipient, models.TemplateError, "the rendered text holds characters that cannot be stored")
		return
	}
	if n := utf8.RuneCountInString(m.Text); n > models.MaxMessageTextLength {
		r.settle(recipient, models.MessageTooLong, "text has %d characters, at most %d are allowed", n, models.MaxMessageTextLength)
		return
	}
	if !r.def.hasContent && strings.TrimSpace(m.Text) == "" {
		r.settle(recipient, models.EmptyMessage, "the text is blank and there are neither attachments nor a poll")
		return
	}
	if !r.def.attachmentsAlike {
		m.Attachments = encodeAttachments(rendered.Attachments)
	}
	if !r.def.customAlike {
		if m.Custom = encodeCustom(rendered.Custom); len(m.Custom) > models.MaxCustomBytes {
			r.settle(recipient, models.MessageTooLong, "custom data of the message has %d bytes, at most %d are allowed", len(m.Custom), models.MaxCustomBytes)
			return
		}
	}
	if holdsNUL(m.Attachments) || holdsNUL(m.Custom) || holdsNUL(m.ChannelCustom) {
		r.settle(recipient, models.TemplateError, "a rendered string holds characters that cannot be stored")
		return
	}
	r.out.Messages = append(r.out.Messages, m)
}
