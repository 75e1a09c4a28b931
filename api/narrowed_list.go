package api

import (
	"encoding/json"
	"fmt"

	"herald/api/request"
	"herald/filter"
)

// narrowedList is one page of a list that a GET asks for and one parameter of the query string narrows down.
type narrowedList struct {
	listQuery
	value    string // of the parameter; "" is all
	limit    int
	key      filter.Key // where the page begins; nil is the first one
	backward bool
}

// readNarrowedList reads the parameter, limit, next and prev. A cursor's parameter wins over the one beside it.
func readNarrowedList(c *call, endpoint, parameter string, defaultLimit, maxLimit int, rules ...request.Rule) (narrowedList, error) {
	f := c.query()
	list := narrowedList{listQuery: listQuery{secret: c.app.Secret, endpoint: endpoint}, limit: f.Int("limit", 0, maxLimit)}
	name := "next"
	text := f.String(name)
	if text == "" {
		name = "prev"
		text = f.String(name)
	}
	if text == "" {
		list.value = f.String(parameter, rules...)
	} else {
		place, err := openCursor(list.secret, endpoint, text)
		if err == nil {
			err = json.Unmarshal(place.Filter, &list.value)
		}
		if err != nil {
			f.Invalid(name, "%s", errCursor)
			return list, f.Err()
		}
		list.key, list.backward = place.Key, place.Backward
		if list.limit == 0 {
			list.limit = place.Limit
		}
	}
	if list.limit == 0 {
		list.limit = defaultLimit
	}
	value, err := json.Marshal(list.value)
	if err != nil {
		return list, fmt.Errorf("encode the %s of a cursor: %w", parameter, err)
	}
	list.cursor = cursor{Filter: value, Limit: list.limit}
	return list, f.Err()
}
