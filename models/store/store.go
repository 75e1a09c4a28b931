package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"herald/models"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Options of a store.
type Options struct {
	MaxConns      int // connections for everything but batches; default 16
	MaxBatchConns int // connections for batches; default 16. They connect when first used

	Push bool // messages are recorded for push: somebody will deliver or drop what is recorded
}

const (
	defaultMaxConns = 16

	// A worker frozen inside a batch holds the campaign's fence. After this long Postgres ends its session, and the
	// COMMIT it may try later fails. It must be shorter than fenceTimeout, or a pause would give up first.
	frozenBatchTimeout = 2 * time.Second
	// The longest a statement of a batch may run.
	batchStatementTimeout = 30 * time.Second
)

// Store is Herald's database. Its methods are safe for concurrent use.
type Store struct {
	pool    *pgxpool.Pool // everything but batches
	batches *pgxpool.Pool // apart, so that a stop never waits behind batches for a connection
	db      *gorm.DB      // over pool
	push    bool          // see Options.Push
}

// Open prepares connections to the database at url; it does not wait for the database to be there.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	pool, err := newPool(ctx, url, "herald", o.MaxConns, nil)
	if err != nil {
		return nil, err
	}
	params := map[string]string{
		"idle_in_transaction_session_timeout": fmt.Sprint(frozenBatchTimeout.Milliseconds()),
		"statement_timeout":                   fmt.Sprint(batchStatementTimeout.Milliseconds()),
	}
	maps.Copy(params, byKey)
	batches, err := newPool(ctx, url, "herald batches", o.MaxBatchConns, params)
	if err != nil {
		pool.Close()
		return nil, err
	}
	db, err := gorm.Open(
		postgres.New(postgres.Config{Conn: stdlib.OpenDBFromPool(pool)}),
		&gorm.Config{SkipDefaultTransaction: true, DisableAutomaticPing: true, Logger: logger.Discard, NowFunc: databaseTime},
	)
	if err != nil {
		pool.Close()
		batches.Close()
		return nil, fmt.Errorf("open gorm over the pool: %w", err)
	}
	return &Store{pool: pool, batches: batches, db: db, push: o.Push}, nil
}

func newPool(ctx context.Context, url, name string, maxConns int, params map[string]string) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("parse the database URL: %w", err)
	}
	if maxConns <= 0 {
		maxConns = defaultMaxConns
	}
	cfg.MaxConns = int32(maxConns) //nolint:gosec // a configured count of connections, far below the limit
	cfg.ConnConfig.RuntimeParams["application_name"] = name
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	for k, v := range params {
		cfg.ConnConfig.RuntimeParams[k] = v
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("prepare the pool %q: %w", name, err)
	}
	return pool, nil
}

// Close gives the connections back.
func (s *Store) Close() {
	s.batches.Close()
	s.pool.Close()
}

// Ping says whether the database answers and is migrated.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return wrap(s.pool.QueryRow(ctx, `SELECT 1 FROM goose_db_version LIMIT 1`).Scan(&one), "ping the database")
}

// Migrate brings the schema of the database at url to the newest version. Several processes may call it at once: they
// take turns under an advisory lock.
func Migrate(ctx context.Context, url string) error {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("parse the database URL: %w", err)
	}
	db := stdlib.OpenDB(*cfg)
	defer db.Close()
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("open the embedded migrations: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("make the migration lock: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, dir, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	return nil
}

// inTx runs f in a READ COMMITTED transaction of the pool and commits it, unless f fails.
func inTx(ctx context.Context, pool *pgxpool.Pool, f func(tx pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, f)
}

// databaseTime is the time of day in the resolution that Postgres keeps, so that what is answered after a write is
// what a later read gives.
func databaseTime() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Postgres error codes that this package tells apart.
const (
	pgUniqueViolation  = "23505"
	pgLockNotAvailable = "55P03"
	pgQueryCanceled    = "57014"
)

// wrap adds what was being done to err. Where the database was not reachable or did not answer in time the result is
// of models.CodeUnavailable; errors meant for clients pass through as they are.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	var shown *models.Error
	if errors.As(err, &shown) {
		return err
	}
	err = fmt.Errorf(format+": %w", append(args, err)...)
	if unavailable(err) {
		return models.Unavailable(err)
	}
	return err
}

func unavailable(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, net.ErrClosed) || pgconn.Timeout(err) {
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		// Class 57P: the server is going down or starting. 08: connection exceptions. 53: out of resources.
		return pg.Code == pgLockNotAvailable || pg.Code[:2] == "08" || pg.Code[:2] == "53" || len(pg.Code) > 2 && pg.Code[:3] == "57P"
	}
	return pgconn.SafeToRetry(err)
}

func isPg(err error, code string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == code
}
