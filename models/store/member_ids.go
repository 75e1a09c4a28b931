package store

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// MemberIDs gives the members of each channel by cid, in order of user id, at most limit of each.
func (s *Store) MemberIDs(ctx context.Context, appPK int64, cids []string, limit int) (map[string][]string, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT m.cid, m.user_id FROM unnest($2::text[]) AS c (cid) CROSS JOIN LATERAL (
			SELECT cid, user_id FROM channel_members WHERE app_pk = $1 AND cid = c.cid ORDER BY user_id LIMIT $3) AS m
		ORDER BY m.cid, m.user_id`, appPK, cids, limit)
	if err != nil {
		return nil, wrap(err, "read the members of %d channels", len(cids))
	}
	members := make(map[string][]string, len(cids))
	var cid, userID string
	_, err = pgx.ForEachRow(rows, []any{&cid, &userID}, func() error {
		members[cid] = append(members[cid], userID)
		return nil
	})
	return members, wrap(err, "read the members of %d channels", len(cids))
}
