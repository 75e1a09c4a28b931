package store

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// Classes of the advisory locks, the first of their two keys.
const (
	lockCampaign int32 = 0x48_01 // shared by batches of a campaign, exclusive for whoever writes its row
	lockBatch    int32 = 0x48_02 // two attempts at one batch take turns
	lockPoll     int32 = 0x48_03 // shared by votes and by starts of campaigns, exclusive for a poll's change and deletion
	lockVoter    int32 = 0x48_04 // votes of one user in one poll take turns
	lockDevices  int32 = 0x48_05 // devices of one user are added in turn
	lockApp      int32 = 0x48_06 // shared by batches of an app, exclusive for whoever must know exactly what they have sent
)

// fenceTimeout is how long a control waits for the batches in flight before it gives up with models.CodeUnavailable,
// nothing changed. Batches take well under a second; a frozen one is ended after frozenBatchTimeout.
const fenceTimeout = 8 * time.Second

// Control is one action on a campaign: by a client, a support tool or the campaign's own workflow.
type Control struct {
	Action       models.Action
	ScheduledFor *time.Time // start and schedule set both times, also to nothing
	StopAt       *time.Time
	models.Cause // kept with the move; that of a pause or a stop also with the campaign

	// Seen is the control_seq on which the caller's decision rests. If the row has moved on since, nothing is done and
	// the row is returned as it is. Nil: whatever the row says now.
	Seen *int64
}

// Control carries out an action on a campaign by the table of moves, and reports whether anything changed.
//
// It is the barrier: batches read the row FOR SHARE until they commit, so when Control returns from a pause or a stop,
// no batch of the campaign is open and none will commit until it is resumed. An action that the table refuses gives
// models.CodeInvalid, one that would send at once where the app's capacity is used up models.CodeNotAllowed, an unknown
// or deleted campaign models.CodeNotFound.
//
// Actions from outside the campaign's workflow, and those that change its hold, take the next control_seq. Begin and
// complete do not: they are the workflow's own steps, taken only if Seen is still the newest control.
func (s *Store) Control(ctx context.Context, appPK int64, id string, ctl Control) (models.Campaign, bool, error) {
	var c models.Campaign
	var changed bool
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		var err error
		if c, err = lockCampaignTx(ctx, tx, appPK, id); err != nil {
			return err
		}
		if ctl.Seen != nil && *ctl.Seen != c.ControlSeq {
			return nil
		}
		move, err := models.NextMove(c.Status, c.Hold, ctl.Action)
		if err != nil || move.Noop {
			return err
		}
		if ctl.Action == models.ActionStart || ctl.Action == models.ActionSchedule {
			if err := checkStartTx(ctx, tx, c); err != nil {
				return err
			}
		}
		if err := checkCapacityTx(ctx, tx, c, move, ctl.Action); err != nil {
			return err
		}
		if ctl.Action == models.ActionBegin && move.Hold == models.HoldNone {
			if move.Hold, ctl.Cause, err = holdAtBeginTx(ctx, tx, c); err != nil {
				return err
			}
		}
		changed = true
		c, err = writeMoveTx(ctx, tx, c, move, ctl)
		return err
	})
	return c, changed, wrap(err, "%s campaign %d/%s", ctl.Action, appPK, id)
}

// lockCampaignTx takes the exclusive side of the campaign's lock and reads its row FOR UPDATE. Without the advisory
// lock batches that arrive one after another would share the row past a waiting writer for ever.
func lockCampaignTx(ctx context.Context, tx pgx.Tx, appPK int64, id string) (models.Campaign, error) {
	batch := &pgx.Batch{}
	batch.Queue(fmt.Sprintf("SET LOCAL lock_timeout = %d", fenceTimeout.Milliseconds()))
	batch.Queue("SELECT pg_advisory_xact_lock($1, $2)", lockCampaign, campaignKey(appPK, id))
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return models.Campaign{}, fmt.Errorf("lock campaign: %w", err)
	}
	rows, err := tx.Query(ctx, "SELECT * FROM campaigns WHERE app_pk = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE", appPK, id)
	if err != nil {
		return models.Campaign{}, fmt.Errorf("read campaign: %w", err)
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByNameLax[models.Campaign])
	if errors.Is(err, pgx.ErrNoRows) {
		return c, models.NotFound("campaign", id)
	}
	return c, err
}

// campaignKey is the second key of the campaign's advisory lock. Two campaigns that share it only wait for each other.
func campaignKey(appPK int64, id string) int32 { return lockKey(strconv.FormatInt(appPK, 10), id) }

// appKey is the second key of an app's advisory lock.
func appKey(appPK int64) int32 { return lockKey(strconv.FormatInt(appPK, 10)) }

func lockKey(parts ...string) int32 {
	h := fnv.New32a()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return int32(h.Sum32()) //nolint:gosec // a hash; only its bits matter
}

// writeMoveTx writes what a move does to the row, notes the move and records its events. Every column of a campaign's state
// is written here.
func writeMoveTx(ctx context.Context, tx pgx.Tx, before models.Campaign, move models.Move, ctl Control) (models.Campaign, error) {
	control := ctl.Action != models.ActionBegin && ctl.Action != models.ActionComplete || move.Hold != before.Hold
	rows, err := tx.Query(ctx, `
		WITH moved AS (
		UPDATE campaigns SET
			status       = @status,
			hold         = @hold,
			control_seq  = control_seq + @step,
			held_at      = CASE WHEN @hold = 'none' THEN NULL WHEN hold = @hold THEN held_at ELSE clock_timestamp() END,
			held_by      = CASE WHEN @hold = 'none' THEN ''   WHEN hold = @hold THEN held_by ELSE @by END,
			hold_reason  = CASE WHEN @hold = 'none' THEN ''   WHEN hold = @hold THEN hold_reason ELSE @reason END,
			scheduled_for = CASE WHEN @times THEN @scheduled_for ELSE scheduled_for END,
			stop_at       = CASE WHEN @times THEN @stop_at ELSE stop_at END,
			started_at   = CASE WHEN @begin THEN coalesce(started_at, clock_timestamp()) ELSE started_at END,
			completed_at = CASE WHEN @ended AND started_at IS NOT NULL THEN coalesce(completed_at, clock_timestamp()) ELSE completed_at END,
			deleted_at   = CASE WHEN @delete THEN clock_timestamp() END,
			updated_at   = clock_timestamp()
		WHERE app_pk = @app AND id = @id AND control_seq = @seen
		RETURNING *
		), noted AS ( -- begin is repeated under the same control_seq when its answer was lost
			INSERT INTO campaign_moves (app_pk, campaign_id, control_seq, action, via, moved_by, reason, moved_at)
			SELECT app_pk, id, control_seq, @action, @via, @by, @reason, updated_at FROM moved ON CONFLICT DO NOTHING
		)
		SELECT * FROM moved`,
		pgx.StrictNamedArgs{
			"app": before.AppPK, "id": before.ID, "seen": before.ControlSeq,
			"status": string(move.Status), "hold": string(move.Hold), "step": btoi(control),
			"action": string(ctl.Action), "via": string(ctl.Via), "by": ctl.By, "reason": ctl.Reason,
			"times":         ctl.Action == models.ActionStart || ctl.Action == models.ActionSchedule,
			"scheduled_for": ctl.ScheduledFor, "stop_at": ctl.StopAt,
			"begin":  ctl.Action == models.ActionBegin,
			"ended":  move.Status == models.StatusStopped || move.Status == models.StatusCompleted,
			"delete": ctl.Action == models.ActionDelete,
		})
	if err != nil {
		return before, fmt.Errorf("write the move: %w", err)
	}
	after, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByNameLax[models.Campaign])
	if err != nil {
		return before, fmt.Errorf("write the move: %w", err)
	}
	return after, recordCampaignTx(ctx, tx, after, models.MoveEvents(ctl.Action, before, after)...)
}

func btoi(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// checkStartTx refuses a start whose sender, segments or poll are gone. It holds segments and poll against deletion until
// the start is committed.
func checkStartTx(ctx context.Context, tx pgx.Tx, c models.Campaign) error {
	active, err := userActiveTx(ctx, tx, c.AppPK, c.SenderID)
	if err != nil {
		return err
	}
	if !active {
		return models.InvalidField("sender_id", "user %q doesn't exist or is deactivated", c.SenderID)
	}
	rows, err := tx.Query(ctx, "SELECT segment_pk FROM segments WHERE segment_pk = ANY($1) AND deleted_at IS NULL ORDER BY segment_pk FOR SHARE", c.SegmentPKs)
	if err != nil {
		return fmt.Errorf("check the segments: %w", err)
	}
	alive, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("check the segments: %w", err)
	}
	if len(alive) != len(c.SegmentPKs) {
		return models.InvalidField("segment_ids", "names a segment that was deleted")
	}
	missing, err := missingPollTx(ctx, tx, c)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return &models.Error{Code: models.CodeInvalid, Fields: missing}
	}
	return nil
}

// holdAtBeginTx is the hold with which a campaign begins: paused when its sender is gone (contract 8.2) or the app's
// capacity is used up (15.2). One that began before and begins again may have nothing left to send: its batches see.
func holdAtBeginTx(ctx context.Context, tx pgx.Tx, c models.Campaign) (models.Hold, models.Cause, error) {
	cause := models.Cause{Via: models.ViaHerald}
	active, err := userActiveTx(ctx, tx, c.AppPK, c.SenderID)
	if err != nil {
		return models.HoldNone, cause, err
	}
	if !active {
		cause.Reason = models.ReasonSenderUnavailable
		return models.HoldPaused, cause, nil
	}
	if c.StartedAt != nil {
		return models.HoldNone, cause, nil
	}
	capacity, _, err := readCapacity(ctx, tx, c.AppPK)
	if err != nil {
		return models.HoldNone, cause, fmt.Errorf("read the capacity: %w", err)
	}
	if !capacity.Fits(1) {
		cause.Reason = models.ReasonMessageCapacity
		return models.HoldPaused, cause, nil
	}
	return models.HoldNone, cause, nil
}

func userActiveTx(ctx context.Context, tx pgx.Tx, appPK int64, id string) (bool, error) {
	var active bool
	err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM users WHERE app_pk = $1 AND id = $2 AND deleted_at IS NULL AND deactivated_at IS NULL)",
		appPK, id).Scan(&active)
	if err != nil {
		return false, fmt.Errorf("look up the sender: %w", err)
	}
	return active, nil
}

// SetRecipients records how many recipients a campaign that has just begun has.
func (s *Store) SetRecipients(ctx context.Context, appPK int64, id string, total int64) error {
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := lockCampaignTx(ctx, tx, appPK, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "UPDATE campaigns SET recipients_total = $3 WHERE app_pk = $1 AND id = $2", appPK, id, total)
		return err
	})
	return wrap(err, "record the recipients of campaign %d/%s", appPK, id)
}
