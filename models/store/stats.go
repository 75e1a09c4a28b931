package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// Stats sums what batches of these campaigns have committed; every id given has an entry. It reads one row per batch
// and the sums of reads, and is right at every instant of a run: a batch's row is committed with its messages, and a sum
// of reads with the read.
func (s *Store) Stats(ctx context.Context, appPK int64, campaignIDs ...string) (map[string]models.Stats, error) {
	return sumStats(ctx, s.pool, appPK, campaignIDs...)
}

func sumStats(ctx context.Context, db querier, appPK int64, campaignIDs ...string) (map[string]models.Stats, error) {
	stats := make(map[string]models.Stats, len(campaignIDs))
	for _, id := range campaignIDs {
		stats[id] = models.Stats{}
	}
	if len(campaignIDs) == 0 {
		return stats, nil
	}
	rows, err := db.Query(ctx, `
		SELECT c.id, coalesce(b.sent, 0), coalesce(b.channels_created, 0), coalesce(b.users_sent, 0), coalesce(r.users_read, 0),
			coalesce(b.failed, 0), coalesce(b.skipped, 0), coalesce(b.recipients, 0), coalesce(b.sent_last_minute, 0)
		FROM unnest($2::text[]) AS c (id)
		LEFT JOIN (
			SELECT campaign_id, sum(sent)::bigint AS sent, sum(channels_created)::bigint AS channels_created,
				sum(users_sent)::bigint AS users_sent, sum(failed)::bigint AS failed, sum(skipped)::bigint AS skipped,
				sum(recipients)::bigint AS recipients,
				(sum(sent) FILTER (WHERE committed_at > now() - interval '1 minute'))::bigint AS sent_last_minute
			FROM campaign_batches WHERE app_pk = $1 AND campaign_id = ANY($2) GROUP BY campaign_id) b ON b.campaign_id = c.id
		LEFT JOIN (
			SELECT campaign_id, sum(reads)::bigint AS users_read
			FROM campaign_read_counts WHERE app_pk = $1 AND campaign_id = ANY($2) GROUP BY campaign_id) r ON r.campaign_id = c.id`,
		appPK, campaignIDs)
	if err != nil {
		return nil, wrap(err, "sum the stats of campaigns")
	}
	var id string
	var st models.Stats
	_, err = pgx.ForEachRow(rows, []any{
		&id, &st.MessagesSent, &st.ChannelsCreated, &st.UsersSent, &st.UsersRead, &st.Failed, &st.Skipped, &st.Recipients, &st.SentLastMinute,
	}, func() error {
		stats[id] = st
		return nil
	})
	return stats, wrap(err, "sum the stats of campaigns")
}
