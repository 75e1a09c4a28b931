package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// Delivery is one batch, ready to commit: what was rendered for the targets of one range.
type Delivery struct {
	AppPK      int64
	CampaignID string
	Source     int
	After      string // the range is (After, Through]
	Through    string
	Recipients int // targets found in the range

	SenderID string
	Messages []NewMessage     // in order of recipient, each recipient once
	Outcomes []models.Outcome // in any order
	Channels ChannelRule

	// What every message of the batch has alike; nil is none. A message's own value wins.
	Attachments []byte
	Custom      []byte
	PollID      *string
	// MentionReceiver makes each message mention its receiver. The targets are users.
	MentionReceiver bool

	Pace Pace // whose turn was waited for; no more messages than its Size
}

// NewMessage is one message of a batch.
type NewMessage struct {
	ID          string
	CID         string
	Recipient   string // user id or cid of the target
	Receiver    string // user id; empty for a channel target
	Text        string
	Attachments []byte // JSON, nil: the batch's
	Custom      []byte // JSON, nil: the batch's
	// ChannelCustom is the custom data of the channel if it has to be created.
	ChannelCustom []byte
}

// ChannelRule says what a batch does about channels and members (contract 10.2 and 10.3).
type ChannelRule struct {
	Create        bool
	Team          *string
	Members       []RuleMember // of a created channel besides the receiver, sender included
	IncludeSender bool         // the sender becomes a member of existing channels too
	Show          bool         // un-hide the channel for the receiver, or for all but the sender
}

// RuleMember is a member that every created channel gets.
type RuleMember struct {
	UserID      string          `json:"user_id"`
	ChannelRole *string         `json:"channel_role"` // nil is models.DefaultChannelRole
	Custom      json.RawMessage `json:"custom,omitempty"`
	Hidden      bool            `json:"hidden"`
	Archived    bool            `json:"archived"`
}

// Delivered says what became of a batch.
type Delivered struct {
	Held         bool          // the fence was closed, nothing was committed
	SenderGone   bool          // the sender is deleted or deactivated, nothing was committed
	State        models.State  // of the campaign as the batch saw it
	Counts       models.Counts // what this range has committed, earlier attempts included
	ChannelsGone bool          // a channel vanished since it was read, nothing was committed; read again
	NoCapacity   bool          // the app's capacity is used up by this batch or before it; what it does not cover was not committed
}

// errAbandoned rolls a batch back on purpose; what to do instead is in Delivered.
var errAbandoned = errors.New("batch abandoned")

// Deliver commits a batch in one transaction, or nothing of it.
//
// The fence comes first: the shared lock, then the campaign's row FOR SHARE until the commit, so that a pause or stop
// waits for this batch and no later one gets through. Then the claim: each message is inserted under the unique key
// (campaign, recipient), and only what was really inserted has channels, members and counts written for it. So a batch
// may be repeated, run twice at once, or overlap another segment's: a recipient has one message.
//
// All writes of a kind are in order of key, messages before channels before members, so that transactions that meet
// wait for each other instead of deadlocking.
func (s *Store) Deliver(ctx context.Context, d Delivery) (Delivered, error) {
	out, err := s.deliver(ctx, &batch{Delivery: d, push: s.push})
	if errors.Is(err, errScarce) {
		out, err = s.deliver(ctx, &batch{Delivery: d, push: s.push, alone: true})
	}
	if errors.Is(err, errAbandoned) {
		return out, nil
	}
	return out, wrap(err, "deliver batch (%q, %q] of campaign %d/%s", d.After, d.Through, d.AppPK, d.CampaignID)
}

func (s *Store) deliver(ctx context.Context, b *batch) (out Delivered, err error) {
	err = inTx(ctx, s.batches, func(tx pgx.Tx) error {
		b.tx = tx
		var err error
		if out, err = b.fence(ctx); err != nil {
			return err
		}
		for _, step := range []func(context.Context) error{
			b.ration, b.claim, b.writeChannels, b.writeMembers, b.writeOutcomes, b.writeTotals, b.moveLate, b.record, b.charge,
		} {
			if err := step(ctx); err != nil {
				out.ChannelsGone = b.channelsGone
				return err
			}
		}
		out.Counts, out.NoCapacity = b.counts, b.noCapacity
		return nil
	})
	return out, err
}

// batch is a delivery inside its transaction.
type batch struct {
	Delivery
	tx    pgx.Tx
	alone bool      // no other batch of the app is under way
	trial bool      // the messages are test messages
	now   time.Time // of the database, after the fence: created_at of messages and outcomes
	plan  int64     // of the app

	claimed  []NewMessage // the messages that this transaction inserted
	created  []string     // cids
	existing []string     // cids of claimed messages that were there before
	late     []string     // cids of channels that are younger than the batch
	moved    []string     // recipients whose message was moved behind the creation of its channel
	joined   []string     // cids of existing channels that the sender became a member of
	shown    []models.Shown
	counts   models.Counts

	hooks, push bool // who is to be told of what the batch does

	capacity     models.Capacity // if the app has a plan
	noCapacity   bool
	channelsGone bool
}

func (b *batch) fence(ctx context.Context) (Delivered, error) {
	var out Delivered
	var deleted, sender bool
	q := &pgx.Batch{}
	q.Queue("SELECT pg_advisory_xact_lock_shared($1, $2)", lockCampaign, campaignKey(b.AppPK, b.CampaignID))
	// Two attempts at one batch would otherwise both look for outcomes before either wrote one.
	q.Queue("SELECT pg_advisory_xact_lock($1, $2)", lockBatch,
		lockKey(strconv.FormatInt(b.AppPK, 10), b.CampaignID, strconv.Itoa(b.Source), b.After))
	b.queueAppLock(q)
	q.Queue(`
		SELECT status, hold, control_seq, held_at, held_by, hold_reason, scheduled_for, stop_at, deleted_at IS NOT NULL, clock_timestamp(),
			EXISTS (SELECT FROM users u WHERE u.app_pk = $1 AND u.id = $3 AND u.deleted_at IS NULL AND u.deactivated_at IS NULL),
			coalesce((SELECT mau_plan FROM apps a WHERE a.app_pk = $1), 0), `+tellsHooks+`, $4 AND NOT skip_push
		FROM campaigns WHERE app_pk = $1 AND id = $2 FOR SHARE OF campaigns`, b.AppPK, b.CampaignID, b.SenderID, b.push).
		QueryRow(func(row pgx.Row) error {
			return row.Scan(&out.State.Status, &out.State.Hold, &out.State.ControlSeq, &out.State.HeldAt, &out.State.HeldBy, &out.State.HoldReason,
				&out.State.ScheduledFor, &out.State.StopAt, &deleted, &b.now, &sender, &b.plan, &b.hooks, &b.push)
		})
	err := b.tx.SendBatch(ctx, q).Close()
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		deleted = true
		out.State.Status, out.State.Hold = models.StatusStopped, models.HoldStopped
	case err != nil:
		return out, fmt.Errorf("read the fence: %w", err)
	}
	out.Held = deleted || !out.State.Open()
	out.SenderGone = !out.Held && !sender
	if out.Held || out.SenderGone {
		return out, errAbandoned
	}
	return out, nil
}

// claim inserts the messages and keeps those that were really inserted. A recipient that an earlier attempt or another
// segment has settled, by a message or by an outcome, is left alone. OFFSET 0, here and in writeOutcomes, keeps Postgres
// from making a join of the look-ups, for which it would read the whole campaign.
func (b *batch) claim(ctx context.Context) error {
	if len(b.Messages) == 0 {
		return nil
	}
	cols := newMessageColumns(b.Messages)
	rows, err := b.tx.Query(ctx, `
		INSERT INTO messages (app_pk, id, cid, user_id, text, attachments, custom, mentioned_users, poll_id, campaign_id, recipient, created_at, updated_at)
		SELECT $1, r.id, r.cid, $2, r.text, coalesce(r.attachments::jsonb, $3::jsonb), coalesce(r.custom::jsonb, $4::jsonb),
			CASE WHEN $14 THEN ARRAY[r.recipient] END, $5, $6, r.recipient, $7, $7
		FROM unnest($8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[])
			AS r (id, cid, text, recipient, attachments, custom)
		WHERE NOT EXISTS (SELECT FROM campaign_outcomes o WHERE o.app_pk = $1 AND o.campaign_id = $6 AND o.recipient = r.recipient OFFSET 0)
		ON CONFLICT (app_pk, campaign_id, recipient) WHERE recipient IS NOT NULL DO NOTHING
		RETURNING recipient`,
		b.AppPK, b.SenderID, jsonText(b.Attachments), jsonText(b.Custom), b.PollID, b.CampaignID, b.now,
		cols.ids, cols.cids, cols.texts, cols.recipients, cols.attachments, cols.customs, b.MentionReceiver)
	if err != nil {
		return fmt.Errorf("insert messages: %w", err)
	}
	recipients, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("insert messages: %w", err)
	}
	b.counts.Sent = int64(len(recipients))
	if len(recipients) == len(b.Messages) {
		b.claimed = b.Messages
		return nil
	}
	b.claimed = b.messagesTo(recipients)
	return nil
}

// messagesTo are the messages of the batch to some of its recipients, in the batch's order.
func (b *batch) messagesTo(recipients []string) []NewMessage {
	wanted := make(map[string]bool, len(recipients))
	for _, r := range recipients {
		wanted[r] = true
	}
	messages := make([]NewMessage, 0, len(recipients))
	for _, m := range b.Messages {
		if wanted[m.Recipient] {
			messages = append(messages, m)
		}
	}
	return messages
}

func (b *batch) writeOutcomes(ctx context.Context) error {
	if len(b.Outcomes) == 0 {
		return nil
	}
	n := len(b.Outcomes)
	outcomes := slices.SortedFunc(slices.Values(b.Outcomes), func(x, y models.Outcome) int { return strings.Compare(x.Recipient, y.Recipient) })
	recipients, statuses, codes, reasons := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	for i, o := range outcomes {
		recipients[i], statuses[i], codes[i], reasons[i] = o.Recipient, string(o.Status), string(o.Code), o.Reason
	}
	rows, err := b.tx.Query(ctx, `
		INSERT INTO campaign_outcomes (app_pk, campaign_id, recipient, status, error_code, error, created_at)
		SELECT $1, $2, r.recipient, r.status, r.code, r.reason, $3
		FROM unnest($4::text[], $5::text[], $6::text[], $7::text[]) AS r (recipient, status, code, reason)
		WHERE NOT EXISTS (SELECT FROM messages m WHERE m.app_pk = $1 AND m.campaign_id = $2 AND m.recipient = r.recipient OFFSET 0)
		ON CONFLICT DO NOTHING
		RETURNING status`,
		b.AppPK, b.CampaignID, b.now, recipients, statuses, codes, reasons)
	if err != nil {
		return fmt.Errorf("insert outcomes: %w", err)
	}
	written, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("insert outcomes: %w", err)
	}
	for _, status := range written {
		if models.OutcomeStatus(status) == models.OutcomeFailed {
			b.counts.Failed++
		} else {
			b.counts.Skipped++
		}
	}
	return nil
}

// writeTotals adds what this transaction committed to the batch's row and reads the row back, so that a repeated batch
// returns the same numbers as the first.
func (b *batch) writeTotals(ctx context.Context) error {
	if err := b.countUsersSent(ctx); err != nil {
		return err
	}
	c := &b.counts
	err := b.tx.QueryRow(ctx, `
		INSERT INTO campaign_batches AS t (app_pk, campaign_id, source, after_key, through_key, recipients,
			sent, failed, skipped, channels_created, users_sent, committed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (app_pk, campaign_id, source, after_key, through_key) DO UPDATE SET
			recipients = greatest(t.recipients, excluded.recipients),
			sent_before = CASE WHEN excluded.sent > 0 AND date_trunc('month', t.committed_at) < date_trunc('month', excluded.committed_at)
				THEN t.sent ELSE t.sent_before END,
			sent = t.sent + excluded.sent, failed = t.failed + excluded.failed, skipped = t.skipped + excluded.skipped,
			channels_created = t.channels_created + excluded.channels_created, users_sent = t.users_sent + excluded.users_sent,
			committed_at = CASE WHEN excluded.sent > 0 THEN excluded.committed_at ELSE t.committed_at END
		RETURNING sent, failed, skipped, channels_created, users_sent`,
		b.AppPK, b.CampaignID, b.Source, b.After, b.Through, b.Recipients,
		c.Sent, c.Failed, c.Skipped, c.ChannelsCreated, c.UsersSent, b.now).
		Scan(&c.Sent, &c.Failed, &c.Skipped, &c.ChannelsCreated, &c.UsersSent)
	if err != nil {
		return fmt.Errorf("write the batch's totals: %w", err)
	}
	return nil
}

// countUsersSent counts the users the claimed messages reach: one for a user target, the members other than the sender
// for a channel target.
func (b *batch) countUsersSent(ctx context.Context) error {
	var cids []string
	for _, m := range b.claimed {
		if m.Receiver == "" {
			cids = append(cids, m.CID)
		}
	}
	b.counts.UsersSent = int64(len(b.claimed) - len(cids))
	if len(cids) == 0 {
		return nil
	}
	var members int64
	err := b.tx.QueryRow(ctx, `
		SELECT coalesce(sum(m.n), 0)::bigint FROM unnest($2::text[]) AS k (cid) CROSS JOIN LATERAL (
			SELECT count(*) AS n FROM channel_members WHERE app_pk = $1 AND cid = k.cid AND user_id <> $3
		) m`,
		b.AppPK, cids, b.SenderID).Scan(&members)
	if err != nil {
		return fmt.Errorf("count the members reached: %w", err)
	}
	b.counts.UsersSent += members
	return nil
}
