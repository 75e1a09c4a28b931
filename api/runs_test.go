package api_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"herald/api"
	"herald/models"
	"herald/workflows"
)

// recordedRuns remembers what it was told, and answers with err.
type recordedRuns struct {
	mu        sync.Mutex
	told      []string
	err       error
	execution workflows.Execution
	hang      bool // waits for the end of its context, as a call to a dead server does
}

var _ api.Runs = (*recordedRuns)(nil)

func (r *recordedRuns) Start(ctx context.Context, c models.Campaign) error {
	return r.note(ctx, "start "+c.ID+" "+string(c.Status))
}

func (r *recordedRuns) Control(ctx context.Context, c models.Campaign, action models.Action) error {
	return r.note(ctx, string(action)+" "+c.ID+" "+string(c.Status))
}

func (r *recordedRuns) StartTask(ctx context.Context, task models.Task) error {
	return r.note(ctx, "task "+string(task.Kind)+" "+task.ID)
}

func (r *recordedRuns) Execution(context.Context, models.Campaign) workflows.Execution {
	return r.execution
}

func (r *recordedRuns) note(ctx context.Context, what string) error {
	r.mu.Lock()
	r.told = append(r.told, what)
	r.mu.Unlock()
	if r.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return r.err
}

// want checks what was told since the last time.
func (r *recordedRuns) want(t *testing.T, told ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if diff := cmp.Diff(append([]string(nil), told...), r.told); diff != "" {
		t.Errorf("told to the workflows (-want +got):\n%s", diff)
	}
	r.told = nil
}

// withRuns makes a harness whose workflows are recorded.
func withRuns(t *testing.T) (*harness, *recordedRuns) {
	t.Helper()
	runs := &recordedRuns{}
	return newHarness(t, func(c *api.Config) { c.Runs = runs }), runs
}

// exec changes the database behind the API's back.
func (h *harness) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), h.url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// m is a JSON object in a test.
type m = map[string]any

// draft creates a campaign to one user id that need not exist; more adds to or replaces its fields. It returns the
// campaign's object.
func (h *harness) draft(t *testing.T, id string, more m) m {
	t.Helper()
	body := m{"id": id, "sender_id": "shop", "message_template": m{"text": "Hi"}, "user_ids": []string{"ann"}}
	for k, v := range more {
		body[k] = v
	}
	if more["segment_ids"] != nil {
		delete(body, "user_ids")
	}
	return at(t, h.mustCall(t, 201, "POST", "/campaigns", body), "campaign").(m)
}

func jsonNumber(digits string) json.Number { return json.Number(digits) }

// wantFields checks that a request was refused for exactly these fields.
func wantFields(t *testing.T, a answer, fields ...string) {
	t.Helper()
	wantError(t, a, 400, models.CodeInvalid, "", "")
	got := []string{}
	named, _ := a.body["exception_fields"].(map[string]any)
	for field := range named {
		got = append(got, field)
	}
	slices.Sort(got)
	slices.Sort(fields)
	if diff := cmp.Diff(fields, got); diff != "" {
		t.Errorf("invalid fields (-want +got):\n%s%s", diff, a.raw)
	}
}

// tenant is a second app on the same server.
func (h *harness) tenant(t *testing.T) *harness {
	t.Helper()
	app, err := h.store.CreateApp(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	other := *h
	other.app, other.token = app, sign(t, app.Secret, jwt.MapClaims{"server": true})
	return &other
}
