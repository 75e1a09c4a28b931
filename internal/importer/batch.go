package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"herald/internal/client"
	"herald/models"
)

// API is what an import needs of Herald; a *client.Client is one.
type API interface {
	// UpsertUsers writes users, all or none. A refusal is a *client.Error whose fields are paths below "users".
	UpsertUsers(ctx context.Context, users map[string]json.RawMessage) error
}

// batch is what goes in one call. No id is in it twice.
type batch map[string]row

// send writes a batch. The API refuses a batch whole, naming the users that are at fault: those are reported, and the rest is
// sent again. It gives the number of users written; an error says that the API cannot be reached or wants none of it.
func (b batch) send(ctx context.Context, api API, report func(BadRow)) (written int64, err error) {
	for len(b) > 0 {
		users := make(map[string]json.RawMessage, len(b))
		for id, row := range b {
			users[id] = row.user
		}
		err := api.UpsertUsers(ctx, users)
		if err == nil {
			return int64(len(b)), nil
		}
		var refused *client.Error
		if !errors.As(err, &refused) || !concernsContent(refused) {
			return 0, fmt.Errorf("write users: %w", err)
		}
		culprits := b.culprits(refused.Fields)
		switch {
		case len(culprits) > 0:
			for id, reason := range culprits {
				report(BadRow{Line: b[id].line, ID: id, Reason: reason})
				delete(b, id)
			}
		case len(b) == 1:
			for id, row := range b {
				report(BadRow{Line: row.line, ID: id, Reason: refused.Message})
			}
			return 0, nil
		default:
			// Nobody is named: halves find out who it is, or are what is acceptable.
			first, second := b.halves()
			n, err := first.send(ctx, api, report)
			if err != nil {
				return n, err
			}
			m, err := second.send(ctx, api, report)
			return n + m, err
		}
	}
	return 0, nil
}

// concernsContent says whether other users in the same call might be accepted.
func concernsContent(e *client.Error) bool {
	return e.Status == http.StatusRequestEntityTooLarge || e.Status == http.StatusBadRequest && e.Code == int(models.CodeInvalid)
}

// culprits are the users of the batch that the invalid fields of a refusal belong to, with all their reasons.
func (b batch) culprits(fields map[string]string) map[string]string {
	found := map[string]string{}
	for _, path := range slices.Sorted(maps.Keys(fields)) {
		id, field, ok := splitPath(path)
		if _, known := b[id]; !ok || !known {
			continue
		}
		reason := strings.TrimSpace(field + " " + fields[path])
		if found[id] != "" {
			reason = found[id] + "; " + reason
		}
		found[id] = reason
	}
	return found
}

// splitPath takes apart the path of an invalid field: users.ann.name or users["ann"].name.
func splitPath(path string) (id, field string, ok bool) {
	rest, ok := strings.CutPrefix(path, "users")
	if !ok || rest == "" {
		return "", "", false
	}
	if quoted, found := strings.CutPrefix(rest, "["); found {
		text, err := strconv.QuotedPrefix(quoted)
		if err != nil {
			return "", "", false
		}
		if id, err = strconv.Unquote(text); err != nil {
			return "", "", false
		}
		if rest, ok = strings.CutPrefix(quoted[len(text):], "]"); !ok {
			return "", "", false
		}
		return id, strings.TrimPrefix(rest, "."), true
	}
	if rest, ok = strings.CutPrefix(rest, "."); !ok {
		return "", "", false
	}
	end := strings.IndexAny(rest, ".[")
	if end < 0 {
		return rest, "", rest != ""
	}
	return rest[:end], strings.TrimPrefix(rest[end:], "."), true
}

func (b batch) halves() (first, second batch) {
	first, second = batch{}, batch{}
	for i, id := range slices.Sorted(maps.Keys(b)) {
		if i < len(b)/2 {
			first[id] = b[id]
		} else {
			second[id] = b[id]
		}
	}
	return first, second
}
