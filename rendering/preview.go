package rendering

import (
	"context"
	"encoding/json"
	"slices"

	"herald/models"
	"herald/models/store"
)

// mostMembersShown bounds the members of an existing channel in a preview.
const mostMembersShown = 100

// Preview is what one target would get if the campaign were sent now.
type Preview struct {
	TargetID string
	Outcome  *models.Outcome // why there would be no message; nil where there would be one
	Message  *PreviewMessage // nil where it cannot be made
	Channel  *PreviewChannel // nil where it cannot be made or does not exist; one that may not be created is shown
}

// PreviewMessage is a rendered message.
type PreviewMessage struct {
	Text        string
	Attachments json.RawMessage // empty means []
	Custom      models.Custom   // empty means {}
	PollID      *string
	Mentioned   []string // user ids; nil where the campaign mentions nobody
}

// PreviewChannel is the channel of a message, as the message would find it or create it.
type PreviewChannel struct {
	CID        string
	Exists     bool
	WillCreate bool
	Team       *string
	Custom     models.Custom // empty means {}
	Members    []string      // user ids in order; of an existing channel the first hundred, and the sender if it joins
}

// Previews shows what targets named as for Named would get, in their order.
func (d *Definition) Previews(ctx context.Context, db Store, ids []string) ([]Preview, error) {
	p := &previewer{Definition: d, db: db, previews: make([]Preview, len(ids))}
	var err error
	if d.campaign.Target == models.SegmentChannel {
		err = p.toChannels(ctx, ids)
	} else {
		err = p.toUsers(ctx, ids)
	}
	return p.previews, err
}

type previewer struct {
	*Definition
	db       Store
	previews []Preview
}

func (p *previewer) toChannels(ctx context.Context, cids []string) error {
	targets, err := p.namedChannels(ctx, p.db, cids)
	if err != nil {
		return err
	}
	members, err := p.db.MemberIDs(ctx, p.campaign.AppPK, cids, mostMembersShown)
	if err != nil {
		return err
	}
	for i, t := range targets {
		out := p.delivery(1)
		p.renderer(&out).toChannel(t)
		p.previews[i] = preview(t.CID, out)
		if t.Channel != nil {
			p.previews[i].Channel = p.existing(*t.Channel, members[t.CID])
		}
	}
	return nil
}

func (p *previewer) toUsers(ctx context.Context, ids []string) error {
	targets, err := p.namedUsers(ctx, p.db, ids)
	if err != nil {
		return err
	}
	out := make([]store.Delivery, len(targets))
	addressed := make([]addressed, len(targets))
	var cids []string
	for i, t := range targets {
		out[i] = p.delivery(1)
		addressed[i], _ = p.renderer(&out[i]).address(t)
		if cid := addressed[i].cid; cid != "" {
			cids = append(cids, cid)
		}
	}
	channels, err := p.db.LiveChannels(ctx, p.campaign.AppPK, cids)
	if err != nil {
		return err
	}
	members, err := p.db.MemberIDs(ctx, p.campaign.AppPK, cids, mostMembersShown)
	if err != nil {
		return err
	}
	for i, to := range addressed {
		var shown *PreviewChannel
		if to.cid != "" {
			shown = p.toUser(p.renderer(&out[i]), to, channels[to.cid], members[to.cid])
		}
		p.previews[i] = preview(targets[i].ID, out[i])
		p.previews[i].Channel = shown
	}
	return nil
}

// toUser renders what a user target gets, and gives the channel it gets it in.
func (p *previewer) toUser(r *renderer, to addressed, existing *models.Channel, members []string) *PreviewChannel {
	seen, custom, ok := r.channel(to, existing)
	if ok {
		r.message(to.id, to.id, to.cid, to.receiver, seen, custom)
	}
	switch {
	case existing != nil:
		return p.existing(*existing, members)
	case ok:
		shown := &PreviewChannel{CID: to.cid, WillCreate: true, Team: p.rule.Team, Custom: custom}
		for _, m := range p.rule.MembersOf(to.id) {
			shown.Members = append(shown.Members, m.UserID)
		}
		slices.Sort(shown.Members)
		return shown
	case !p.rule.Create:
		return &PreviewChannel{CID: to.cid}
	default:
		return nil
	}
}

// existing shows a channel that is there. members are its first ones.
func (p *previewer) existing(ch models.Channel, members []string) *PreviewChannel {
	if p.rule.IncludeSender && !slices.Contains(members, p.campaign.SenderID) {
		members = slices.Sorted(slices.Values(append(slices.Clone(members), p.campaign.SenderID)))
	}
	return &PreviewChannel{CID: ch.CID, Exists: true, Team: ch.Team, Custom: ch.Custom, Members: members}
}

// preview reads off a delivery what its one target gets.
func preview(targetID string, d store.Delivery) Preview {
	p := Preview{TargetID: targetID}
	if len(d.Outcomes) > 0 {
		p.Outcome = &d.Outcomes[0]
		return p
	}
	m := d.Messages[0]
	p.Message = &PreviewMessage{Text: m.Text, Attachments: d.Attachments, Custom: d.Custom, PollID: d.PollID}
	if d.MentionReceiver {
		p.Message.Mentioned = []string{m.Receiver}
	}
	if m.Attachments != nil {
		p.Message.Attachments = m.Attachments
	}
	if m.Custom != nil {
		p.Message.Custom = m.Custom
	}
	return p
}
