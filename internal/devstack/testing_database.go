package devstack

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestPostgres returns the URL of a new, empty database for one test, dropped at its end. The server is shared by the tests of
// one binary: the one of HERALD_TEST_DATABASE_URL, or a private one without regard for the data's safety.
//
// Where no server can be had, the test is skipped with a reason, or fails if HERALD_REQUIRE_STACK is 1.
func TestPostgres(tb testing.TB) string {
	tb.Helper()
	return newDatabase(tb, testServer(tb), "")
}

// A Template is a database that is prepared once per test binary and copied for each test, which takes a few hundredths of a
// second where migrations take seconds. Keep it in a package variable:
//
//	var migrated = devstack.Template{Prepare: migrate}
//
//	func TestSomething(t *testing.T) { url := migrated.Clone(t) … }
type Template struct {
	// Prepare fills the empty database behind url and closes its connections.
	Prepare func(ctx context.Context, url string) error

	once sync.Once
	name string
	err  error
}

// Clone returns the URL of a new copy of the template for one test, dropped at its end. It skips or fails like TestPostgres.
func (t *Template) Clone(tb testing.TB) string {
	tb.Helper()
	server := testServer(tb)
	t.once.Do(func() { t.name, t.err = t.make(server) })
	if t.err != nil {
		tb.Fatalf("prepare the template database: %v", t.err)
	}
	return newDatabase(tb, server, t.name)
}

func (t *Template) make(server string) (string, error) {
	// Not the first test's context: the template serves all.
	ctx := context.Background()
	name := testDatabaseName()
	if err := execute(ctx, server, "CREATE DATABASE "+quoted(name)); err != nil {
		return "", err
	}
	shared.beforeStop(func(ctx context.Context) error { return dropDatabase(ctx, server, name) })
	database, err := withDatabase(server, name)
	if err != nil {
		return "", err
	}
	if err := t.Prepare(ctx, database); err != nil {
		return "", err
	}
	// A database somebody is connected to cannot be copied. This keeps autovacuum out.
	return name, execute(ctx, server, "ALTER DATABASE "+quoted(name)+" ALLOW_CONNECTIONS false")
}

func testServer(tb testing.TB) string {
	tb.Helper()
	server, err := shared.postgres.get(shared.startPostgres)
	if err != nil {
		unavailable(tb, "Postgres", EnvTestDatabase, err)
	}
	return server
}

func newDatabase(tb testing.TB, server, template string) string {
	tb.Helper()
	name := testDatabaseName()
	create := "CREATE DATABASE " + quoted(name)
	if template != "" {
		create += " TEMPLATE " + quoted(template)
	}
	if err := execute(tb.Context(), server, create); err != nil {
		tb.Fatalf("make a test database: %v", err)
	}
	tb.Cleanup(func() {
		// The test's context has ended by now.
		if err := dropDatabase(context.Background(), server, name); err != nil {
			tb.Errorf("drop the test database: %v", err)
		}
	})
	database, err := withDatabase(server, name)
	if err != nil {
		tb.Fatalf("make a test database: %v", err)
	}
	return database
}

// testDatabaseName is unique among all test binaries that share a server.
func testDatabaseName() string { return "herald_test_" + strings.ToLower(rand.Text()) }

func dropDatabase(ctx context.Context, server, name string) error {
	return execute(ctx, server, "DROP DATABASE IF EXISTS "+quoted(name)+" WITH (FORCE)")
}

// quoted makes a name part of a statement: the names of databases cannot be parameters.
func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

func execute(ctx context.Context, server, statement string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func withDatabase(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", fmt.Errorf("test server: %w", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}
