package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"herald/models"
	"herald/models/store"
	"herald/template"
	"herald/workflows"
)

// render reads the next targets after a key and makes what is to be committed for them. What one recipient's data make
// impossible becomes that recipient's outcome.
func (a *Activities) render(ctx context.Context, def *definition, in workflows.BatchInput, after string) (store.Delivery, error) {
	c := def.campaign
	d := store.Delivery{
		AppPK: c.AppPK, CampaignID: c.ID, Source: in.Source, After: after, Through: in.Through,
		SenderID: c.SenderID, Channels: def.rule, Attachments: def.attachments, Custom: def.custom,
	}
	if c.MessageTemplate.PollID != "" {
		d.PollID = &c.MessageTemplate.PollID
	}
	if c.MessagesPerSecond != nil {
		d.PerSecond = *c.MessagesPerSecond
	}
	sources, err := a.Store.Sources(ctx, c, started(c))
	if err != nil {
		return d, err
	}
	if in.Source >= len(sources) {
		return d, misconfigured(fmt.Errorf("campaign %d/%s has no source %d", c.AppPK, c.ID, in.Source))
	}
	r := &renderer{def: def, out: &d, now: time.Now()}
	if sources[in.Source].Channels() {
		err = a.renderChannels(ctx, r, sources[in.Source], in)
	} else {
		err = a.renderUsers(ctx, r, sources[in.Source], in)
	}
	return d, err
}

func (a *Activities) renderChannels(ctx context.Context, r *renderer, src store.Source, in workflows.BatchInput) error {
	targets, err := a.Store.ChannelTargets(ctx, src, r.out.After, in.Through, in.Size+1)
	if err != nil {
		return err
	}
	if len(targets) > in.Size { // the range has grown since it was planned
		targets = targets[:in.Size]
		r.out.Through = targets[in.Size-1].CID
	}
	r.out.Recipients = len(targets)
	for _, t := range targets {
		if t.Channel == nil {
			r.settle(t.CID, models.UnknownChannel, "channel %q doesn't exist", t.CID)
			continue
		}
		r.message(t.CID, "", t.CID, nil, templateChannel(*t.Channel), nil)
	}
	return nil
}

func (a *Activities) renderUsers(ctx context.Context, r *renderer, src store.Source, in workflows.BatchInput) error {
	targets, err := a.Store.UserTargets(ctx, src, r.out.After, in.Through, in.Size+1)
	if err != nil {
		return err
	}
	if len(targets) > in.Size {
		targets = targets[:in.Size]
		r.out.Through = targets[in.Size-1].ID
	}
	r.out.Recipients = len(targets)

	addressed := make([]addressed, 0, len(targets))
	cids := make([]string, 0, len(targets))
	for _, t := range targets {
		if to, ok := r.address(t); ok {
			addressed = append(addressed, to)
			cids = append(cids, to.cid)
		}
	}
	var channels map[string]*models.Channel
	if r.def.lookUpChannels {
		if channels, err = a.Store.LiveChannels(ctx, r.out.AppPK, cids); err != nil {
			return err
		}
	}
	for _, to := range addressed {
		r.toUser(to, channels[to.cid])
	}
	return nil
}

// renderer makes the messages and outcomes of one batch.
type renderer struct {
	def *definition
	out *store.Delivery
	now time.Time
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

// toUser renders what a user target gets, in the channel that exists or is about to be created.
func (r *renderer) toUser(to addressed, existing *models.Channel) {
	if existing != nil {
		r.message(to.id, to.id, to.cid, to.receiver, templateChannel(*existing), nil)
		return
	}
	if !r.def.rule.Create {
		r.settle(to.id, models.NoChannel, "channel %q doesn't exist and create_channels is off", to.cid)
		return
	}
	channel := r.newChannel(to)
	var encoded []byte
	if r.def.lookUpChannels && r.def.channel != nil {
		ctx := r.def.context
		ctx.Receiver = to.receiver
		rendered, err := r.def.channel.Render(ctx)
		if err != nil {
			r.settle(to.id, models.TemplateError, "channel_template.%v", err)
			return
		}
		if encoded = encode(rendered.Custom); len(encoded) > models.MaxCustomBytes {
			r.settle(to.id, models.BadChannelCustom, "custom data of the channel has %d bytes, at most %d are allowed", len(encoded), models.MaxCustomBytes)
			return
		}
		channel.Custom = rendered.Custom
	}
	r.message(to.id, to.id, to.cid, to.receiver, channel, encoded)
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

func templateSender(u models.User) (*template.User, error) {
	sender := templateUser(u)
	sender.CustomJSON = nil
	return sender, decode(u.Custom, &sender.Custom)
}

func templateUser(u models.User) *template.User {
	return &template.User{
		ID: u.ID, Name: value(u.Name), Image: value(u.Image), Role: u.Role, Language: u.Language, Teams: u.Teams,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, LastActive: value(u.LastActive), CustomJSON: u.Custom,
	}
}

func templateChannel(ch models.Channel) *template.Channel {
	channelType, id, _ := strings.Cut(ch.CID, ":")
	return &template.Channel{
		ID: id, Type: channelType, CID: ch.CID, Team: value(ch.Team), MemberCount: ch.MemberCount,
		CreatedAt: ch.CreatedAt, LastMessageAt: value(ch.LastMessageAt), CustomJSON: ch.Custom,
	}
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// encodeAttachments gives nil for none.
func encodeAttachments(list []any) []byte {
	if len(list) == 0 {
		return nil
	}
	return encode(list)
}

// encodeCustom gives nil for none. The two keys that Herald itself sets on a campaign's messages are not the template's
// to set (contract 7.1.1).
func encodeCustom(custom map[string]any) []byte {
	own := make(map[string]any, len(custom))
	for k, v := range custom {
		if k != "campaign_id" && k != "campaign_test" {
			own[k] = v
		}
	}
	if len(own) == 0 {
		return nil
	}
	return encode(own)
}

// encode writes a value decoded from JSON back as JSON, characters as they are.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		// Values come from a JSON decoder and from rendered strings; nothing else can be in them.
		panic(fmt.Sprintf("encode %T: %v", v, err))
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// holdsNUL says whether a string in the JSON holds U+0000, which Postgres cannot store: one recipient's string would
// fail the whole batch.
func holdsNUL(encoded []byte) bool {
	const nul = `\u0000`
	for rest := encoded; ; {
		i := bytes.Index(rest, []byte(nul))
		if i < 0 {
			return false
		}
		backslashes := 0
		for j := i - 1; j >= 0 && rest[j] == '\\'; j-- {
			backslashes++
		}
		if backslashes%2 == 0 { // else the backslash itself is escaped
			return true
		}
		rest = rest[i+len(nul):]
	}
}

func shorten(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
