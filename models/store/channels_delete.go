package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// DeleteChannels marks channels deleted, all or none, with a task to show for it. When it returns they are deleted for
// everybody. In a hard deletion the task is pending: their messages and members, who may be millions, are still to be
// removed. Unknown and deleted channels are models.CodeInvalid.
func (s *Store) DeleteChannels(ctx context.Context, appPK int64, cids []string, hard bool) ([]models.Channel, models.Task, error) {
	var deleted []models.Channel
	var task models.Task
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		var err error
		if deleted, err = markChannelsTx(ctx, tx, appPK, cids, nil); err != nil {
			return err
		}
		if err := unknownChannels(cids, deleted); err != nil {
			return err
		}
		task, err = insertTaskTx(ctx, tx, appPK, models.TaskDeleteChannels, models.ChannelDeletion{CIDs: cids}, cids, !hard, *deleted[0].DeletedAt)
		return err
	})
	return deleted, task, wrap(err, "delete %d channels", len(cids))
}

func unknownChannels(cids []string, known []models.Channel) error {
	byCID := make(map[string]bool, len(known))
	for _, ch := range known {
		byCID[ch.CID] = true
	}
	var fields []models.FieldError
	for i, cid := range cids {
		if !byCID[cid] {
			fields = append(fields, models.FieldError{Path: fmt.Sprintf("cids[%d]", i), Reason: fmt.Sprintf("names the channel %q, which doesn't exist", cid)})
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return &models.Error{Code: models.CodeInvalid, Fields: fields}
}
