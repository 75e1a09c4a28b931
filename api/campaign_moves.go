package api

import (
	"context"

	"herald/wire"
)

// campaignMoves lists what was done to a campaign, by whom and why: the newest store.MaxMoves, in the order they were
// made. An extension for support tools.
func (s *Server) campaignMoves(ctx context.Context, c *call) (*wire.Object, error) {
	campaign, err := s.store.Campaign(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	moves, err := s.store.CampaignMoves(ctx, campaign)
	if err != nil {
		return nil, err
	}
	list := make([]*wire.Object, len(moves))
	for i, m := range moves {
		list[i] = wire.NewObject().Set("control_seq", m.ControlSeq).Set("action", string(m.Action)).
			Set("via", string(m.Via)).Set("by", m.By).Set("reason", m.Reason).Set("moved_at", m.MovedAt)
	}
	return wire.NewObject().Set("moves", list), nil
}
