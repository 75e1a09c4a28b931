package store

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// CampaignDetails is what campaigns refer to, for showing them.
type CampaignDetails struct {
	Stats    map[string]models.Stats  // by campaign id
	Segments map[int64]models.Segment // by segment_pk; deleted ones too
	Users    map[string]models.User   // by id: senders and the users asked for; deleted ones too
}

// CampaignDetails loads what any number of campaigns refer to, and these users, in a fixed number of statements.
func (s *Store) CampaignDetails(ctx context.Context, appPK int64, campaigns []models.Campaign, userIDs []string) (CampaignDetails, error) {
	return readDetails(ctx, s.pool, appPK, campaigns, userIDs)
}

func readDetails(ctx context.Context, db querier, appPK int64, campaigns []models.Campaign, userIDs []string) (CampaignDetails, error) {
	var campaignIDs []string
	var segmentPKs []int64
	userIDs = slices.Clone(userIDs)
	for _, c := range campaigns {
		campaignIDs = append(campaignIDs, c.ID)
		segmentPKs = append(segmentPKs, c.SegmentPKs...)
		userIDs = append(userIDs, c.SenderID)
	}
	d := CampaignDetails{Segments: map[int64]models.Segment{}}
	var err error
	if d.Stats, err = sumStats(ctx, db, appPK, campaignIDs...); err != nil {
		return d, err
	}
	if len(segmentPKs) > 0 {
		rows, err := db.Query(ctx, `SELECT * FROM segments WHERE app_pk = $1 AND segment_pk = ANY($2)`, appPK, unique(segmentPKs))
		if err != nil {
			return d, wrap(err, "read the segments of campaigns")
		}
		segments, err := pgx.CollectRows(rows, scanSegment)
		if err != nil {
			return d, wrap(err, "read the segments of campaigns")
		}
		for _, seg := range segments {
			d.Segments[seg.PK] = seg
		}
	}
	d.Users, err = readUsers(ctx, db, appPK, unique(userIDs))
	return d, err
}

func unique[T int64 | string](list []T) []T {
	slices.Sort(list)
	return slices.Compact(list)
}

// mostUsersPerLookup bounds the rows read at once while looking for the users of a page.
const mostUsersPerLookup = 1000

// FirstUsers gives the first limit users of a list of ids that exist, in the order of the list. Deleted users do not
// exist; deactivated ones do.
func (s *Store) FirstUsers(ctx context.Context, appPK int64, ids []string, limit int) ([]models.User, error) {
	var page []models.User
	// Most ids of a list exist: the first lookup nearly always fills the page.
	for size := limit; len(ids) > 0 && len(page) < limit; size = min(2*size, max(limit, mostUsersPerLookup)) {
		chunk := ids[:min(size, len(ids))]
		ids = ids[len(chunk):]
		byID, err := s.Users(ctx, appPK, chunk)
		if err != nil {
			return nil, err
		}
		for _, id := range chunk {
			if u, ok := byID[id]; ok && u.DeletedAt == nil && len(page) < limit {
				page = append(page, u)
			}
		}
	}
	return page, nil
}
