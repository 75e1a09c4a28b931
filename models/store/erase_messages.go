package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// erasePage is how many messages, memberships or channels one transaction of a deletion takes: some 10 ms of work.
const erasePage = 1000

// erasure says what becomes of messages that are deleted, one or millions; there is no other way in which messages go. A
// message of a campaign is the claim on its recipient (messages_once_per_recipient), and what the campaign's recipients
// are listed from: its row stays whatever is deleted, in a hard deletion without content and as models.MessageErased.
//
// Rows are changed by the range of keys that a page ends, not by a join with the page: with the statistics of tables
// that are just being filled Postgres compares every row of the page with every row of the app.
type erasure struct {
	which  string // the rows that are not yet as they are to be; m is the message
	set    string // SET of an UPDATE
	remove bool   // rows without a recipient are deleted
}

const emptied = `, custom = NULL, mentioned_users = NULL, poll_id = NULL, silent = false`

var erasures = map[models.Deletion]erasure{
	models.DeleteSoft:    {which: `m.deleted_at IS NULL`, set: markedAs(models.MessageDeleted)},
	models.DeletePruning: {which: shownMessage, set: markedAs(models.MessageDeleted) + emptied},
	models.DeleteHard:    {which: shownMessage, set: markedAs(models.MessageErased) + emptied, remove: true},
}

func markedAs(messageType string) string {
	return `type = '` + messageType + `', text = '', attachments = NULL,
		deleted_at = coalesce(m.deleted_at, clock_timestamp()), updated_at = clock_timestamp()`
}

// claims erases the rows of messages that are claims of a campaign, others those that are not.
func (e erasure) claims(rows string) string {
	return `UPDATE messages AS m SET ` + e.set + ` WHERE m.recipient IS NOT NULL AND ` + e.which + ` AND ` + rows
}

func (e erasure) others(rows string) string {
	if e.remove {
		return `DELETE FROM messages AS m WHERE m.recipient IS NULL AND ` + rows
	}
	return `UPDATE messages AS m SET ` + e.set + ` WHERE m.recipient IS NULL AND ` + e.which + ` AND ` + rows
}

// eraseMessageTx deletes one message.
func eraseMessageTx(ctx context.Context, tx pgx.Tx, appPK int64, id string, how models.Deletion) error {
	const this = `m.app_pk = $1 AND m.id = $2`
	for _, statement := range []string{erasures[how].claims(this), erasures[how].others(this)} {
		if _, err := tx.Exec(ctx, statement, appPK, id); err != nil {
			return err
		}
	}
	return nil
}

// ofTheDeleted is true of a message or membership r of user $2 that a deletion at $3 is about: everything, unless the
// user has come back since, whose new life is left alone.
func ofTheDeleted(r string) string {
	return `(` + r + `.created_at <= $3 OR NOT EXISTS (SELECT FROM users AS u WHERE u.app_pk = $1 AND u.id = $2 AND u.deleted_at IS NULL))`
}

// eraseMessagesBy deletes the messages that a user has sent until a time: ordinary ones and tests of campaigns, then
// those of the user's campaigns.
func (s *Store) eraseMessagesBy(ctx context.Context, appPK int64, userID string, how models.Deletion, at time.Time) error {
	e := erasures[how]
	ordinary := `
		WITH page AS MATERIALIZED (
			SELECT id FROM messages WHERE app_pk = $1 AND user_id = $2 AND recipient IS NULL AND id > $4 ORDER BY id LIMIT $5
		), erased AS (` + e.others(`m.app_pk = $1 AND m.user_id = $2 AND m.id > $4 AND m.id <= (SELECT max(id) FROM page) AND `+ofTheDeleted("m")) + `)
		SELECT max(id) FROM page`
	if err := s.erasePages(ctx, ordinary, appPK, userID, at); err != nil {
		return fmt.Errorf("erase the messages of the user %q: %w", userID, err)
	}
	campaigns, err := s.campaignsOf(ctx, appPK, userID)
	if err != nil {
		return fmt.Errorf("list the campaigns of the user %q: %w", userID, err)
	}
	ofCampaign := `
		WITH page AS MATERIALIZED (
			SELECT recipient FROM messages WHERE app_pk = $1 AND campaign_id = $6 AND recipient > $4 ORDER BY recipient LIMIT $5
		), erased AS (` + e.claims(`m.app_pk = $1 AND m.campaign_id = $6 AND m.recipient > $4 AND m.recipient <= (SELECT max(recipient) FROM page)
			AND m.user_id = $2 AND `+ofTheDeleted("m")) + `)
		SELECT max(recipient) FROM page`
	for _, id := range campaigns {
		if err := s.awaitBatches(ctx, appPK, id); err != nil {
			return fmt.Errorf("wait for the batches of the campaign %q: %w", id, err)
		}
		if err := s.erasePages(ctx, ofCampaign, appPK, userID, at, id); err != nil {
			return fmt.Errorf("erase the messages of the campaign %q: %w", id, err)
		}
	}
	return nil
}

// erasePages repeats a statement that works on one page and gives the page's last key, each in a transaction of its own.
func (s *Store) erasePages(ctx context.Context, statement string, appPK int64, userID string, at time.Time, more ...any) error {
	after := ""
	for {
		var last *string
		args := append([]any{appPK, userID, at, after, erasePage}, more...)
		if err := s.pool.QueryRow(ctx, statement, args...).Scan(&last); err != nil {
			return err
		}
		if last == nil {
			return nil
		}
		after = *last
	}
}

// campaignsOf lists the campaigns that have begun to send in a user's name, deleted ones too. A campaign's sender does
// not change after that.
func (s *Store) campaignsOf(ctx context.Context, appPK int64, userID string) ([]string, error) {
	var ids []string
	err := s.pool.QueryRow(ctx, `
		SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM campaigns WHERE app_pk = $1 AND sender_id = $2 AND started_at IS NOT NULL`,
		appPK, userID).Scan(&ids)
	return ids, err
}

// awaitBatches waits until the batches of a campaign that are in flight have ended. Those that begin afterwards see what
// was committed before the call.
func (s *Store) awaitBatches(ctx context.Context, appPK int64, campaignID string) error {
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := lockCampaignTx(ctx, tx, appPK, campaignID)
		return err
	})
	if models.ErrorCode(err) == models.CodeNotFound { // deleted: its fence is closed
		return nil
	}
	return err
}
