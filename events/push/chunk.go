package push

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"herald/events"
	"herald/models"
	"herald/models/store"
	"herald/rendering"
)

// told is the body of a row that stands for any number of devices: that of a batch, or of one chat event until its first
// chunk was told.
type told struct {
	models.BatchEvents
	UserID    string `json:"user_id"`
	MessageID string `json:"message_id"`
}

// readTold reads a body. A chat event becomes a batch of one message.
func readTold(row models.OutboxRow) (models.BatchEvents, error) {
	var t told
	if err := json.Unmarshal(row.Body, &t); err != nil {
		return t.BatchEvents, fmt.Errorf("read the pushes of outbox row %d: %w", row.ID, err)
	}
	if t.MessageID != "" {
		t.SenderID, t.Tests = t.UserID, []string{t.MessageID}
	}
	return t.BatchEvents, nil
}

const (
	minPage       = 100 // messages, where few devices are wanted
	messagesAhead = 2   // messages read for each device that is wanted: often not every receiver has one
	membersAhead  = 5
)

// Chunk makes the notifications for the next devices. It may make none though devices are left.
func (t *appDevices) Chunk(ctx context.Context, row models.OutboxRow, limit int) (events.Chunk, error) {
	rest, err := readTold(row)
	if err != nil {
		return events.Chunk{}, err
	}
	if !t.now().Before(rest.At.Add(t.expiry)) {
		t.log.InfoContext(ctx, "pushes were dropped, they are too old", "app", t.appPK, "campaign", row.CampaignID, "of", rest.At)
		return events.Chunk{}, nil
	}
	p := page{appDevices: t, row: row, body: rest, limit: limit}
	if err := p.read(ctx); err != nil {
		return events.Chunk{}, err
	}
	made, err := p.notifications(ctx)
	return events.Chunk{Events: made, Rest: p.rest()}, err
}

// page is the next part of what is told: some messages, the first members of their channels, and of these as many as are
// told now.
type page struct {
	*appDevices
	row   models.OutboxRow
	body  models.BatchEvents
	limit int // devices

	size     int              // messages at most
	messages []models.Message // zero for a test message that is gone
	more     bool             // messages may be left after these
	members  []store.PushMember
	partly   bool // the members are not all of these messages
}

// read reads the page.
func (p *page) read(ctx context.Context) error {
	p.size = max(minPage, messagesAhead*p.limit)
	if err := p.readMessages(ctx); err != nil {
		return err
	}
	var audiences []store.PushAudience
	var places []int // of the message, by audience
	for i, m := range p.messages {
		if m.ID == "" || m.DeletedAt != nil || m.Type == models.MessageErased {
			continue
		}
		a := store.PushAudience{CID: m.CID, SenderID: m.UserID}
		if i == 0 {
			a.After = p.body.Member
		}
		audiences, places = append(audiences, a), append(places, i)
	}
	if len(audiences) == 0 {
		return nil
	}
	most := max(minPage, membersAhead*p.limit)
	members, err := p.store.PushMembers(ctx, p.appPK, audiences, slices.Collect(maps.Keys(p.services)), most)
	if err != nil {
		return err
	}
	p.partly = len(members) == most
	devices := 0
	for i := range members {
		if devices >= p.limit {
			members, p.partly = members[:i], true
			break
		}
		members[i].Audience = places[members[i].Audience]
		devices += len(members[i].Devices)
	}
	p.members = members
	return nil
}

func (p *page) readMessages(ctx context.Context) error {
	if len(p.body.Tests) == 0 {
		if p.body.After >= p.body.Through {
			return nil
		}
		var err error
		p.messages, err = p.store.BatchMessages(ctx, p.appPK, p.row.CampaignID, p.body, p.size)
		p.more = len(p.messages) == p.size
		return err
	}
	ids := p.body.Tests[:min(p.size, len(p.body.Tests))]
	details, err := p.store.ChatDetails(ctx, p.appPK, store.ChatWanted{MessageIDs: ids})
	for _, id := range ids {
		p.messages = append(p.messages, details.Messages[id])
	}
	p.more = len(ids) < len(p.body.Tests)
	return err
}

// rest is what is left of the row after the page; nil is nothing.
func (p *page) rest() *models.BatchEvents {
	rest := p.body
	through := len(p.messages) // messages that are done with
	rest.Member = ""
	if p.partly {
		last := p.members[len(p.members)-1]
		through, rest.Member = last.Audience, last.UserID
	} else if !p.more {
		return nil
	}
	switch {
	case len(rest.Tests) > 0:
		rest.Tests = rest.Tests[through:]
	case through > 0:
		rest.After = *p.messages[through-1].Recipient
	}
	return &rest
}

// notifications makes a row for each device of the page.
func (p *page) notifications(ctx context.Context) ([]models.OutboxRow, error) {
	var w store.ChatWanted
	for _, m := range p.members {
		if len(m.Devices) > 0 {
			message := p.messages[m.Audience]
			w.CIDs, w.UserIDs = append(w.CIDs, message.CID), append(w.UserIDs, m.UserID, message.UserID)
		}
	}
	if len(w.CIDs) == 0 {
		return nil, nil
	}
	details, err := p.store.ChatDetails(ctx, p.appPK, w)
	if err != nil {
		return nil, err
	}
	var made []models.OutboxRow
	for _, m := range p.members {
		message, receiver := p.messages[m.Audience], details.Users[m.UserID]
		channel, ok := details.Channels[message.CID]
		if len(m.Devices) == 0 || !ok || channel.DeletedAt != nil || message.CreatedAt.Before(channel.CreatedAt) || receiver.ID == "" || !receiver.Active() {
			continue
		}
		n, ok := p.notification(ctx, message, details.Users[message.UserID], receiver, channel)
		if !ok {
			continue
		}
		for _, d := range m.Devices {
			n.Token, n.ID = d.ID, p.id(message.ID, d.ID)
			made = append(made, p.event(message, push{Provider: d.Provider, UserID: m.UserID, MessageID: message.ID, Version: d.Version, Notification: n}))
		}
	}
	return made, nil
}

// notification is what all devices of a receiver are sent, all but the token and the id. There may be nothing to send.
func (p *page) notification(ctx context.Context, m models.Message, sender, receiver models.User, channel models.Channel) (Notification, bool) {
	channelType, channelID, _ := models.SplitCID(m.CID)
	sender.ID = m.UserID // of a sender who is gone there is no more than the id
	n := Notification{
		Group: m.CID, Replace: p.id(m.ID, ""), Expires: m.CreatedAt.Add(p.expiry),
		// As Stream sends them, so that its mobile SDKs know them.
		Data: map[string]string{
			"sender": "stream.chat", "version": "v2", "type": string(models.EventMessageNew), "id": m.ID, "message_id": m.ID,
			"cid": m.CID, "channel_type": channelType, "channel_id": channelID, "receiver_id": receiver.ID, "sender_id": m.UserID,
		},
	}
	if sender.Name != nil {
		n.Data["sender_name"] = cut(*sender.Name, maxTitle)
	}
	if m.CampaignID != nil {
		n.Data["campaign_id"] = *m.CampaignID
	}
	var err error
	if n.Title, n.Body, err = p.texts.render(rendering.PushContext(m, sender, receiver, channel)); err != nil {
		p.once(ctx, "a push has no text, it is dropped; others like it are dropped without a word", "error", err)
		return n, false
	}
	return n, n.fit() && n.Title+n.Body != ""
}

// id is a UUID for a message and one of its devices: the same however often it is sent.
func (p *page) id(messageID, deviceID string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%d\x00%s\x00%s", p.appPK, messageID, deviceID)).String()
}

func (p *page) event(m models.Message, what push) models.OutboxRow {
	body, err := json.Marshal(models.ChatEvent{At: m.CreatedAt, CID: m.CID, UserID: m.UserID, MessageID: m.ID})
	if err != nil {
		panic(err) // a struct of strings and a time always encodes
	}
	encoded, err := json.Marshal(what)
	if err != nil {
		panic(err) // the same
	}
	payload := string(encoded)
	return models.OutboxRow{
		AppPK: p.appPK, HookID: models.PushReceiver, EventID: what.Notification.ID, Kind: models.OutboxChat, EventType: models.EventMessageNew,
		CampaignID: p.row.CampaignID, Body: body, Payload: &payload, CreatedAt: m.CreatedAt,
	}
}
