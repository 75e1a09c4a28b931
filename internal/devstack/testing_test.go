package devstack_test

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"herald/internal/devstack"
)

var prepared atomic.Int32

var numbers = devstack.Template{Prepare: func(ctx context.Context, url string) error {
	prepared.Add(1)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE TABLE numbers AS SELECT n FROM generate_series(1, 10) AS n")
	return err
}}

func TestTemplate(t *testing.T) {
	for _, name := range []string{"a", "b", "c", "d"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := numbers.Clone(t)
			if n := query[int](t, url, "SELECT count(*)::int FROM numbers"); n != 10 {
				t.Errorf("%d rows at the start: the clones are not separate", n)
			}
			exec1(t, url, "DELETE FROM numbers WHERE n > 5")
		})
	}
	t.Cleanup(func() {
		if n := prepared.Load(); n != 1 {
			t.Errorf("prepared %d times", n)
		}
	})
}

func TestPostgresIsEmptyPerTest(t *testing.T) {
	for range 2 {
		t.Run("", func(t *testing.T) {
			exec1(t, devstack.TestPostgres(t), "CREATE TABLE numbers (n int)")
		})
	}
}

// Test binaries of several packages run at once, each with its own servers.
func TestTwoTestBinariesAtOnce(t *testing.T) {
	devstack.TestPostgres(t) // skips where there is no server
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			binary := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^(TestTemplate|TestPostgresIsEmptyPerTest)$", "-test.v")
			if output, err := binary.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
	wait.Wait()
}
