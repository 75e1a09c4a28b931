package api

import (
	"context"
)

// campaignMoves lists what was done to a campaign, by whom and why: the newest store.MaxMoves, in the order they were
// made. An extension for support tools.
func (s *Server) campaignMoves(ctx context.Context, c *call) (*object, error) {
	campaign, err := s.store.Campaign(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	moves, err := s.store.CampaignMoves(ctx, campaign)
	if err != nil {
		return nil, err
	}
	list := make([]*object, len(moves))
	for i, m := range moves {
		list[i] = newObject().set("control_seq", m.ControlSeq).set("action", string(m.Action)).
			set("via", string(m.Via)).set("by", m.By).set("reason", m.Reason).set("moved_at", m.MovedAt)
	}
	return newObject().set("moves", list), nil
}
