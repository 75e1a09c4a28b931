package campaigns

import (
	"context"

	"herald/internal/client"
)

// Lister is the part of the API that a list needs.
type Lister interface {
	QueryCampaigns(ctx context.Context, q client.CampaignQuery) (client.CampaignPage, error)
}

// List reads the newest campaigns of some statuses, of all when there are none, over as many pages as it takes: at most limit, or
// all where limit is 0. more says that there are others.
func List(ctx context.Context, api Lister, statuses []string, limit int) (list []client.Campaign, more bool, err error) {
	q := client.CampaignQuery{Statuses: statuses}
	for {
		q.Limit = client.MaxCampaignsPerQuery
		if limit > 0 {
			q.Limit = min(q.Limit, limit-len(list))
		}
		page, err := api.QueryCampaigns(ctx, q)
		if err != nil {
			return nil, false, err
		}
		list = append(list, page.Campaigns...)
		if page.Next == "" || limit > 0 && len(list) >= limit {
			return list, page.Next != "", nil
		}
		q.Next = page.Next
	}
}
