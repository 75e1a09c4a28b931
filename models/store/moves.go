package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// MaxMoves is how many of a campaign's moves CampaignMoves gives: the newest.
const MaxMoves = 1000

// CampaignMoves lists what was done to a campaign, by whom and why, the oldest first. Those of a deleted campaign that
// had the same id are not among them.
func (s *Store) CampaignMoves(ctx context.Context, c models.Campaign) ([]models.CampaignMove, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT * FROM (
			SELECT control_seq, action, via, moved_by AS by, reason, moved_at FROM campaign_moves
			WHERE app_pk = $1 AND campaign_id = $2 AND moved_at >= $3
			ORDER BY control_seq DESC, moved_at DESC LIMIT $4
		) newest ORDER BY control_seq, moved_at`, c.AppPK, c.ID, c.CreatedAt, MaxMoves)
	if err != nil {
		return nil, wrap(err, "list the moves of campaign %d/%s", c.AppPK, c.ID)
	}
	moves, err := pgx.CollectRows(rows, pgx.RowToStructByName[models.CampaignMove])
	return moves, wrap(err, "list the moves of campaign %d/%s", c.AppPK, c.ID)
}
