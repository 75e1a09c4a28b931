package devstack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"golang.org/x/mod/semver"
)

const (
	temporalModule = "github.com/temporalio/cli/cmd/temporal@v1.5.1"
	// oldestTemporal is the first server with fairness keys.
	oldestTemporal = "v1.29.0"
)

// findTemporal returns the path of a usable temporal CLI: on PATH, in binDir, or built into binDir.
func findTemporal(ctx context.Context, log *slog.Logger, binDir string) (string, error) {
	if path, err := exec.LookPath("temporal"); err == nil {
		unusable := usableTemporal(ctx, path)
		if unusable == nil {
			return filepath.Abs(path)
		}
		log.Info("the temporal CLI on PATH is not used", "cause", unusable)
	}
	built := filepath.Join(binDir, "temporal")
	if usableTemporal(ctx, built) == nil {
		return filepath.Abs(built)
	}
	if err := buildTemporal(ctx, log, built); err != nil {
		return "", fmt.Errorf("no temporal CLI with server %s or newer on PATH, and none could be built (%w): "+
			"install it (https://docs.temporal.io/cli) or set TEMPORAL_ADDRESS to a running server: %w", oldestTemporal, err, ErrUnavailable)
	}
	return filepath.Abs(built)
}

var serverVersionText = regexp.MustCompile(`Server (\d+\.\d+\.\d+)`)

// usableTemporal judges by the version of the server inside: one built from source does not know the CLI's.
func usableTemporal(ctx context.Context, path string) error {
	answer, err := tool{path: path, args: []string{"--version"}, env: environment("TEMPORAL_")}.run(ctx)
	if err != nil {
		return err
	}
	match := serverVersionText.FindStringSubmatch(answer)
	if match == nil {
		return fmt.Errorf("%s: no server version in %q", path, answer)
	}
	if semver.Compare("v"+match[1], oldestTemporal) < 0 {
		return fmt.Errorf("%s: its server %s is older than %s", path, match[1], oldestTemporal)
	}
	return nil
}

// buildTemporal builds the CLI and renames it into place, so that nobody meets half a file. Of several processes one builds and
// the others wait for it.
func buildTemporal(ctx context.Context, log *slog.Logger, built string) error {
	compiler, err := exec.LookPath("go")
	if err != nil {
		return err
	}
	binDir, err := filepath.Abs(filepath.Dir(built))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(binDir, 0o755); err != nil {
		return err
	}
	lock, err := waitLock(ctx, filepath.Join(binDir, "temporal.build.lock"), func() { log.Info("waiting for another process to build the temporal CLI") })
	if err != nil {
		return err
	}
	defer lock.unlock()
	if usableTemporal(ctx, built) == nil {
		return nil
	}
	scratch, err := os.MkdirTemp(binDir, "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)

	log.Info("building the temporal CLI, once: this takes about three minutes", "module", temporalModule, "into", built)
	began := time.Now()
	// From a directory and an environment in which no module, workspace or flag of the caller has a say.
	env := append(environment("GOFLAGS=", "GOBIN=", "GOWORK=", "GOOS=", "GOARCH=", "TEMPORAL_"), "GOBIN="+scratch, "GOWORK=off", "GOFLAGS=")
	install := tool{path: compiler, args: []string{"install", "-ldflags=-s -w", temporalModule}, dir: scratch, env: env}
	if _, err := install.run(ctx); err != nil {
		return err
	}
	program := filepath.Join(scratch, "temporal")
	if err := usableTemporal(ctx, program); err != nil {
		return errors.Join(errors.New("what was built is not usable"), err)
	}
	if err := os.Rename(program, built); err != nil {
		return err
	}
	log.Info("built the temporal CLI", "took", time.Since(began).Round(time.Second).String())
	return nil
}
