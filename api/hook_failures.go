package api

import (
	"context"

	"herald/models"
	"herald/models/store"
	"herald/wire"
)

const (
	defaultFailureLimit = 30 // contract 14.4
	maxFailureLimit     = 100
	maxReplayed         = 1000 // of one call
)

// getHookEvents lists what hooks can be told of (contract 14.4).
func (s *Server) getHookEvents(context.Context, *call) (*wire.Object, error) {
	list := make([]*wire.Object, len(models.Events))
	for i, e := range models.Events {
		list[i] = wire.NewObject().Set("name", string(e.Type)).Set("description", e.Description).Set("products", []string{models.HookProductChat})
	}
	return wire.NewObject().Set("events", list), nil
}

// getHookFailures lists the events that hooks did not take, the newest first (contract 14.4).
func (s *Server) getHookFailures(ctx context.Context, c *call) (*wire.Object, error) {
	list, q, err := readFailureList(c)
	if err != nil {
		return nil, err
	}
	page, err := s.store.HookFailures(ctx, c.app.PK, q)
	if err != nil {
		return nil, badCursor(err)
	}
	shown := make([]*wire.Object, len(page.Rows))
	for i, f := range page.Rows {
		shown[i] = wire.NewObject().
			Set("id", f.ID).Set("hook_id", f.HookID).Set("webhook_url", f.WebhookURL).Set("event_type", f.EventType).
			Set("campaign_id", f.CampaignID).Set("seq", f.Seq).Set("attempts", f.Attempts).
			Set("first_attempt_at", f.FirstAttemptAt).Set("last_attempt_at", f.LastAttemptAt).
			Set("last_status", f.LastStatus).Set("last_error", f.LastError).Set("event", f.Event)
	}
	return list.setPager(wire.NewObject().Set("failures", shown), page.Prev, page.Next), nil
}

// replayHookFailures sends events again that hooks did not take (contract 14.4).
func (s *Server) replayHookFailures(ctx context.Context, c *call) (*wire.Object, error) {
	f := c.fields()
	r := store.HookReplay{HookID: f.String("hook_id"), Limit: maxReplayed}
	if f.Has("ids") {
		r.IDs = append([]string{}, f.Strings("ids", maxReplayed)...)
	}
	if all := f.Bool("all", false); all == f.Has("ids") {
		f.Invalid("ids", "or all must be given, and not both")
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	n, err := s.store.ReplayHookFailures(ctx, c.app.PK, r)
	return wire.NewObject().Set("replayed", n), err
}

// readFailureList reads which failures are asked for.
func readFailureList(c *call) (listQuery, store.HookFailureQuery, error) {
	list, err := readNarrowedList(c, "GetHookFailures", "hook_id", defaultFailureLimit, maxFailureLimit)
	return list.listQuery, store.HookFailureQuery{HookID: list.value, Limit: list.limit, Key: list.key, Backward: list.backward}, err
}
