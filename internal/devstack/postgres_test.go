package devstack_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"herald/internal/devstack"
)

// postgresOptions are a private cluster in a directory of the test's own, which the server's user can reach.
func postgresOptions(t *testing.T) devstack.PostgresOptions {
	t.Helper()
	dir, err := os.MkdirTemp("", "herald-devstack-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return devstack.PostgresOptions{Dir: dir, BinDir: moduleBin(t)}
}

// moduleBin is where the module keeps fetched and built programs.
func moduleBin(t *testing.T) string {
	t.Helper()
	bin, err := filepath.Abs("../../.herald/bin")
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// startPostgres skips or fails like TestPostgres.
func startPostgres(t *testing.T, sup *devstack.Supervisor, o devstack.PostgresOptions) *devstack.Postgres {
	t.Helper()
	server, err := devstack.StartPostgres(t.Context(), sup, o)
	if errors.Is(err, devstack.ErrUnavailable) && os.Getenv(devstack.EnvRequire) != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func query[T any](t *testing.T, url, sql string) T {
	t.Helper()
	value, err := tryQuery[T](t.Context(), url, sql)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func tryQuery[T any](ctx context.Context, url, sql string) (T, error) {
	var value T
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return value, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, sql).Scan(&value)
	return value, err
}

func exec1(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestPostgresKeepsDataOverStopsAndKills(t *testing.T) {
	o := postgresOptions(t)
	sup := newSupervisor(t)
	server := startPostgres(t, sup, o)
	exec1(t, server.URL, "CREATE TABLE kept (n int)")
	exec1(t, server.URL, "INSERT INTO kept VALUES (1)")

	t.Run("settings", func(t *testing.T) {
		got := map[string]string{}
		for _, name := range []string{"server_encoding", "synchronous_commit", "fsync", "listen_addresses", "unix_socket_directories", "password_encryption"} {
			got[name] = query[string](t, server.URL, "SHOW "+name)
		}
		want := map[string]string{
			"server_encoding": "UTF8", "synchronous_commit": "on", "fsync": "on", "listen_addresses": "127.0.0.1",
			"unix_socket_directories": "", "password_encryption": "scram-sha-256",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("settings (-want +got):\n%s", diff)
		}
	})

	t.Run("a password is needed", func(t *testing.T) {
		before, after, _ := strings.Cut(server.URL, "@")
		wrong := before + "x@" + after
		if _, err := tryQuery[int](t.Context(), wrong, "SELECT 1"); err == nil {
			t.Error("a wrong password is let in")
		}
	})

	t.Run("a second stack on the directory", func(t *testing.T) {
		_, err := devstack.StartPostgres(t.Context(), newSupervisor(t), o)
		if !errors.Is(err, devstack.ErrInUse) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
			t.Errorf("StartPostgres: %v, want ErrInUse with the pid", err)
		}
	})

	t.Run("kill -9 of the postmaster", func(t *testing.T) {
		// A session that is busy when its postmaster goes: it may linger and hold the shared memory.
		busy, err := pgx.Connect(t.Context(), server.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer busy.Close(t.Context())
		exec1(t, server.URL, "INSERT INTO kept VALUES (2)")
		before := sup.Pids()["postgres"]
		if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, "both rows on the same port", func() bool {
			sum, err := tryQuery[int](t.Context(), server.URL, "SELECT sum(n) FROM kept")
			return err == nil && sum == 3
		})
		if now := sup.Pids()["postgres"]; now == before {
			t.Errorf("pid is still %d", now)
		}
	})

	t.Run("a cluster of a version that is not here", func(t *testing.T) {
		sup.Stop()
		file := filepath.Join(o.Dir, "postgres", "data", "PG_VERSION")
		version, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("9\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		other := newSupervisor(t)
		_, err = devstack.StartPostgres(t.Context(), other, o)
		if !errors.Is(err, devstack.ErrUnavailable) || !strings.Contains(err.Error(), "Postgres 9") {
			t.Errorf("StartPostgres: %v, want ErrUnavailable that names the version", err)
		}
		other.Stop()
		if err := os.WriteFile(file, version, 0o600); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("a new start", func(t *testing.T) {
		next := newSupervisor(t)
		again := startPostgres(t, next, o)
		if sum := query[int](t, again.URL, "SELECT sum(n) FROM kept"); sum != 3 {
			t.Errorf("sum = %d, want 3", sum)
		}
		next.Stop()
	})

	t.Run("a pid file whose process is another program now", func(t *testing.T) {
		other := exec.Command("sleep", "600")
		if owner := statOf(t, filepath.Join(o.Dir, "postgres")); owner.Uid != uint32(os.Geteuid()) {
			// Postgres minds only processes of its own user.
			other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
			other.Dir = "/"
		}
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := other.Process.Kill(); err != nil {
				t.Error(err)
			}
			_ = other.Wait() // "signal: killed"
		}()
		data := filepath.Join(o.Dir, "postgres", "data")
		content := strconv.Itoa(other.Process.Pid) + "\n" + data + "\n0\n0\n\n\n         0         0\n"
		if err := os.WriteFile(filepath.Join(data, "postmaster.pid"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		again := startPostgres(t, newSupervisor(t), o)
		if sum := query[int](t, again.URL, "SELECT sum(n) FROM kept"); sum != 3 {
			t.Errorf("sum = %d, want 3", sum)
		}
	})
}

func statOf(t *testing.T, path string) *syscall.Stat_t {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t)
}

func TestPostgresTakesTheNextPort(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	o := postgresOptions(t)
	o.Disposable = true
	o.Port = listener.Addr().(*net.TCPAddr).Port
	server := startPostgres(t, newSupervisor(t), o)
	if server.Port <= o.Port {
		t.Errorf("port %d, want one above the taken %d", server.Port, o.Port)
	}
	if got := query[string](t, server.URL, "SHOW fsync"); got != "off" {
		t.Errorf("fsync of a disposable cluster is %s", got)
	}
}

// An unprivileged server under root cannot enter a directory of root's own, such as a checkout below /root.
func TestPostgresBesideAnUnreachableDirectory(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root runs postgres as another user")
	}
	o := postgresOptions(t)
	closed := filepath.Join(o.Dir, "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	o.Dir = filepath.Join(closed, ".herald")
	sup := newSupervisor(t)
	server := startPostgres(t, sup, o)
	place := query[string](t, server.URL, "SHOW data_directory")
	t.Cleanup(func() {
		if err := os.RemoveAll(filepath.Dir(place)); err != nil {
			t.Error(err)
		}
	})
	if !strings.HasPrefix(place, os.TempDir()) || strings.HasPrefix(place, closed) {
		t.Errorf("data is in %s", place)
	}
	home := statOf(t, filepath.Dir(place))
	if home.Mode&0o777 != 0o700 || home.Uid == 0 {
		t.Errorf("mode %o, owner %d", home.Mode&0o777, home.Uid)
	}
	exec1(t, server.URL, "CREATE TABLE kept AS SELECT 1 AS n")
	sup.Stop()

	again := newSupervisor(t)
	server = startPostgres(t, again, o)
	if n := query[int](t, server.URL, "SELECT n FROM kept"); n != 1 {
		t.Errorf("n = %d after a second start", n)
	}
	again.Stop()

	// Emptying the directory is how a person starts afresh.
	if err := os.RemoveAll(o.Dir); err != nil {
		t.Fatal(err)
	}
	server = startPostgres(t, newSupervisor(t), o)
	if query[bool](t, server.URL, "SELECT to_regclass('kept') IS NOT NULL") {
		t.Error("the old data is still there after the directory was emptied")
	}
}

func TestPostgresGiven(t *testing.T) {
	given := devstack.TestPostgres(t)
	sup := newSupervisor(t)
	server := startPostgres(t, sup, devstack.PostgresOptions{URL: given})
	if diff := cmp.Diff(&devstack.Postgres{URL: given, External: true}, server); diff != "" {
		t.Errorf("StartPostgres (-want +got):\n%s", diff)
	}
	if pids := sup.Pids(); len(pids) != 0 {
		t.Errorf("started %v", pids)
	}
}
