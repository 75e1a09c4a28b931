package devstack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

const (
	oldestPostgres = 15
	// fetchedPostgres is the version taken where the machine has none.
	fetchedPostgres = embeddedpostgres.V17
	// fetchPatience bounds a download of some 30 MB.
	fetchPatience = 5 * time.Minute
)

// serverPlaces are where packages put server programs without linking them into PATH: Debian, Red Hat, Homebrew.
var serverPlaces = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
}

// findServer returns the directory with the server's programs that h's cluster needs: those of its version, else those on PATH
// if they are new enough, else the newest, else fetched ones.
func findServer(ctx context.Context, log *slog.Logger, h home, binDir string) (string, error) {
	made := h.version()
	best, bestVersion := "", 0
	for i, dir := range serverDirs() {
		version := serverVersion(ctx, h.user, dir)
		if made != "" && strconv.Itoa(version) == made {
			return dir, nil
		}
		if onPath := i == 0; version >= oldestPostgres && version > bestVersion {
			best, bestVersion = dir, version
			if onPath && made == "" {
				return dir, nil
			}
		}
	}
	if made == "" && best != "" {
		return best, nil
	}
	if fetchedMajor, _, _ := strings.Cut(string(fetchedPostgres), "."); made != "" && made != fetchedMajor {
		return "", fmt.Errorf("%s was made by Postgres %s, which this machine does not have: install it or remove the directory: %w",
			h.path, made, ErrUnavailable)
	}
	fetched, err := fetchServer(ctx, log, h.user, binDir)
	if err != nil {
		return "", fmt.Errorf("no Postgres %d or newer on PATH, in /usr/lib/postgresql or from Homebrew, and none could be fetched (%w): "+
			"install one (apt install postgresql, brew install postgresql@17) or set HERALD_DATABASE_URL to a running one: %w",
			oldestPostgres, err, ErrUnavailable)
	}
	return fetched, nil
}

// serverDirs lists where servers may be; the first is the one of PATH, "" if PATH has none.
func serverDirs() []string {
	dirs := []string{""}
	if path, err := exec.LookPath("postgres"); err == nil {
		if absolute, err := filepath.Abs(path); err == nil {
			dirs[0] = filepath.Dir(absolute)
		}
	}
	for _, pattern := range serverPlaces {
		// The only error is a bad pattern, and these are constants.
		found, _ := filepath.Glob(pattern)
		dirs = append(dirs, found...)
	}
	return dirs
}

var postgresVersion = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// serverVersion is the major version of the server in dir, 0 if there is none that the account can run.
func serverVersion(ctx context.Context, who account, dir string) int {
	if dir == "" {
		return 0
	}
	version := 0
	for _, program := range []string{"initdb", "postgres"} {
		ask := tool{path: filepath.Join(dir, program), args: []string{"--version"}, dir: "/", user: who.credential()}
		answer, err := ask.run(ctx)
		if err != nil {
			return 0
		}
		match := postgresVersion.FindStringSubmatch(answer)
		if match == nil {
			return 0
		}
		if version, err = strconv.Atoi(match[1]); err != nil {
			return 0
		}
	}
	return version
}

// fetchServer returns a server fetched into binDir, or beside it where the account cannot reach it, now or earlier.
func fetchServer(ctx context.Context, log *slog.Logger, who account, binDir string) (string, error) {
	base, err := reachable(ctx, who, binDir)
	if err != nil {
		return "", err
	}
	server := filepath.Join(base, "postgres-"+string(fetchedPostgres))
	lock, err := waitLock(ctx, server+".lock", func() { log.Info("waiting for another process to fetch postgres") })
	if err != nil {
		return "", err
	}
	defer lock.unlock()
	bin := filepath.Join(server, "bin")
	if serverVersion(ctx, who, bin) != 0 {
		return bin, nil
	}
	log.Info("this machine has no postgres server: fetching one", "version", string(fetchedPostgres), "into", server)
	if err := fetch(ctx, base, server); err != nil {
		return "", err
	}
	if serverVersion(ctx, who, bin) == 0 {
		return "", fmt.Errorf("the server fetched into %s does not run", server)
	}
	return bin, nil
}

// fetch has the library download and unpack. It has no call for just that, only Start; and Start goes on to try the server,
// which root may not do. So it is given a directory to throw away, and what it fetched is judged by the caller.
func fetch(ctx context.Context, base, server string) error {
	scratch, err := os.MkdirTemp(base, "fetch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if err := os.Chmod(scratch, 0o755); err != nil {
		return err
	}
	port, err := ClaimPort(0)
	if err != nil {
		return err
	}
	defer port.Release()
	unpacked := filepath.Join(scratch, "server")
	database := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(fetchedPostgres).
		Port(uint32(port.Number)).
		CachePath(scratch).
		RuntimePath(filepath.Join(scratch, "runtime")).
		DataPath(filepath.Join(scratch, "data")).
		BinariesPath(unpacked).
		Logger(nil))

	done := make(chan error, 1)
	go func() {
		err := database.Start()
		if err == nil {
			err = database.Stop()
		}
		done <- err
	}()
	var tried error
	select {
	case tried = <-done:
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(fetchPatience):
		return fmt.Errorf("no answer within %s", fetchPatience)
	}
	if _, err := os.Stat(filepath.Join(unpacked, "bin", "postgres")); err != nil {
		return errors.Join(tried, err)
	}
	if err := os.RemoveAll(server); err != nil {
		return err
	}
	return os.Rename(unpacked, server)
}

// reachable returns dir, made if missing, or a directory that stands for it if the account cannot enter it.
func reachable(ctx context.Context, who account, dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	failure := who.canUse(ctx, dir, "-x")
	if failure == nil {
		return dir, nil
	}
	for _, place := range temporaryPlaces("herald-bin", dir) {
		err := os.Mkdir(place, 0o755)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			failure = errors.Join(failure, err)
			continue
		}
		// A predictable name in a directory everybody writes to: programs are only taken from there if it is ours.
		if owner, err := ownerOf(place); err != nil || owner.uid != os.Geteuid() {
			failure = errors.Join(failure, fmt.Errorf("%s belongs to somebody else", place))
			continue
		}
		if err := who.canUse(ctx, place, "-x"); err != nil {
			failure = errors.Join(failure, err)
			continue
		}
		return place, nil
	}
	return "", failure
}
