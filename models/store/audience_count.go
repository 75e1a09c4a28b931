package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/filter"
	"herald/models"
)

// CountAudience counts the recipients that a campaign would have if it started now, each once, those that would be
// skipped included. Where that takes longer than patience, it gives an estimate instead, and says so.
func (s *Store) CountAudience(ctx context.Context, c models.Campaign, patience time.Duration) (n int64, estimate bool, err error) {
	if len(c.SegmentPKs) == 0 {
		return int64(len(c.UserIDs)), false, nil
	}
	// A real start leaves out who comes after it. Nobody has come after now, and clocks may differ.
	sources, err := s.Sources(ctx, c, databaseTime().AddDate(1, 0, 0))
	if err != nil {
		return 0, false, err
	}
	b := filter.NewBinder()
	query, err := countAudienceSQL(b, sources)
	if err != nil {
		return 0, false, err
	}
	err = inTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d", patience.Milliseconds())); err != nil {
			return err
		}
		return tx.QueryRow(ctx, query, b.Args()...).Scan(&n)
	})
	if isPg(err, pgQueryCanceled) {
		n, err = s.estimateAudience(ctx, sources)
		return n, true, err
	}
	return n, false, wrap(err, "count the audience of campaign %d/%s", c.AppPK, c.ID)
}

// countAudienceSQL counts the keys of all sources, each once. Filters are one scan of their table with the conditions
// joined by OR: three that overlap among 1,000,000 users take half a second, and two when their keys are united. Lists, and
// channels of the sender, are united with that; two lists of 1,000,000, in order of their index, take less than a second.
func countAudienceSQL(b *filter.Binder, sources []Source) (string, error) {
	parts, err := audienceParts(b, sources)
	if err != nil {
		return "", err
	}
	if len(parts) == 1 { // and has each key once
		return "SELECT count(*) FROM " + parts[0].from + " WHERE " + parts[0].where, nil
	}
	keys := make([]string, len(parts))
	for i, p := range parts {
		keys[i] = "SELECT " + p.key + " FROM " + p.from + " WHERE " + p.where
	}
	return "SELECT count(*) FROM (" + strings.Join(keys, " UNION ") + ") AS k", nil
}

// audienceParts are the sources as scopes, all filters in one.
func audienceParts(b *filter.Binder, sources []Source) ([]scope, error) {
	var parts []scope
	var table *Source
	var conditions []string
	for i, src := range sources {
		if src.Segment.Manual() || src.Segment.AllSenderChannels {
			sc, err := src.scope(b)
			if err != nil {
				return nil, err
			}
			parts = append(parts, sc)
			continue
		}
		table = &sources[i]
		condition := "true"
		if !src.Segment.AllUsers {
			var err error
			if condition, err = src.condition(b); err != nil {
				return nil, err
			}
		}
		conditions = append(conditions, condition)
	}
	if table != nil {
		sc := table.table(b)
		sc.where += " AND (" + strings.Join(conditions, " OR ") + ")"
		parts = append(parts, sc)
	}
	return parts, nil
}

// estimateAudience adds up the sizes of the segments, which are exact for lists and some minutes old for filters; where a
// filter was never counted, it is the planner that guesses. Who is in several segments counts several times, but not
// so that filters select more than there is.
func (s *Store) estimateAudience(ctx context.Context, sources []Source) (int64, error) {
	var listed, selected int64
	for _, src := range sources {
		seg := src.Segment
		switch {
		case seg.Manual():
			listed += seg.Size
		case seg.CountedAt != nil:
			selected += seg.Size
		default:
			rows, err := s.plannedRows(ctx, src.scope)
			if err != nil {
				return 0, err
			}
			selected += rows
		}
	}
	if selected > 0 {
		everything, err := s.plannedRows(ctx, func(b *filter.Binder) (scope, error) { return sources[0].table(b), nil })
		if err != nil {
			return 0, err
		}
		selected = min(selected, everything)
	}
	return selected + listed, nil
}

// plannedRows is how many rows Postgres expects in a scope; it reads none of them.
func (s *Store) plannedRows(ctx context.Context, of func(*filter.Binder) (scope, error)) (int64, error) {
	b := filter.NewBinder()
	sc, err := of(b)
	if err != nil {
		return 0, err
	}
	var doc []byte
	if err := s.pool.QueryRow(ctx, "EXPLAIN (FORMAT JSON) SELECT FROM "+sc.from+" WHERE "+sc.where, b.Args()...).Scan(&doc); err != nil {
		return 0, wrap(err, "estimate a part of an audience")
	}
	var plans []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if err := json.Unmarshal(doc, &plans); err != nil {
		return 0, fmt.Errorf("read a plan: %w", err)
	}
	if len(plans) != 1 {
		return 0, errors.New("read a plan: there is none")
	}
	return int64(plans[0].Plan.Rows), nil
}
