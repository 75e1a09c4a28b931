package devstack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// tool is one short run of a program: initdb, a version question, a build.
type tool struct {
	path string
	args []string
	dir  string
	env  []string
	user *syscall.Credential
}

// run returns what the tool printed. When ctx ends, the tool and all it started are killed.
func (t tool) run(ctx context.Context) (string, error) {
	var output strings.Builder
	cmd := exec.CommandContext(ctx, t.path, t.args...)
	cmd.Dir, cmd.Env = t.dir, t.env
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: t.user}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := Spawn(cmd, syscall.SIGKILL)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return output.String(), fmt.Errorf("%s: %w%s", t.path, err, indent(lastLines(output.String(), 8)))
	}
	return output.String(), nil
}

// environment is this process's without the variables whose names begin with one of the prefixes.
func environment(without ...string) []string {
	var kept []string
next:
	for _, entry := range os.Environ() {
		for _, prefix := range without {
			if strings.HasPrefix(entry, prefix) {
				continue next
			}
		}
		kept = append(kept, entry)
	}
	return kept
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func indent(text string) string {
	if text == "" {
		return ""
	}
	return "\n\t" + strings.ReplaceAll(text, "\n", "\n\t")
}
