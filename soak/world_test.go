package soak_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"

	"herald/internal/heralddev"
	"herald/models"
	"herald/workflows"
)

// world is a running stack and what observes it.
type world struct {
	*heralddev.Herald
	temporal client.Client
	app      int64
}

// patience is how long anything may take that has to happen. The reconciler, which repairs what a dead process left
// undone, comes every minute.
const patience = 3 * time.Minute

// newWorld runs a stack with users and observers, which ends with the test.
func newWorld(t *testing.T, users int, environment []string, args ...string) *world {
	t.Helper()
	binDir, err := filepath.Abs("../.herald/bin")
	must(t, err)
	var log bytes.Buffer
	began := time.Now()
	h, err := heralddev.Start(t.Context(), heralddev.Options{Program: program, BinDir: binDir, Args: args, Env: environment, Log: &log})
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	t.Cleanup(func() {
		logs := ""
		if t.Failed() {
			logs = h.Logs()
		}
		if err := h.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("herald dev said:\n%s\n%s", log.String(), logs)
		}
	})
	w := &world{Herald: h}
	must(t, w.observe(t.Context()))
	must(t, w.SeedUsers(t.Context(), users))
	must(t, w.DB.QueryRow(t.Context(), "SELECT min(app_pk) FROM apps").Scan(&w.app))
	w.temporal, err = client.Dial(client.Options{HostPort: w.TemporalAddress, Namespace: w.TemporalNamespace})
	must(t, err)
	t.Cleanup(w.temporal.Close)
	t.Logf("the stack took %v to start", time.Since(began).Round(time.Millisecond))
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// observe has Postgres keep the time of every commit, and every state of a campaign's row in a table.
func (w *world) observe(ctx context.Context) error {
	if _, err := w.DB.Exec(ctx, "ALTER SYSTEM SET track_commit_timestamp = on"); err != nil {
		return err
	}
	if err := w.Signal("postgres", syscall.SIGINT); err != nil { // a fast stop; it is started again
		return err
	}
	err := heralddev.Await(ctx, "Postgres to keep the times of commits", patience, func() bool {
		var on string
		return w.DB.QueryRow(ctx, "SHOW track_commit_timestamp").Scan(&on) == nil && on == "on"
	})
	if err != nil {
		return err
	}
	err = heralddev.Await(ctx, "the API to find it again", patience, func() bool {
		_, status, err := w.Call(ctx, http.MethodGet, "/campaigns/none", nil)
		return err == nil && status == http.StatusNotFound
	})
	if err != nil {
		return err
	}
	_, err = w.DB.Exec(ctx, `
		CREATE TABLE soak_moves (n bigserial PRIMARY KEY, campaign_id text NOT NULL, status text NOT NULL, hold text NOT NULL,
			control_seq bigint NOT NULL, deleted boolean NOT NULL, began boolean NOT NULL);
		CREATE INDEX ON soak_moves (campaign_id);
		CREATE FUNCTION soak_move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO soak_moves (campaign_id, status, hold, control_seq, deleted, began)
			VALUES (NEW.id, NEW.status, NEW.hold, NEW.control_seq, NEW.deleted_at IS NOT NULL, NEW.started_at IS NOT NULL);
			RETURN NULL;
		END $$;
		CREATE TRIGGER soak_inserted AFTER INSERT ON campaigns FOR EACH ROW EXECUTE FUNCTION soak_move();
		CREATE TRIGGER soak_updated AFTER UPDATE ON campaigns FOR EACH ROW
			WHEN ((OLD.status, OLD.hold, OLD.control_seq, OLD.deleted_at IS NULL) IS DISTINCT FROM (NEW.status, NEW.hold, NEW.control_seq, NEW.deleted_at IS NULL))
			EXECUTE FUNCTION soak_move()`)
	return err
}

// call is one call of the API that was made.
type call struct {
	action   models.Action
	from, to time.Time // asked, answered
	status   int       // of HTTP; 0 where there was no answer
	message  string    // of a refusal
	state    state     // of the campaign in a 2xx
	err      error     // instead of an answer
}

func (c call) ok() bool { return c.status/100 == 2 }

func (c call) String() string {
	if c.err != nil {
		return fmt.Sprintf("%s %s: %v", clock(c.from), c.action, c.err)
	}
	return fmt.Sprintf("%s %s answered %d after %v: %s %s", clock(c.from), c.action, c.status, c.to.Sub(c.from).Round(time.Millisecond), c.state, c.message)
}

func clock(t time.Time) string { return t.UTC().Format("05.000000") }

// do makes the API's call for an action; body may be nil.
func (w *world) do(ctx context.Context, action models.Action, id string, body map[string]any) call {
	method, path := http.MethodPost, "/campaigns/"+id
	switch action {
	case models.ActionStart, models.ActionSchedule:
		path += "/start"
	case models.ActionUpdate:
		method = http.MethodPut
	case models.ActionDelete:
		method = http.MethodDelete
	case actionCreate:
		path = "/campaigns"
	default:
		path += "/" + string(action)
	}
	c := call{action: action, from: time.Now()}
	answer, status, err := w.Call(ctx, method, path, body)
	c.to, c.status, c.err = time.Now(), status, err
	c.message, _ = answer["message"].(string)
	if campaign, ok := answer["campaign"].(map[string]any); ok {
		c.state = shown(campaign)
	}
	return c
}

// actionCreate is none of the table: a campaign is created under the id of one that was deleted.
const actionCreate models.Action = "create"

// shown is the state that a campaign's object tells.
func shown(campaign map[string]any) state {
	status, _ := campaign["status"].(string)
	s := state{Status: models.Status(status), Hold: models.HoldNone}
	switch {
	case campaign["paused"] == true:
		s.Hold = models.HoldPaused
	case s.Status == models.StatusStopped:
		s.Hold = models.HoldStopped
	}
	return s
}

// signal sends a bare signal to a campaign's workflow, as a support tool does. False means that none is running.
func (w *world) signal(ctx context.Context, id, name string, body any) (bool, error) {
	err := w.temporal.SignalWorkflow(ctx, w.workflow(id), "", name, body)
	if isNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

func (w *world) workflow(id string) string { return workflows.CampaignWorkflowID(w.app, id) }

// segment creates a segment of users and gives its id.
func (w *world) segment(ctx context.Context, filter map[string]any) (string, error) {
	answer, status, err := w.Call(ctx, http.MethodPost, "/segments", map[string]any{"type": "user", "filter": filter})
	if err != nil || status != http.StatusCreated {
		return "", errors.Join(fmt.Errorf("create a segment: status %d, %v", status, answer), err)
	}
	segment, _ := answer["segment"].(map[string]any)
	id, _ := segment["id"].(string)
	return id, nil
}

// create creates a campaign as a draft.
func (w *world) create(ctx context.Context, id string, fields map[string]any) error {
	if c := w.do(ctx, actionCreate, id, creation(fields)); !c.ok() {
		return fmt.Errorf("create campaign %s: %v", id, c)
	}
	return nil
}

// creation is the body that creates a campaign.
func creation(fields map[string]any) map[string]any {
	body := map[string]any{
		"sender_id": heralddev.Sender, "create_channels": true,
		"message_template": map[string]any{"text": "Hi {{ receiver.name }} from {{ receiver.city }}, I'm {{ sender.name }}!"},
	}
	maps.Copy(body, fields)
	return body
}

// row is what Postgres says of a campaign now.
type row struct {
	state
	ScheduledFor, StopAt *time.Time
	Acked                int64
}

func (w *world) row(ctx context.Context, id string) (row, error) {
	var r row
	err := w.DB.QueryRow(ctx, `
		SELECT c.status, c.hold, c.control_seq, c.deleted_at IS NOT NULL, c.scheduled_for, c.stop_at, coalesce(k.acked_seq, 0)
		FROM campaigns c LEFT JOIN campaign_controls k ON k.app_pk = c.app_pk AND k.campaign_id = c.id
		WHERE c.app_pk = $1 AND c.id = $2`, w.app, id).
		Scan(&r.Status, &r.Hold, &r.Seq, &r.Deleted, &r.ScheduledFor, &r.StopAt, &r.Acked)
	return r, err
}

// messages counts what a campaign has committed.
func (w *world) messages(ctx context.Context, id string) (messages, recipients int64, err error) {
	err = w.DB.QueryRow(ctx, "SELECT count(*), count(DISTINCT recipient) FROM messages WHERE app_pk = $1 AND campaign_id = $2", w.app, id).
		Scan(&messages, &recipients)
	return messages, recipients, err
}

// sent is the sum of the statistics' rows: cheaper than messages while a campaign runs.
func (w *world) sent(ctx context.Context, id string) (n int64, err error) {
	err = w.DB.QueryRow(ctx, "SELECT coalesce(sum(sent), 0)::bigint FROM campaign_batches WHERE app_pk = $1 AND campaign_id = $2", w.app, id).Scan(&n)
	return n, err
}

// trace is the row's history and the commits of a campaign's messages.
func (w *world) trace(ctx context.Context, id string) (trace, error) {
	var tr trace
	rows, err := w.DB.Query(ctx, `
		SELECT status, hold, control_seq, deleted, began, pg_xact_commit_timestamp(xmin) FROM soak_moves WHERE campaign_id = $1 ORDER BY n`, id)
	if err != nil {
		return tr, err
	}
	tr.moves, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (moment, error) {
		var m moment
		err := r.Scan(&m.Status, &m.Hold, &m.Seq, &m.Deleted, &m.Began, &m.At)
		return m, err
	})
	if err != nil {
		return tr, err
	}
	rows, err = w.DB.Query(ctx, `
		SELECT pg_xact_commit_timestamp(xmin), count(*) FROM messages WHERE app_pk = $1 AND campaign_id = $2 GROUP BY xmin ORDER BY 1`, w.app, id)
	if err != nil {
		return tr, err
	}
	tr.commits, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (commit, error) {
		var c commit
		err := r.Scan(&c.At, &c.Messages)
		return c, err
	})
	return tr, err
}
