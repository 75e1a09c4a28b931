package api

import (
	"context"
	"time"

	"herald/wire"
)

// audiencePatience is how long an audience is counted before it is estimated (contract 12.3).
const audiencePatience = 2 * time.Second

// countAudience says how many recipients a campaign would have if it started now (contract 12.3).
func (s *Server) countAudience(ctx context.Context, c *call) (*wire.Object, error) {
	campaign, err := s.store.Campaign(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	count, estimate, err := s.store.CountAudience(ctx, campaign, audiencePatience)
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("count", count).Set("estimate", estimate), nil
}
