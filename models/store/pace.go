package store

import (
	"context"
	"time"
)

// Pace is a campaign's messages_per_second. The zero value is none.
type Pace struct {
	PerSecond int // 0 is unlimited
	InFlight  int // most batches of the campaign at once
}

// creditSeconds is how far turns may lie back in time at most.
const creditSeconds = 0.5

// Size is the most messages that a transaction may hold for the pace to be kept.
//
// Any W seconds, W at least 1, may see rate × (W + 1) messages. A batch is committed after its turn, but however long
// after: so beside the turns of the W seconds there may be those of the credit, one more transaction, which is paid for
// by the turn after it, and late ones, as many as are in flight. Half of the second's worth is for the credit, the rest
// for these transactions.
func (p Pace) Size() int {
	return max(1, int(float64(p.PerSecond)*(1-creditSeconds)/float64(1+p.InFlight)))
}

// credit is how many seconds a turn may lie back, so that what is taken late does not come off the rate. At one message a
// second even single messages are too large for any: it is negative, and a turn comes a second after the last commit.
func (p Pace) credit() float64 {
	return min(creditSeconds, 1-float64(p.Size())*float64(1+p.InFlight)/float64(p.PerSecond))
}

// Turn takes the next turn for a batch of a campaign with messages_per_second, and says how long to wait before it is
// delivered. Turns lie as many seconds apart as their messages are worth, whoever takes them. What has its message already,
// from an earlier attempt or another segment, needs no turn.
func (s *Store) Turn(ctx context.Context, d Delivery) (time.Duration, error) {
	if d.Pace.PerSecond == 0 {
		return 0, nil
	}
	var wait float64
	err := s.batches.QueryRow(ctx, `
		WITH due AS (
			SELECT make_interval(secs => count(*) / $4::float8) AS worth, count(*) > 0 AS wanted FROM unnest($3::text[]) AS r (recipient)
			WHERE NOT EXISTS (SELECT FROM messages m WHERE m.app_pk = $1 AND m.campaign_id = $2 AND m.recipient = r.recipient OFFSET 0)
		), turn AS (
			INSERT INTO campaign_controls AS k (app_pk, campaign_id, next_send_at)
			SELECT $1, $2, clock_timestamp() - make_interval(secs => $5) + worth FROM due WHERE wanted
			ON CONFLICT (app_pk, campaign_id) DO UPDATE SET
				next_send_at = greatest(k.next_send_at, clock_timestamp() - make_interval(secs => $5)) + (SELECT worth FROM due)
			RETURNING next_send_at
		)
		SELECT coalesce((SELECT extract(epoch FROM next_send_at - worth - clock_timestamp()) FROM turn), 0)::float8 FROM due`,
		d.AppPK, d.CampaignID, newMessageColumns(d.Messages).recipients, d.Pace.PerSecond, d.Pace.credit()).Scan(&wait)
	if err != nil {
		return 0, wrap(err, "take a turn of campaign %d/%s", d.AppPK, d.CampaignID)
	}
	return max(0, time.Duration(wait*float64(time.Second))), nil
}
