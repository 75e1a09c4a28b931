package activities_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/testsuite"

	"herald/activities"
	"herald/internal/devstack"
	"herald/models"
	"herald/models/store"
	"herald/workflows"
)

func TestMain(m *testing.M) { os.Exit(devstack.RunTests(m)) }

var migrated = devstack.Template{Prepare: store.Migrate}

const (
	sender = "boss"
	last   = "\U0010FFFF" // past every key of a test
)

// hooks is the real store with places where a test can step in. Nil hooks do nothing.
type hooks struct {
	*store.Store
	targets       func([]store.UserTarget)       // changes what UserTargets gives
	count         func() int64                   // instead of CountSource
	beforeDeliver func(n int)                    // the n-th call of Deliver, from 1
	afterDeliver  func(n int)                    // …
	deliver       func() (store.Delivered, bool) // instead of Deliver, if true
	deliveries    int
}

func (h *hooks) CountSource(ctx context.Context, src store.Source) (int64, error) {
	if h.count != nil {
		return h.count(), nil
	}
	return h.Store.CountSource(ctx, src)
}

func (h *hooks) UserTargets(ctx context.Context, src store.Source, after, through string, limit int) ([]store.UserTarget, error) {
	targets, err := h.Store.UserTargets(ctx, src, after, through, limit)
	if h.targets != nil {
		h.targets(targets)
	}
	return targets, err
}

func (h *hooks) Deliver(ctx context.Context, d store.Delivery) (store.Delivered, error) {
	if h.deliver != nil {
		if out, ok := h.deliver(); ok {
			return out, nil
		}
	}
	if h.beforeDeliver == nil && h.afterDeliver == nil {
		return h.Store.Deliver(ctx, d)
	}
	h.deliveries++
	if h.beforeDeliver != nil {
		h.beforeDeliver(h.deliveries)
	}
	out, err := h.Store.Deliver(ctx, d)
	if h.afterDeliver != nil {
		h.afterDeliver(h.deliveries)
	}
	return out, err
}

// told is a call of the launcher.
type told struct {
	What string // "start" or an action
	ID   string
	Seq  int64
}

// launcher notes what it is told, and fails for the campaigns in errors.
type launcher struct {
	mu     sync.Mutex
	calls  []told
	errors map[string]error // of Control by campaign, of StartTask by task

	standing map[string]workflows.ExecutionStatus // by campaign or task; where nothing is said, Temporal does not answer
	asked    func(models.Campaign)                // called before Standing answers
}

func (l *launcher) Standing(_ context.Context, c models.Campaign) (workflows.ExecutionStatus, error) {
	if l.asked != nil {
		l.asked(c)
	}
	standing, ok := l.standing[c.ID]
	if !ok {
		return workflows.ExecutionUnknown, errors.New("connection refused")
	}
	return standing, nil
}

func (l *launcher) TaskStanding(ctx context.Context, task models.Task) (workflows.ExecutionStatus, error) {
	return l.Standing(ctx, models.Campaign{ID: task.ID})
}

func (l *launcher) StartTask(_ context.Context, task models.Task) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, told{"task", task.ID, 0})
	return l.errors[task.ID]
}

func (l *launcher) Start(_ context.Context, c models.Campaign) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, told{"start", c.ID, c.ControlSeq})
	return nil
}

func (l *launcher) Control(_ context.Context, c models.Campaign, action models.Action) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, told{string(action), c.ID, c.ControlSeq})
	return l.errors[c.ID]
}

// world is the database of one test and the activities over it.
type world struct {
	*store.Store
	t        *testing.T
	db       *pgxpool.Pool
	app      int64
	hooks    *hooks
	launcher *launcher
	acts     *activities.Activities
}

func newWorld(t *testing.T, configure ...func(*activities.Config)) *world {
	t.Helper()
	url := migrated.Clone(t)
	s, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	db, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	app, err := s.CreateApp(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Store: s, t: t, db: db, app: app.PK, hooks: &hooks{Store: s}, launcher: &launcher{errors: map[string]error{}, standing: map[string]workflows.ExecutionStatus{}}}
	w.restart(configure...)
	w.users(models.User{ID: sender})
	return w
}

// restart makes the activities anew, as after a restart of the worker: nothing is cached.
func (w *world) restart(configure ...func(*activities.Config)) {
	cfg := activities.Config{Store: w.hooks, Launcher: w.launcher, Log: slog.New(slog.DiscardHandler)}
	for _, c := range configure {
		c(&cfg)
	}
	w.acts = activities.New(cfg)
}

// reset empties the database for the next of several cases, which costs less than another database.
func (w *world) reset(t *testing.T) {
	w.t = t
	w.exec(`TRUNCATE users, channels, channel_members, messages, segments, segment_targets, campaigns, campaign_controls, campaign_batches, campaign_outcomes`)
	w.restart()
	w.users(models.User{ID: sender})
}

// run runs a registered activity.
func run[T any](w *world, name string, in ...any) (T, error) {
	w.t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet{})
	env := suite.NewTestActivityEnvironment()
	w.acts.RegisterSteps(env)
	w.acts.RegisterSending(env)
	var out T
	value, err := env.ExecuteActivity(name, in...)
	if err != nil {
		return out, err
	}
	if value.HasValue() {
		err = value.Get(&out)
	}
	return out, err
}

// ran is run for an activity that must not fail.
func ran[T any](w *world, name string, in ...any) T {
	w.t.Helper()
	out, err := run[T](w, name, in...)
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	return out
}

type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.db.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// query reads rows of a single column.
func query[T any](w *world, sql string, args ...any) []T {
	w.t.Helper()
	rows, err := w.db.Query(w.t.Context(), sql, args...)
	if err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return found
}

// users makes users who have been there for a day.
func (w *world) users(users ...models.User) {
	w.t.Helper()
	for chunk := range slices.Chunk(users, models.MaxUsersPerUpsert) {
		for i := range chunk {
			chunk[i].Role = models.DefaultRole
		}
		if _, err := w.UpsertUsers(w.t.Context(), w.app, chunk); err != nil {
			w.t.Fatal(err)
		}
	}
	w.exec(`UPDATE users SET created_at = now() - interval '1 day' WHERE created_at > now() - interval '1 hour'`)
}

// ids makes users of these ids.
func (w *world) ids(ids ...string) {
	w.t.Helper()
	users := make([]models.User, len(ids))
	for i, id := range ids {
		users[i].ID = id
	}
	w.users(users...)
}

func (w *world) channel(cid string, members ...string) {
	w.t.Helper()
	var list []models.Member
	for _, id := range members {
		list = append(list, models.Member{UserID: id})
	}
	if _, err := w.CreateChannel(w.t.Context(), models.Channel{AppPK: w.app, CID: cid, CreatedBy: "founder"}, list); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) segment(seg models.Segment, targets ...string) {
	w.t.Helper()
	seg.AppPK = w.app
	if _, err := w.CreateSegment(w.t.Context(), seg); err != nil {
		w.t.Fatal(err)
	}
	if len(targets) > 0 {
		if err := w.AddTargets(w.t.Context(), w.app, seg.ID, targets); err != nil {
			w.t.Fatal(err)
		}
	}
}

// started makes a campaign whose start was accepted. It greets, and creates channels.
func (w *world) started(id string, changes ...func(*models.Campaign)) models.Campaign {
	w.t.Helper()
	c := models.Campaign{AppPK: w.app, ID: id, Name: "Greetings", SenderID: sender, CreateChannels: true, MessageTemplate: models.MessageTemplate{Text: "Hi {{ receiver.id }}"}}
	for _, change := range changes {
		change(&c)
	}
	if _, err := w.CreateCampaign(w.t.Context(), c, nil, func(models.Campaign) []models.FieldError { return nil }); err != nil {
		w.t.Fatal(err)
	}
	return w.control(id, models.ActionStart)
}

// begun makes a campaign that the workflow has begun.
func (w *world) begun(id string, changes ...func(*models.Campaign)) (models.Campaign, workflows.Plan) {
	w.t.Helper()
	c := w.started(id, changes...)
	res := ran[workflows.BeginResult](w, workflows.ActivityBegin, beginning(c, c.ControlSeq))
	if !res.Done {
		w.t.Fatalf("did not begin: %+v", res)
	}
	return w.read(id), res.Plan
}

func (w *world) control(id string, action models.Action) models.Campaign {
	w.t.Helper()
	c, _, err := w.Control(w.t.Context(), w.app, id, store.Control{Action: action})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) read(id string) models.Campaign {
	w.t.Helper()
	c, err := w.Campaign(w.t.Context(), w.app, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// all is the batch of a campaign's whole first source.
func all(c models.Campaign, size int) workflows.BatchInput {
	return workflows.BatchInput{Ref: ref(c), Through: last, Size: size}
}

// settled lists what became of a campaign's recipients: "ann sent: Hi ann", "bob skipped unknown_user: …".
func (w *world) settled(id string) []string {
	w.t.Helper()
	return query[string](w, `
		SELECT recipient || ' sent: ' || text FROM messages WHERE app_pk = $1 AND campaign_id = $2
		UNION ALL SELECT recipient || ' ' || status || ' ' || error_code || ': ' || error FROM campaign_outcomes WHERE app_pk = $1 AND campaign_id = $2
		ORDER BY 1`, w.app, id)
}

// codes is settled without texts.
func (w *world) codes(id string) []string {
	w.t.Helper()
	list := w.settled(id)
	for i, s := range list {
		list[i], _, _ = strings.Cut(s, ":")
	}
	return list
}

func ref(c models.Campaign) workflows.Ref {
	return workflows.Ref{AppPK: c.AppPK, CampaignID: c.ID}
}

func pointer[T any](v T) *T { return &v }
