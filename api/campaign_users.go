package api

import (
	"context"
	"slices"
	"strconv"

	"herald/api/request"
	"herald/filter"
	"herald/models"
	"herald/models/store"
	"herald/wire"
)

// userPager pages through the existing users of a campaign's user_ids, in their order. A place is an index in user_ids
// and the id there: if the list was replaced since, the id is looked for, and where it is gone the index holds.
type userPager struct {
	list     listQuery
	appPK    int64
	ids      []string
	begin    int // of the page: the users from here on, or those before with backward
	backward bool
}

func newUserPager(c *call, campaign models.Campaign) *userPager {
	p := &userPager{appPK: c.app.PK, ids: campaign.UserIDs}
	p.list = listQuery{secret: c.app.Secret, endpoint: "GetCampaign/" + campaign.ID}
	p.list.Limit = maxUserLimit
	return p
}

// read reads the page that a query string asks for.
func (p *userPager) read(q *request.Query) error {
	limit := q.Int("limit", 0, maxUserLimit)
	name := "next"
	text := q.String(name)
	if text == "" {
		name = "prev"
		text = q.String(name)
	}
	if text != "" {
		place, err := openCursor(p.list.secret, p.list.endpoint, text)
		if err != nil || len(place.Key) != 2 {
			q.Invalid(name, "%s", errCursor)
			return q.Err()
		}
		p.resume(place)
	}
	if limit > 0 {
		p.list.Limit = limit
	}
	p.list.cursor.Limit = p.list.Limit
	return q.Err()
}

func (p *userPager) resume(place cursor) {
	p.list.Limit, p.backward = place.Limit, place.Backward
	index, err := strconv.Atoi(*place.Key[0])
	if err != nil {
		return
	}
	id := *place.Key[1]
	switch {
	case index < len(p.ids) && p.ids[index] == id:
	case slices.Contains(p.ids, id):
		index = slices.Index(p.ids, id)
	}
	p.begin = min(index, len(p.ids))
	if !p.backward {
		p.begin = min(index+1, len(p.ids))
	}
}

// page gives the users of the page, and the pager object of contract 7.2.
func (p *userPager) page(ctx context.Context, st *store.Store) ([]models.User, *wire.Object, error) {
	pager := wire.NewObject()
	if len(p.ids) == 0 {
		return nil, pager, nil
	}
	ahead, behind := p.ids[p.begin:], reversed(p.ids[:p.begin])
	if p.backward {
		ahead, behind = behind, ahead
	}
	users, err := st.FirstUsers(ctx, p.appPK, ahead, p.list.Limit+1)
	if err != nil {
		return nil, nil, err
	}
	more := len(users) > p.list.Limit
	if more {
		users = users[:p.list.Limit]
	}
	others, err := st.FirstUsers(ctx, p.appPK, behind, 1)
	if err != nil || len(users) == 0 {
		return nil, pager, err
	}
	follow, precede := more, len(others) > 0
	if p.backward {
		slices.Reverse(users)
		follow, precede = precede, follow
	}
	var prev, next filter.Key
	if precede {
		prev = p.place(users[0].ID)
	}
	if follow {
		next = p.place(users[len(users)-1].ID)
	}
	return users, p.list.setPager(pager, prev, next), nil
}

func (p *userPager) place(id string) filter.Key {
	index := strconv.Itoa(slices.Index(p.ids, id))
	return filter.Key{&index, &id}
}

func reversed(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Reverse(ids)
	return ids
}
