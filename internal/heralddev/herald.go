package heralddev

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"herald/internal/devstack"
)

// Options say what to run.
type Options struct {
	// Program is the herald command.
	Program string
	// Dir is the stack's directory. By default a temporary one, removed at the end. For root's stack every user must be able to
	// pass through one that is given: Postgres runs as another, and would put its cluster elsewhere.
	Dir string
	// BinDir is where the temporal CLI is kept, or built on demand. Default: Program's directory.
	BinDir string
	// Args are more flags of herald dev, and Env more of its environment.
	Args, Env []string
	// Transport carries the calls of Call; default http.DefaultTransport.
	Transport http.RoundTripper
	// Log takes what herald dev logs; default nowhere. What its servers log is in Dir/log.
	Log io.Writer
}

// Herald is a running `herald dev`.
type Herald struct {
	Stack
	// Dir is the stack's directory.
	Dir string
	// DB is a pool of connections to the stack's database.
	DB *pgxpool.Pool

	cmd  *exec.Cmd
	pids *pidLog
	http *http.Client
	stop sync.Once
	err  error // of the end
	temp bool  // Dir is ours
}

// Start runs `herald dev` on free ports and returns when all of it is ready.
func Start(ctx context.Context, o Options) (*Herald, error) {
	h, err := start(ctx, o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start herald dev: %w", err), h.Stop())
	}
	return h, nil
}

func start(ctx context.Context, o Options) (*Herald, error) {
	h := &Herald{Dir: o.Dir, pids: &pidLog{to: cmp.Or[io.Writer](o.Log, io.Discard)}, http: &http.Client{Transport: o.Transport}}
	if h.Dir == "" {
		var err error
		if h.Dir, err = os.MkdirTemp("", "herald-dev-"); err != nil {
			return h, err
		}
		h.temp = true
		if err := os.Chmod(h.Dir, 0o755); err != nil {
			return h, err
		}
	}
	program, err := filepath.Abs(o.Program)
	if err != nil {
		return h, err
	}
	cmd := exec.Command(program, append([]string{"dev", "--json", "--dir", h.Dir, "--addr", "127.0.0.1:0"}, o.Args...)...)
	cmd.Env = append(os.Environ(), "HERALD_BIN_DIR="+cmp.Or(o.BinDir, filepath.Dir(program)), "HERALD_LOG_FORMAT=text")
	cmd.Env = append(cmd.Env, o.Env...)
	cmd.Stderr = h.pids
	out, err := cmd.StdoutPipe()
	if err != nil {
		return h, err
	}
	// In a group of its own, so that Ctrl-C reaches the caller alone, which then stops the stack.
	if err := devstack.Spawn(cmd, syscall.SIGTERM); err != nil {
		return h, err
	}
	h.cmd = cmd
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return h, fmt.Errorf("it printed nothing: %w", err)
	}
	go io.Copy(io.Discard, out) //nolint:errcheck // the pipe only has to be kept empty
	if err := json.Unmarshal(line, &h.Stack); err != nil {
		return h, fmt.Errorf("it printed %q: %w", line, err)
	}
	h.pids.know(h.Pids)
	h.DB, err = pgxpool.New(ctx, h.DatabaseURL)
	return h, err
}

// Stop ends everything that was started; a second call does nothing. The error is that of herald dev.
func (h *Herald) Stop() error {
	h.stop.Do(func() {
		if h.DB != nil {
			h.DB.Close()
		}
		if h.cmd != nil {
			_ = h.cmd.Process.Signal(syscall.SIGTERM) // fails only where it has ended already
			if err := h.cmd.Wait(); err != nil {
				h.err = fmt.Errorf("herald dev: %w", err)
			}
		}
		if h.temp {
			_ = os.RemoveAll(h.Dir)
		}
	})
	return h.err
}

// Pid is the process id that a server has now: "postgres", "temporal", "api", "worker-1" and so on; 0 for one that herald
// dev has not started. One that was killed is started again with another pid, which is known unless HERALD_LOG_LEVEL keeps
// herald dev from telling it.
func (h *Herald) Pid(name string) int { return h.pids.pid(name) }

// Signal sends a signal to a server. Who sends SIGSTOP has to send SIGCONT before the stop, which else takes 30 s.
func (h *Herald) Signal(name string, signal syscall.Signal) error {
	pid := h.Pid(name)
	if pid == 0 {
		return fmt.Errorf("send %v to %s: it was not started", signal, name)
	}
	if err := syscall.Kill(pid, signal); err != nil {
		return fmt.Errorf("send %v to %s: %w", signal, name, err)
	}
	return nil
}

// callTimeout is as long as the most patient SDK waits.
const callTimeout = 30 * time.Second

// Call calls the API once, with the server token, and decodes its answer. The error says that there was none.
func (h *Herald) Call(ctx context.Context, method, path string, body any) (answer map[string]any, status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, 0, fmt.Errorf("%s %s: encode the body: %w", method, path, err)
	}
	req, err := http.NewRequestWithContext(ctx, method, h.APIURL+path+"?api_key="+h.APIKey, bytes.NewReader(encoded))
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Authorization", h.ServerToken)
	req.Header.Set("Stream-Auth-Type", "jwt")
	resp, err := h.http.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, resp.StatusCode, fmt.Errorf("%s %s: decode the answer: %w", method, path, err)
	}
	return answer, resp.StatusCode, nil
}

// Sender is the id of the user from whom the campaigns of tests come.
const Sender = "shop"

// SeedUsers makes the users u00000, u00001, …, at most 100,000, straight in the database, and the sender. Their custom fields
// are half (0 or 1, in turn) and city.
func (h *Herald) SeedUsers(ctx context.Context, n int) error {
	_, err := h.DB.Exec(ctx, `
		INSERT INTO users (app_pk, id, name, custom, created_at, updated_at)
		SELECT (SELECT min(app_pk) FROM apps), 'u' || lpad(i::text, 5, '0'), 'User ' || i,
			jsonb_build_object('half', i % 2, 'city', 'City ' || i % 100), now(), now()
		FROM generate_series(0, $1 - 1) AS i
		UNION ALL SELECT min(app_pk), $2, 'The Shop', '{}', now(), now() FROM apps
		ON CONFLICT DO NOTHING`, n, Sender)
	if err != nil {
		return fmt.Errorf("make users: %w", err)
	}
	return nil
}

// Acknowledged says whether a campaign's workflow has taken up the newest control in its row; not where that cannot be read.
func (h *Herald) Acknowledged(ctx context.Context, campaign string) bool {
	var ok bool
	err := h.DB.QueryRow(ctx, `
		SELECT k.acked_seq >= c.control_seq FROM campaigns c JOIN campaign_controls k ON k.app_pk = c.app_pk AND k.campaign_id = c.id
		WHERE c.id = $1`, campaign).Scan(&ok)
	return err == nil && ok
}

// Logs gives the ends of the logs of all servers, for a report of a failure.
func (h *Herald) Logs() string {
	const most = 4000
	var b strings.Builder
	files, _ := filepath.Glob(filepath.Join(h.Dir, "log", "*.log")) // the pattern is good
	for _, f := range files {
		content, _ := os.ReadFile(f)
		fmt.Fprintf(&b, "== %s\n%s\n", filepath.Base(f), content[max(0, len(content)-most):])
	}
	return b.String()
}

// Await waits until a condition holds, which it asks every 20 ms.
func Await(ctx context.Context, what string, within time.Duration, condition func() bool) error {
	deadline := time.After(within)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		case <-deadline:
			return fmt.Errorf("waited %v in vain for: %s", within, what)
		case <-tick.C:
		}
	}
	return nil
}
