package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrInUse reports that another running stack holds the directory.
var ErrInUse = errors.New("in use by another running stack")

// fileLock is an advisory lock on a file. The kernel drops it when its process ends, however it ends, so it is never stale.
type fileLock struct{ file *os.File }

// tryLock takes the lock at path at once or fails with ErrInUse. The file is made when missing and never removed: a lock on a
// removed file would exclude nobody.
func tryLock(path string) (*fileLock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := lockHolder(file)
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w%s", path, ErrInUse, holder)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	// The pid is there for people; nothing decides by it.
	if err := file.Truncate(0); err == nil {
		_, _ = file.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	}
	return &fileLock{file: file}, nil
}

// waitLock takes the lock at path and waits for it until ctx ends. onWait is called once if it has to wait.
func waitLock(ctx context.Context, path string, onWait func()) (*fileLock, error) {
	for waited := false; ; waited = true {
		lock, err := tryLock(path)
		if !errors.Is(err, ErrInUse) {
			return lock, err
		}
		if !waited {
			onWait()
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for lock %s: %w", path, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// unlock releases explicitly before closing: a child between fork and exec still shares the file, and closing alone would leave
// the lock with it.
func (l *fileLock) unlock() {
	_ = syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN)
	l.file.Close()
}

func lockHolder(file *os.File) string {
	content := make([]byte, 32)
	n, _ := file.ReadAt(content, 0)
	if pid := strings.TrimSpace(string(content[:n])); pid != "" {
		return " (pid " + pid + ")"
	}
	return ""
}
