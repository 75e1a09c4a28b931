package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"herald/filter"
	"herald/models"
)

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// writer is a querier that also writes.
type writer interface {
	querier
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// Query asks for one page of a list.
type Query struct {
	Filter *filter.Filter
	Sort   filter.Sort
	Limit  int // rows of a page, at least 1

	// Key is the row where the page begins, exclusive: the rows after it, or before it with Backward. Nil is the first
	// page. A key that does not belong to Sort gives an error that wraps filter.ErrKey.
	Key      filter.Key
	Backward bool
}

// Page is some rows of a list, always in the list's order.
type Page[T any] struct {
	Rows []T
	Prev filter.Key // of the first row, if rows precede it
	Next filter.Key // of the last row, if rows follow it
}

// list is where the rows of a query come from.
type list struct {
	from  string // table and alias, as the filter's entity calls it
	where string // which rows there are at all; its placeholders are those of args
	args  []any
}

// readPage reads a page by key. It reads one row more than asked for to see whether rows follow, and looks for one row
// on the side that the page came from: the row of the key may be gone by now.
func readPage[T any](ctx context.Context, db querier, columns string, l list, q Query, scan pgx.RowToFunc[T]) (Page[T], error) {
	b := filter.NewBinder(l.args...)
	conditions := l.where + " AND " + q.Filter.Where(b)
	if q.Key != nil {
		beyond, err := q.Sort.After(b, q.Key, q.Backward)
		if err != nil {
			return Page[T]{}, err
		}
		conditions += " AND " + beyond
	}
	backward := q.Backward && q.Key != nil
	sql := fmt.Sprintf("SELECT %s, ARRAY[%s] FROM %s WHERE %s ORDER BY %s LIMIT %s", columns,
		strings.Join(q.Sort.Columns(b), ", "), l.from, conditions, q.Sort.OrderBy(b, backward), b.Bind(q.Limit+1))
	rows, err := db.Query(ctx, sql, b.Args()...)
	if err != nil {
		return Page[T]{}, err
	}
	var p Page[T]
	var keys []filter.Key
	p.Rows, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (T, error) {
		var key filter.Key
		t, err := scan(keyedRow{row, &key})
		keys = append(keys, key)
		return t, err
	})
	if err != nil || len(p.Rows) == 0 {
		return p, err
	}
	more := len(p.Rows) > q.Limit
	if more {
		p.Rows, keys = p.Rows[:q.Limit], keys[:q.Limit]
	}
	if backward {
		slices.Reverse(p.Rows)
		slices.Reverse(keys)
	}
	first, last := keys[0], keys[len(keys)-1]
	switch {
	case q.Key == nil:
		if more {
			p.Next = last
		}
		return p, nil
	case backward:
		if more {
			p.Prev = first
		}
		p.Next, err = keyIfRows(ctx, db, l, q, last, false)
	default:
		if more {
			p.Next = last
		}
		p.Prev, err = keyIfRows(ctx, db, l, q, first, true)
	}
	return p, err
}

// keyIfRows gives key if rows of the query lie beyond it. It asks for the nearest of them: an EXISTS, which has no order,
// would soon be planned to read the table from its beginning, up to the first row that lies beyond.
func keyIfRows(ctx context.Context, db querier, l list, q Query, key filter.Key, backward bool) (filter.Key, error) {
	b := filter.NewBinder(l.args...)
	beyond, err := q.Sort.After(b, key, backward)
	if err != nil {
		return nil, err
	}
	var exist bool
	sql := fmt.Sprintf("SELECT count(*) > 0 FROM (SELECT FROM %s WHERE %s AND %s AND %s ORDER BY %s LIMIT 1) AS nearest",
		l.from, l.where, q.Filter.Where(b), beyond, q.Sort.OrderBy(b, backward))
	if err := db.QueryRow(ctx, sql, b.Args()...).Scan(&exist); err != nil || !exist {
		return nil, err
	}
	return key, nil
}

// keyedRow hides the last column of a row, which is the row's key.
type keyedRow struct {
	pgx.CollectableRow
	key *filter.Key
}

func (r keyedRow) FieldDescriptions() []pgconn.FieldDescription {
	all := r.CollectableRow.FieldDescriptions()
	return all[:len(all)-1]
}

func (r keyedRow) Scan(dest ...any) error {
	return r.CollectableRow.Scan(append(slices.Clone(dest), r.key)...)
}

// QuerySegments gives a page of the segments that are not deleted.
func (s *Store) QuerySegments(ctx context.Context, appPK int64, q Query) (Page[models.Segment], error) {
	l := list{from: "segments AS s", where: "s.app_pk = $1 AND s.deleted_at IS NULL", args: []any{appPK}}
	p, err := readPage(ctx, s.pool, "s.*", l, q, scanSegment)
	return p, wrap(err, "query the segments of app %d", appPK)
}

// QueryTargets gives a page of a segment's list; a segment that is no manual list has none.
func (s *Store) QueryTargets(ctx context.Context, seg models.Segment, q Query) (Page[models.Target], error) {
	l := list{from: "segment_targets AS t", where: "t.segment_pk = $1", args: []any{seg.PK}}
	p, err := readPage(ctx, s.pool, "t.target_id, t.created_at", l, q, pgx.RowToStructByName[models.Target])
	return p, wrap(err, "query the targets of the segment %d/%s", seg.AppPK, seg.ID)
}

// QueryCampaigns gives a page of the campaigns that are not deleted.
func (s *Store) QueryCampaigns(ctx context.Context, appPK int64, q Query) (Page[models.Campaign], error) {
	l := list{from: "campaigns AS c", where: "c.app_pk = $1 AND c.deleted_at IS NULL", args: []any{appPK}}
	p, err := readPage(ctx, s.pool, "c.*", l, q, scanCampaign)
	return p, wrap(err, "query the campaigns of app %d", appPK)
}
