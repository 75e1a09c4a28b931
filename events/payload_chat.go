package events

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"herald/models"
	"herald/models/store"
	"herald/wire"
)

// maxEventMembers is how many members of its channel a message.new shows (contract 14.2).
const maxEventMembers = 50

// ChatStore is what chat events are told from.
type ChatStore interface {
	ChatDetails(ctx context.Context, appPK int64, w store.ChatWanted) (store.ChatDetails, error)
	BatchMessages(ctx context.Context, appPK int64, campaignID string, b models.BatchEvents, limit int) ([]models.Message, error)
	Founders(ctx context.Context, appPK int64, cids []string) (map[string][]string, error)
}

// chatEvent is an event in a channel.
type chatEvent struct {
	models.ChatEvent
	kind    models.EventType
	details *store.ChatDetails // shared by all that were loaded together
}

func readChatEvent(row models.OutboxRow) (chatEvent, error) {
	e := chatEvent{kind: row.EventType}
	if err := json.Unmarshal(row.Body, &e.ChatEvent); err != nil {
		return e, fmt.Errorf("read the event of outbox row %d: %w", row.ID, err)
	}
	return e, nil
}

// subject is what an event tells of, unique among those of its type in one batch.
func (e chatEvent) subject() string {
	switch e.kind {
	case models.EventMessageNew:
		return e.MessageID
	case models.EventChannelCreated:
		return e.CID
	default:
		return e.CID + "\x00" + e.UserID
	}
}

// row is the event as a row of its own, without its payload. Its id follows from the batch's, so a batch that is told of
// again after a crash gives the same ids.
func (e chatEvent) row(batch models.OutboxRow) models.OutboxRow {
	body, err := json.Marshal(e.ChatEvent)
	if err != nil {
		panic(err) // a struct of strings and a time always encodes
	}
	return models.OutboxRow{
		AppPK: batch.AppPK, HookID: batch.HookID, Kind: models.OutboxChat, EventType: e.kind, CampaignID: batch.CampaignID, CreatedAt: batch.CreatedAt,
		EventID: eventID(batch.EventID, e.kind, e.subject()), Body: body,
	}
}

// eventID is the id of an event of a batch: a UUIDv5.
func eventID(batchID string, t models.EventType, subject string) string {
	space, err := uuid.Parse(batchID)
	if err != nil {
		space = uuid.Nil
	}
	return uuid.NewSHA1(space, []byte(string(t)+"\x00"+subject)).String()
}

// nextOfBatch gives the next events of a batch that a receiver wants, about limit of them and none now and then, and what is
// left of the batch; nil is nothing. Channels come first, then the messages in order of recipient.
func nextOfBatch(ctx context.Context, db ChatStore, row models.OutboxRow, limit int, wants func(models.EventType) bool) ([]chatEvent, *models.BatchEvents, error) {
	var b models.BatchEvents
	if err := json.Unmarshal(row.Body, &b); err != nil {
		return nil, nil, fmt.Errorf("read the batch of outbox row %d: %w", row.ID, err)
	}
	if b.Done < len(b.Created) {
		told, err := created(ctx, db, row, &b, limit, wants)
		return told, &b, err
	}
	var told []chatEvent
	add := func(t models.EventType, e models.ChatEvent) {
		if wants(t) {
			told = append(told, chatEvent{ChatEvent: e, kind: t})
		}
	}
	joined, shown := len(b.Created)+len(b.Joined), len(b.Created)+len(b.Joined)+len(b.Shown)
	all := shown + len(b.Tests)
	for ; b.Done < all && len(told) < limit; b.Done++ {
		switch i := b.Done; {
		case i < joined:
			add(models.EventMemberAdded, models.ChatEvent{At: b.At, CID: b.Joined[i-len(b.Created)], UserID: b.SenderID})
		case i < shown:
			s := b.Shown[i-joined]
			add(models.EventChannelVisible, models.ChatEvent{At: b.At, CID: s.CID, UserID: s.UserID})
		default:
			add(models.EventMessageNew, models.ChatEvent{At: b.At, UserID: b.SenderID, MessageID: b.Tests[i-shown]})
		}
	}
	switch {
	case b.Done < all || len(told) >= limit:
		return told, &b, nil
	case !wants(models.EventMessageNew) || b.After >= b.Through:
		return told, nil, nil
	}
	messages, err := db.BatchMessages(ctx, row.AppPK, row.CampaignID, b, limit)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range messages {
		add(models.EventMessageNew, models.ChatEvent{At: m.CreatedAt, CID: m.CID, UserID: b.SenderID, MessageID: m.ID})
	}
	if len(messages) < limit {
		return told, nil, nil
	}
	b.After = *messages[len(messages)-1].Recipient
	return told, &b, nil
}

// created gives the events of the next channels that a batch created.
func created(ctx context.Context, db ChatStore, row models.OutboxRow, b *models.BatchEvents, limit int, wants func(models.EventType) bool) ([]chatEvent, error) {
	channels, members := wants(models.EventChannelCreated), wants(models.EventMemberAdded)
	if !channels && !members {
		b.Done = len(b.Created)
		return nil, nil
	}
	each := len(b.Members) + 2 // the channel, its members, and the receiver
	cids := b.Created[b.Done:min(len(b.Created), b.Done+max(1, limit/each))]
	b.Done += len(cids)
	founders := map[string][]string{}
	if members {
		var err error
		if founders, err = db.Founders(ctx, row.AppPK, cids); err != nil {
			return nil, err
		}
	}
	var told []chatEvent
	for _, cid := range cids {
		if channels {
			told = append(told, chatEvent{kind: models.EventChannelCreated, ChatEvent: models.ChatEvent{At: b.At, CID: cid, UserID: b.SenderID}})
		}
		if !members {
			continue
		}
		users := append(slices.Clone(b.Members), founders[cid]...)
		slices.Sort(users)
		for _, id := range slices.Compact(users) {
			told = append(told, chatEvent{kind: models.EventMemberAdded, ChatEvent: models.ChatEvent{At: b.At, CID: cid, UserID: id}})
		}
	}
	return told, nil
}

// loadChatEvents loads what events tell of, for all of them at once.
func loadChatEvents(ctx context.Context, db ChatStore, appPK int64, told []chatEvent) error {
	if len(told) == 0 {
		return nil
	}
	if err := placeMessages(ctx, db, appPK, told); err != nil {
		return err
	}
	w := store.ChatWanted{MemberLimit: maxEventMembers}
	for _, e := range told {
		w.UserIDs = append(w.UserIDs, e.UserID)
		if e.CID != "" {
			w.CIDs = append(w.CIDs, e.CID)
		}
		switch e.kind { //nolint:exhaustive // the others refer to their channel and user alone
		case models.EventMessageNew:
			w.MessageIDs = append(w.MessageIDs, e.MessageID)
			w.MembersOf = append(w.MembersOf, e.CID)
		case models.EventMemberAdded:
			w.Memberships = append(w.Memberships, store.Membership{CID: e.CID, UserID: e.UserID})
		}
	}
	details, err := db.ChatDetails(ctx, appPK, w)
	if err != nil {
		return err
	}
	for i := range told {
		told[i].details = &details
	}
	return nil
}

// placeMessages finds the channels of messages whose events do not say it.
func placeMessages(ctx context.Context, db ChatStore, appPK int64, told []chatEvent) error {
	var ids []string
	for _, e := range told {
		if e.CID == "" && e.MessageID != "" {
			ids = append(ids, e.MessageID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := db.ChatDetails(ctx, appPK, store.ChatWanted{MessageIDs: ids})
	for i, e := range told {
		if e.CID == "" {
			told[i].CID = found.Messages[e.MessageID].CID
		}
	}
	return err
}

// payload is the event in a dialect, once it was loaded.
func (e chatEvent) payload(d *wire.Dialect) (string, error) {
	channelType, id, _ := models.SplitCID(e.CID)
	o := newPayload(e.kind, e.At).Set("custom", wire.NewObject()).Set("cid", e.CID).Set("channel_type", channelType).Set("channel_id", id)
	users := e.details.Users
	ch, known := e.details.Channels[e.CID]
	if known {
		o.Set("channel", wire.Channel(ch, users, wire.Viewer{}))
		wire.Optional(o, "team", ch.Team)
	} else {
		ch.CID = e.CID
		o.Set("channel", wire.NewObject().Set("id", id).Set("type", channelType).Set("cid", e.CID).Custom(nil, wire.ChannelKeys))
	}
	if u, ok := users[e.UserID]; ok {
		o.Set("user", wire.User(u))
	} else {
		o.Set("user", wire.NewObject().Set("id", e.UserID).Custom(nil, wire.UserKeys))
	}
	switch e.kind { //nolint:exhaustive // the others have nothing of their own
	case models.EventMessageNew:
		members := wire.Each(e.details.Members[e.CID], func(m models.Member) *wire.Object { return wire.Member(m, ch, users) })
		o.Set("message", wire.Message(e.message(), users)).Set("message_id", e.MessageID).Set("watcher_count", 0).
			Set("members", members).Set("channel_member_count", ch.MemberCount)
	case models.EventMemberAdded:
		o.Set("member", wire.Member(e.member(), ch, users))
	case models.EventMessageRead:
		if e.MessageID != "" {
			o.Set("last_read_message_id", e.MessageID)
		}
	}
	return encodePayload(d, o)
}

// message is that of the event. One that was deleted for good looks like a deleted one.
func (e chatEvent) message() models.Message {
	m, ok := e.details.Messages[e.MessageID]
	if !ok {
		m = models.Message{ID: e.MessageID, CID: e.CID, UserID: e.UserID, Type: models.MessageErased, CreatedAt: e.At, UpdatedAt: e.At}
	}
	if m.Type == models.MessageErased {
		m.Type = models.MessageDeleted
	}
	return m
}

// member is that of the event, as it joined if it is gone.
func (e chatEvent) member() models.Member {
	m, ok := e.details.Memberships[store.Membership{CID: e.CID, UserID: e.UserID}]
	if !ok {
		m = models.Member{CID: e.CID, UserID: e.UserID, ChannelRole: models.DefaultChannelRole, CreatedAt: e.At, UpdatedAt: e.At}
	}
	return m
}
