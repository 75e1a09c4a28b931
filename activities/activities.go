package activities

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"herald/models"
	"herald/models/store"
	"herald/workflows"
)

// Store is what the activities need of the database.
type Store interface {
	Control(ctx context.Context, appPK int64, id string, ctl store.Control) (models.Campaign, bool, error)
	SetRecipients(ctx context.Context, appPK int64, id string, total int64) error
	Acknowledge(ctx context.Context, appPK int64, id string, seq int64) error
	Unacknowledged(ctx context.Context, after models.Position, grace time.Duration, limit int) ([]models.Campaign, error)
	Acknowledged(ctx context.Context, after models.Position, grace time.Duration, limit int) ([]models.Campaign, error)

	Campaign(ctx context.Context, appPK int64, id string) (models.Campaign, error)
	Users(ctx context.Context, appPK int64, ids []string) (map[string]models.User, error)

	Sources(ctx context.Context, c models.Campaign, started time.Time) ([]store.Source, error)
	CountSource(ctx context.Context, src store.Source) (int64, error)
	CutBatches(ctx context.Context, src store.Source, after string, size, limit int) ([]store.Bound, error)
	UserTargets(ctx context.Context, src store.Source, after, through string, limit int) ([]store.UserTarget, error)
	ChannelTargets(ctx context.Context, src store.Source, after, through string, limit int) ([]store.ChannelTarget, error)
	LiveChannels(ctx context.Context, appPK int64, cids []string) (map[string]*models.Channel, error)
	Turn(ctx context.Context, d store.Delivery) (time.Duration, error)
	Deliver(ctx context.Context, d store.Delivery) (store.Delivered, error)

	TaskStore
}

// TaskStore is what tasks need of the database.
type TaskStore interface {
	Task(ctx context.Context, appPK int64, id string) (models.Task, error)
	PendingTasks(ctx context.Context, grace time.Duration, limit int) ([]models.Task, error)
	CompleteTask(ctx context.Context, appPK int64, id string, about []string) error
	FailTask(ctx context.Context, appPK int64, id, errorType, description string) error
	FinishDeletingUsers(ctx context.Context, appPK int64, d models.UserDeletion, at time.Time) error
	FinishDeletingChannels(ctx context.Context, appPK int64, cids []string, at time.Time) error
}

// Launcher starts workflows, tells those of campaigns of controls, and asks after them; workflows.Launcher is one.
type Launcher interface {
	Start(ctx context.Context, c models.Campaign) error
	Control(ctx context.Context, c models.Campaign, action models.Action) error
	Standing(ctx context.Context, c models.Campaign) (workflows.ExecutionStatus, error)
	StartTask(ctx context.Context, task models.Task) error
	TaskStanding(ctx context.Context, task models.Task) (workflows.ExecutionStatus, error)
}

// Config of the activities.
type Config struct {
	Store    Store
	Launcher Launcher
	Log      *slog.Logger

	PageSize   int // most recipients of a page; default 20,000
	BatchSize  int // most recipients of a batch, one activity; default 5,000
	CommitSize int // most recipients of a transaction; default 1,000
}

// Defaults of Config, as measured: see docs/performance.md.
const (
	DefaultPageSize   = 20_000
	DefaultBatchSize  = 5_000
	DefaultCommitSize = 1_000
)

// Activities are the activities of every queue.
type Activities struct {
	Config
	definitions definitions
	sending     sending
}

// New makes the activities.
func New(cfg Config) *Activities {
	if cfg.PageSize <= 0 {
		cfg.PageSize = DefaultPageSize
	}
	if cfg.BatchSize <= 0 {
		cfg.BatchSize = DefaultBatchSize
	}
	if cfg.CommitSize <= 0 {
		cfg.CommitSize = DefaultCommitSize
	}
	return &Activities{Config: cfg}
}

// Registry takes activities; a Temporal worker is one.
type Registry interface {
	RegisterActivityWithOptions(a any, options activity.RegisterOptions)
}

// RegisterSteps registers what runs on workflows.QueueCampaigns.
func (a *Activities) RegisterSteps(r Registry) {
	register(r, workflows.ActivityBegin, a.Begin)
	register(r, workflows.ActivityPlanPages, a.PlanPages)
	register(r, workflows.ActivityControl, a.Control)
	register(r, workflows.ActivityComplete, a.Complete)
	register(r, workflows.ActivityAcknowledge, a.Acknowledge)
	register(r, workflows.ActivityReconcile, a.Reconcile)
	register(r, workflows.ActivityRunTask, a.RunTask)
}

// RegisterSending registers what runs on workflows.QueueSend, workflows.QueueSmall and workflows.QueuePaced.
func (a *Activities) RegisterSending(r Registry) {
	register(r, workflows.ActivitySendBatch, a.SendBatch)
}

func register(r Registry, name string, f any) {
	r.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: name})
}

// heartbeatEvery must stay well under the heartbeat timeout that the workflows set. The first comes only after this
// long: most batches are through before and cost the server no heartbeat.
const heartbeatEvery = 1500 * time.Millisecond

// alive heartbeats until the returned function is called.
func alive(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(heartbeatEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return func() { cancel(); <-done }
}

// misconfigured is the error of a campaign that cannot be sent as it is, however often it is tried.
func misconfigured(err error) error {
	return temporal.NewNonRetryableApplicationError("the campaign cannot be sent", workflows.ErrorCampaignConfig, err)
}

func isCode(err error, code models.Code) bool {
	var e *models.Error
	return errors.As(err, &e) && e.Code == code
}
