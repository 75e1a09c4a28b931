package devstack

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// account is the user Postgres runs as.
type account struct{ uid, gid int }

func currentAccount() account { return account{uid: os.Geteuid(), gid: os.Getegid()} }

// credential makes a command run as the account; nil when it is this process's own.
func (a account) credential() *syscall.Credential {
	if a == currentAccount() {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
}

func (a account) own(path string) error {
	if a == currentAccount() {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// postgresAccount is this process's user, or for root an unprivileged one: the owner of an existing cluster, so that it can be
// read on, else user postgres, else nobody.
func postgresAccount(cluster string) (account, error) {
	if os.Geteuid() != 0 {
		return currentAccount(), nil
	}
	if owner, err := ownerOf(cluster); err == nil && owner.uid != 0 {
		return owner, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return account{}, fmt.Errorf("look up user %s: %w", name, err)
		}
		return account{uid: uid, gid: gid}, nil
	}
	return account{}, fmt.Errorf("postgres does not run as root and there is no user postgres or nobody: %w", ErrUnavailable)
}

func ownerOf(path string) (account, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return account{}, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return account{}, fmt.Errorf("owner of %s: unknown on this system", path)
	}
	return account{uid: int(stat.Uid), gid: int(stat.Gid)}, nil
}

// home is the directory of a cluster: data/ and the password, for its account only.
type home struct {
	path string
	user account
}

func (h home) data() string { return filepath.Join(h.path, "data") }

// prepareHome makes the home in dir, or in a temporary directory if Postgres's account cannot reach dir (a checkout below
// /root). Then dir/postgres.elsewhere names it: if dir was emptied, that name is gone, and the left-over cluster goes too.
func prepareHome(ctx context.Context, log *slog.Logger, dir string) (home, error) {
	inside := filepath.Join(dir, "postgres")
	who, err := postgresAccount(inside)
	if err != nil {
		return home{}, err
	}
	h := home{path: inside, user: who}
	failure := h.make(ctx)
	if failure == nil {
		return h, nil
	}
	if who == currentAccount() {
		return home{}, failure
	}
	// Only an empty one goes; what holds data stays for its owner to look at.
	_ = os.Remove(inside)

	note := filepath.Join(dir, "postgres.elsewhere")
	for _, place := range temporaryPlaces("herald-postgres", dir) {
		h := home{path: place, user: who}
		known, err := os.ReadFile(note)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return home{}, err
		}
		if strings.TrimSpace(string(known)) != place {
			if err := h.discard(ctx); err != nil {
				failure = errors.Join(failure, err)
				continue
			}
		}
		if err := h.make(ctx); err != nil {
			failure = errors.Join(failure, err)
			continue
		}
		if err := os.WriteFile(note, []byte(place+"\n"), 0o644); err != nil {
			return home{}, err
		}
		log.Info(fmt.Sprintf("postgres cannot run as root, and the user it runs as cannot reach %s: its data is in %s", dir, place))
		return h, nil
	}
	return home{}, failure
}

// temporaryPlaces are directories that stand for dir where dir itself cannot be reached, derived from its name.
func temporaryPlaces(prefix, dir string) []string {
	name := fmt.Sprintf("%s-%x", prefix, sha256.Sum256([]byte(dir)))[:len(prefix)+1+16]
	places := []string{filepath.Join(os.TempDir(), name)}
	for _, parent := range []string{"/tmp", "/var/tmp"} {
		if place := filepath.Join(parent, name); place != places[0] {
			places = append(places, place)
		}
	}
	return places
}

// make makes the directory, the account's alone, and checks that the account can work in it.
func (h home) make(ctx context.Context) error {
	err := os.Mkdir(h.path, 0o700)
	switch {
	case errors.Is(err, fs.ErrExist):
		owner, err := ownerOf(h.path)
		if err != nil {
			return err
		}
		if owner.uid != h.user.uid {
			if owner.uid != os.Geteuid() {
				return fmt.Errorf("%s belongs to user id %d and postgres runs as %d: remove it or choose another directory",
					h.path, owner.uid, h.user.uid)
			}
			// Made by root: a copy, or a start that was killed between making and handing over.
			if err := h.handOver(); err != nil {
				return err
			}
		}
	case err != nil:
		return err
	default:
		if err := h.user.own(h.path); err != nil {
			return err
		}
	}
	if info, err := os.Lstat(h.path); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is no directory", h.path)
	}
	if err := os.Chmod(h.path, 0o700); err != nil {
		return err
	}
	if err := h.user.canUse(ctx, h.path, "-w"); err != nil {
		return fmt.Errorf("user id %d cannot work in %s: %w", h.user.uid, h.path, err)
	}
	return nil
}

func (h home) handOver() error {
	return filepath.WalkDir(h.path, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return h.user.own(path)
	})
}

// canUse tries, as the account, to enter dir and asks the shell's test (-w, -x) there. Permission bits alone would not tell:
// there are access lists, and the directories above.
func (a account) canUse(ctx context.Context, dir, test string) error {
	shell := tool{path: "/bin/sh", args: []string{"-c", `cd "$1" && test "$2" .`, "sh", dir, test}, dir: "/", user: a.credential()}
	_, err := shell.run(ctx)
	return err
}

// discard removes a cluster, unless a server runs on it.
func (h home) discard(ctx context.Context) error {
	owner, err := ownerOf(h.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if owner.uid != h.user.uid && owner.uid != os.Geteuid() {
		return fmt.Errorf("%s belongs to user id %d", h.path, owner.uid)
	}
	if err := h.awaitOldServer(ctx, oldServerWait); err != nil {
		return err
	}
	return os.RemoveAll(h.path)
}

func (h home) pidFile() string { return filepath.Join(h.data(), "postmaster.pid") }

// oldServer is the process id in the cluster's pid file, 0 if there is none.
func (h home) oldServer() int {
	content, err := os.ReadFile(h.pidFile())
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		return 0
	}
	return pid
}

// awaitOldServer waits until the server of an earlier stack is gone. One that stays is an error: nobody here may stop it.
func (h home) awaitOldServer(ctx context.Context, patience time.Duration) error {
	for until := time.Now().Add(patience); ; {
		pid := h.oldServer()
		if pid == 0 || !strings.HasPrefix(processName(pid), "postgres") {
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("%s: %w: postgres (pid %d) runs there; stop it with kill -INT %d", h.path, ErrInUse, pid, pid)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(probeEvery):
		}
	}
}

// dropReusedPid removes a pid file left by a killed server whose process id belongs to some other program by now, as happens in
// containers, where ids begin at 1 each time: Postgres would take that program for the old server and refuse to start.
func (h home) dropReusedPid() error {
	pid := h.oldServer()
	if pid == 0 {
		return nil
	}
	if name := processName(pid); name == "" || strings.HasPrefix(name, "postgres") {
		return nil
	}
	if err := os.Remove(h.pidFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove a stale pid file: %w", err)
	}
	return nil
}
