package devstack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// initialise makes the cluster if there is none yet, and reads its password.
func (c *cluster) initialise(ctx context.Context, log *slog.Logger) error {
	passwordFile := filepath.Join(c.home.path, "password")
	if c.home.version() == "" {
		log.Info("making a postgres cluster", "dir", c.home.path, "server", c.bin)
		if err := c.home.writeFile(passwordFile, rand.Text()); err != nil {
			return err
		}
		if err := c.initdb(ctx, passwordFile); err != nil {
			return err
		}
	}
	password, err := os.ReadFile(passwordFile)
	if err != nil {
		return fmt.Errorf("read the cluster's password: %w", err)
	}
	c.password = strings.TrimSpace(string(password))
	return nil
}

// initdb works beside the data directory and renames at the end, so that a killed one leaves nothing that looks like a cluster.
// It takes the first locale the machine has: what sorts by code point and knows the letters of all scripts, else plain C.
func (c *cluster) initdb(ctx context.Context, passwordFile string) error {
	unfinished := c.home.data() + ".unfinished"
	locales := [][]string{
		{"--locale=C.UTF-8"},
		{"--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"}, // Postgres 17 and newer
		{"--locale=C"},
	}
	var failures []error
	for _, locale := range locales {
		if err := os.RemoveAll(unfinished); err != nil {
			return fmt.Errorf("remove an unfinished cluster: %w", err)
		}
		args := append([]string{
			"-D", unfinished, "--encoding=UTF8", "--username=" + postgresUser, "--pwfile=" + passwordFile,
			"--auth=scram-sha-256", "--no-instructions",
		}, locale...)
		if c.disposable {
			args = append(args, "--no-sync")
		}
		initdb := tool{
			path: filepath.Join(c.bin, "initdb"), args: args, dir: c.home.path,
			env: postgresEnvironment(), user: c.home.user.credential(),
		}
		_, err := initdb.run(ctx)
		if err == nil {
			return os.Rename(unfinished, c.home.data())
		}
		failures = append(failures, err)
		if ctx.Err() != nil {
			break
		}
	}
	// The last failure is that of the plainest locale, so it is not about locales.
	return fmt.Errorf("make a postgres cluster: %w", failures[len(failures)-1])
}

// version is the major version of the server that made the cluster, "" if there is none.
func (h home) version() string {
	content, err := os.ReadFile(filepath.Join(h.data(), "PG_VERSION"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

// writeFile writes a file that only the cluster's owner can read.
func (h home) writeFile(path, content string) error {
	// Not overwritten in place: the old file may belong to somebody else.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(path, []byte(content+"\n"), 0o600); err != nil {
		return err
	}
	return h.user.own(path)
}
