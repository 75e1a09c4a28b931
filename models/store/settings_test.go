package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"herald/models"
	"herald/models/store"
)

func (w *world) settings() models.AppSettings {
	w.tb.Helper()
	a, err := w.AppSettings(w.tb.Context(), w.app)
	if err != nil {
		w.tb.Fatal(err)
	}
	return a
}

func (w *world) change(c store.AppChange) {
	w.tb.Helper()
	if err := w.UpdateApp(w.tb.Context(), w.app, c); err != nil {
		w.tb.Fatal(err)
	}
}

func hook(id, url string, events ...string) models.Hook {
	return models.Hook{
		ID: id, Enabled: true, EventTypes: append([]string{}, events...), WebhookURL: url,
		Product: models.HookProductAll, TimeoutMS: 1500, TimestampFormat: models.HookTimesUnixNano,
	}
}

var withoutTimes = cmpopts.IgnoreFields(models.Hook{}, "CreatedAt", "UpdatedAt")

func TestHooksAreReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, c := hook("a", "https://a.test"), hook("b", "https://b.test", "message.new"), hook("c", "https://c.test")
	w.change(store.AppChange{Hooks: &[]models.Hook{b, a}, WebhookURL: pointer("https://old.test")})
	before := w.settings()
	b.AppPK, a.AppPK, a.Position = w.app, w.app, 1
	if diff := cmp.Diff([]models.Hook{b, a}, before.Hooks, withoutTimes); diff != "" {
		t.Fatalf("hooks (-want +got):\n%s", diff)
	}
	b.TimeoutMS = 100
	w.change(store.AppChange{Hooks: &[]models.Hook{a, c, b}})
	after := w.settings()
	a.Position, c.Position, b.Position, c.AppPK = 0, 1, 2, w.app
	if diff := cmp.Diff([]models.Hook{a, c, b}, after.Hooks, withoutTimes); diff != "" {
		t.Fatalf("hooks (-want +got):\n%s", diff)
	}
	times := func(h models.Hook) [2]time.Time { return [2]time.Time{h.CreatedAt, h.UpdatedAt} }
	switch {
	case times(after.Hooks[0]) != times(before.Hooks[1]):
		t.Errorf("a hook that stays the same has other times: %v, before %v", after.Hooks[0], before.Hooks[1])
	case after.Hooks[2].CreatedAt != before.Hooks[0].CreatedAt || !after.Hooks[2].UpdatedAt.After(before.Hooks[0].UpdatedAt):
		t.Errorf("a hook that changed: %v, before %v", after.Hooks[2], before.Hooks[0])
	case !after.Hooks[1].CreatedAt.After(before.Hooks[0].CreatedAt):
		t.Errorf("a new hook is as old as an old one: %v", after.Hooks[1])
	}
	w.change(store.AppChange{Hooks: &[]models.Hook{}})
	if last := w.settings(); len(last.Hooks) != 0 || last.Legacy == nil {
		t.Errorf("without event_hooks: %+v, the legacy hook %+v", last.Hooks, last.Legacy)
	}
}

func TestLegacyHook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, tc := range []struct {
		url    *string
		events *[]string
		want   *models.Hook
	}{
		{nil, &[]string{}, nil},
		{nil, &[]string{"message.new"}, &models.Hook{EventTypes: []string{"message.new"}}},
		{pointer("https://a.test"), nil, &models.Hook{Enabled: true, WebhookURL: "https://a.test", EventTypes: []string{"message.new"}}},
		{nil, &[]string{}, &models.Hook{Enabled: true, WebhookURL: "https://a.test", EventTypes: []string{}}},
		{pointer("https://b.test"), &[]string{"*"}, &models.Hook{Enabled: true, WebhookURL: "https://b.test", EventTypes: []string{"*"}}},
		{pointer(""), nil, nil},
		{pointer(""), &[]string{"*"}, nil},
	} {
		w.change(store.AppChange{WebhookURL: tc.url, WebhookEvents: tc.events})
		if tc.want != nil {
			tc.want.AppPK, tc.want.ID, tc.want.Product = w.app, models.LegacyHookID, models.HookProductAll
			tc.want.TimeoutMS, tc.want.TimestampFormat = models.DefaultHookTimeoutMS, models.HookTimesRFC3339
		}
		if diff := cmp.Diff(tc.want, w.settings().Legacy, withoutTimes); diff != "" {
			t.Errorf("change %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestPinnedPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change(store.AppChange{MAUPlan: pointer(int64(5))})
	if err := w.SetPlan(t.Context(), "test", pointer(int64(7)), true); err != nil {
		t.Fatal(err)
	}
	change := store.AppChange{MAUPlan: pointer(int64(9)), MultiTenantEnabled: pointer(true), Hooks: &[]models.Hook{hook("a", "https://a.test")}}
	if err := w.UpdateApp(t.Context(), w.app, change); models.ErrorCode(err) != models.CodeNotAllowed {
		t.Errorf("a pinned plan: %v", err)
	}
	if a := w.settings(); a.MAUPlan != 7 || a.MultiTenantEnabled || len(a.Hooks) > 0 {
		t.Errorf("a refused change left something: %+v", a)
	}
	if err := w.SetPlan(t.Context(), "test", nil, false); err != nil {
		t.Fatal(err)
	}
	if a := w.settings(); a.MAUPlan != 7 || a.MAUPlanPinned {
		t.Errorf("unpinned: %+v", a)
	}
	w.change(change)
	if a := w.settings(); a.MAUPlan != 9 || !a.MultiTenantEnabled || len(a.Hooks) != 1 {
		t.Errorf("after the pin was lifted: %+v", a)
	}
	if err := w.SetPlan(t.Context(), "nobody", nil, true); models.ErrorCode(err) != models.CodeNotFound {
		t.Errorf("an unknown app: %v", err)
	}
}
