package events

import (
	"context"
	"fmt"

	"herald/models"
	"herald/models/store"
	"herald/wire"
)

// HookStore is what hooks need of the database.
type HookStore interface {
	DueHooks(ctx context.Context, kinds []models.OutboxKind) ([]models.Receiver, error)
	OpenHook(ctx context.Context, r models.Receiver) (models.App, models.Hook, error)
	ChatStore
}

// Hooks are the receivers of webhooks (contract 14).
type Hooks struct {
	Store  HookStore
	Caller *Caller
}

var _ Kind = Hooks{}

// Due gives the hooks that are enabled and have events due.
func (h Hooks) Due(ctx context.Context, kinds []models.OutboxKind) ([]models.Receiver, error) {
	return h.Store.DueHooks(ctx, kinds)
}

// Open reads a hook.
func (h Hooks) Open(ctx context.Context, r models.Receiver) (Target, error) {
	app, hook, err := h.Store.OpenHook(ctx, r)
	if models.ErrorCode(err) == models.CodeNotFound || err == nil && !hook.Enabled {
		return nil, ErrClosed
	}
	if err != nil {
		return nil, err
	}
	dialect := wire.V1
	if hook.TimestampFormat == models.HookTimesUnixNano {
		dialect = wire.V2
	}
	return &hookTarget{store: h.Store, caller: h.Caller, app: app, hook: hook, dialect: dialect}, nil
}

type hookTarget struct {
	store   ChatStore
	caller  *Caller
	app     models.App
	hook    models.Hook
	dialect *wire.Dialect
}

func (t *hookTarget) URL() string { return t.hook.WebhookURL }

func (t *hookTarget) Send(ctx context.Context, event models.OutboxRow) Outcome {
	return t.caller.Call(ctx, t.app, t.hook, event)
}

func (t *hookTarget) Expand(ctx context.Context, rows []models.OutboxRow) error {
	var chat []int
	for i, row := range rows {
		if row.Kind != models.OutboxCampaign {
			chat = append(chat, i)
			continue
		}
		payload, err := campaignPayload(t.dialect, row)
		if err != nil {
			return err
		}
		rows[i].Payload = &payload
	}
	if len(chat) == 0 {
		return nil
	}
	told := make([]chatEvent, len(chat))
	for k, i := range chat {
		var err error
		if told[k], err = readChatEvent(rows[i]); err != nil {
			return err
		}
	}
	if err := loadChatEvents(ctx, t.store, t.app.PK, told); err != nil {
		return err
	}
	for k, i := range chat {
		payload, err := told[k].payload(t.dialect)
		if err != nil {
			return err
		}
		rows[i].Payload = &payload
	}
	return nil
}

func (t *hookTarget) Chunk(ctx context.Context, row models.OutboxRow, limit int) (Chunk, error) {
	told, rest, err := nextOfBatch(ctx, t.store, row, limit, t.hook.Wants)
	if err != nil {
		return Chunk{}, err
	}
	if err := loadChatEvents(ctx, t.store, t.app.PK, told); err != nil {
		return Chunk{}, err
	}
	chunk := Chunk{Rest: rest, Events: make([]models.OutboxRow, len(told))}
	for i, e := range told {
		payload, err := e.payload(t.dialect)
		if err != nil {
			return Chunk{}, fmt.Errorf("%s of batch %d: %w", e.kind, row.ID, err)
		}
		chunk.Events[i] = e.row(row)
		chunk.Events[i].Payload = &payload
	}
	return chunk, nil
}

var _ HookStore = (*store.Store)(nil)
