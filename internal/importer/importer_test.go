package importer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/internal/client"
	"herald/internal/importer"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path + importer.CheckpointSuffix)
	return err == nil
}

func TestFileIsWrittenWhole(t *testing.T) {
	const n = 12_345 // not a multiple of anything
	u := startUsers(t)
	path := write(t, "users.ndjson", lines(n))
	var last importer.Progress
	result, err := importer.File(t.Context(), path, true, "app", importer.Options{
		API: u.client(), Format: importer.NDJSON, Progress: func(p importer.Progress) { last = p },
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(importer.Result{Written: n}, result); diff != "" {
		t.Error(diff)
	}
	size := int64(len(lines(n)))
	if diff := cmp.Diff(importer.Progress{Written: n, Bytes: size, Total: size}, last); diff != "" {
		t.Error(diff)
	}
	if len(u.stored) != n {
		t.Errorf("%d users are stored, want %d", len(u.stored), n)
	}
	if most := n/100 + 3*importer.DefaultConcurrency; len(u.calls) > most {
		t.Errorf("%d calls, want at most %d: batches are not full", len(u.calls), most)
	}
	if exists(path) {
		t.Error("the checkpoint was left behind")
	}
}

func TestLaterRowWinsAcrossBatches(t *testing.T) {
	const ids, rounds = 50, 40
	var file strings.Builder
	for round := range rounds {
		for id := range ids {
			fmt.Fprintf(&file, `{"id":"u%d","round":%d}`+"\n", id, round)
		}
	}
	u := startUsers(t)
	if _, err := importer.Stream(t.Context(), strings.NewReader(file.String()), importer.Options{
		API: u.client(), Format: importer.NDJSON, Batch: 7, Concurrency: 8,
	}); err != nil {
		t.Fatal(err)
	}
	for id := range ids {
		key := fmt.Sprintf("u%d", id)
		if want := fmt.Sprintf(`{"id":%q,"round":%d}`, key, rounds-1); u.stored[key] != want {
			t.Errorf("stored is %s, want %s", u.stored[key], want)
		}
	}
}

func TestResumeAfterTheAPIWasLost(t *testing.T) {
	for name, tc := range map[string]struct {
		format importer.Format
		file   string
		header int64 // lines of it
	}{
		"ndjson": {importer.NDJSON, lines(20_000), 0},
		"csv":    {importer.CSV, "id,name\n" + csvRows(20_000), 1},
	} {
		t.Run(name, func(t *testing.T) {
			u := startUsers(t)
			path := write(t, "users", tc.file)
			options := importer.Options{API: u.client(), Format: tc.format}
			u.before = func(call int, _ []string) int {
				if call > 120 { // between the second and the third checkpoint
					return http.StatusForbidden
				}
				return 0
			}
			result, err := importer.File(t.Context(), path, true, "app", options)
			var refused *client.Error
			if !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
				t.Fatalf("error is %v", err)
			}
			if result.Written < 10_000 || !exists(path) {
				t.Fatalf("%d users written, checkpoint %v", result.Written, exists(path))
			}
			firstRun := u.heal()
			var last importer.Progress
			options.Progress = func(p importer.Progress) { last = p }
			counted := &counter{API: u.client()}
			options.API = counted
			result, err = importer.File(t.Context(), path, true, "app", options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(importer.Result{Written: 20_000, ResumedLine: 10_001 + tc.header}, result); diff != "" {
				t.Error(diff)
			}
			if len(u.stored) != 20_000 || firstRun == 20_000 {
				t.Errorf("%d users stored after the first run, %d after the second", firstRun, len(u.stored))
			}
			if again := counted.n.Load(); again != 10_000 || last.Written != 10_000 || last.Bytes != last.Total {
				t.Errorf("the second run sent %d users, its last progress is %+v", again, last)
			}
			if exists(path) {
				t.Error("the checkpoint was left behind")
			}
		})
	}
}

func csvRows(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "u%05d,\"User, %d\"\n", i, i)
	}
	return b.String()
}

// counter counts the users that are sent, unlike the server, which may still be busy with what an earlier run gave up.
type counter struct {
	importer.API
	n atomic.Int64
}

func (c *counter) UpsertUsers(ctx context.Context, users map[string]json.RawMessage) error {
	c.n.Add(int64(len(users)))
	return c.API.UpsertUsers(ctx, users)
}

func TestInterruptSettlesWhatWasRead(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	u := startUsers(t)
	u.before = func(call int, _ []string) int {
		if call == 10 {
			interrupt()
		}
		return 0
	}
	path := write(t, "users.ndjson", `{"no":"id"}`+"\n"+lines(30_000))
	bad := 0
	options := importer.Options{API: u.client(), Format: importer.NDJSON, Bad: func(importer.BadRow) { bad++ }}
	first, err := importer.File(ctx, path, true, "app", options)
	if !errors.Is(err, importer.ErrInterrupted) {
		t.Fatalf("error is %v", err)
	}
	if stored := u.heal(); first.Written != int64(stored) || first.Written == 0 || first.Written > 5_000 {
		t.Errorf("%d users counted, %d stored", first.Written, stored)
	}
	counted := &counter{API: u.client()}
	options.API = counted
	second, err := importer.File(t.Context(), path, true, "app", options)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(importer.Result{Written: 30_000, Bad: 1, ResumedLine: first.Written + 2}, second); diff != "" {
		t.Error(diff)
	}
	if n := counted.n.Load(); n != 30_000-first.Written {
		t.Errorf("the second run sent %d users, the first %d", n, first.Written)
	}
	if bad != 1 {
		t.Errorf("the bad row was reported %d times", bad)
	}
}

func TestInterruptedStreamDoesNotWaitForMore(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	in, more := io.Pipe()
	defer more.Close()
	u := startUsers(t)
	done := make(chan error, 1)
	go func() {
		_, err := importer.Stream(ctx, in, importer.Options{API: u.client(), Format: importer.NDJSON})
		done <- err
	}()
	if _, err := io.WriteString(more, lines(10)); err != nil {
		t.Fatal(err)
	}
	interrupt()
	if err := <-done; !errors.Is(err, importer.ErrInterrupted) {
		t.Errorf("error is %v", err)
	}
}

func TestCheckpointIsOnlyGoodForTheSame(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, path string, destination *string, format *importer.Format){
		"another app": func(_ *testing.T, _ string, destination *string, _ *importer.Format) { *destination = "other" },
		"another content": func(t *testing.T, path string, _ *string, _ *importer.Format) {
			touch(t, path, strings.ToUpper(lines(1)))
		},
		"a later time": func(t *testing.T, path string, _ *string, _ *importer.Format) {
			if err := os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		},
		"a broken checkpoint": func(t *testing.T, path string, _ *string, _ *importer.Format) {
			if err := os.WriteFile(path+importer.CheckpointSuffix, []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			u := startUsers(t)
			path := write(t, "users.ndjson", lines(6_000))
			u.before = func(call int, _ []string) int {
				if call > 55 {
					return http.StatusForbidden
				}
				return 0
			}
			destination, format := "app", importer.NDJSON
			if _, err := importer.File(t.Context(), path, true, destination, importer.Options{API: u.client(), Format: format}); err == nil {
				t.Fatal("the first run got to the end")
			}
			change(t, path, &destination, &format)
			u.heal()
			result, err := importer.File(t.Context(), path, true, destination, importer.Options{API: u.client(), Format: format})
			if err != nil {
				t.Fatal(err)
			}
			if result.ResumedLine != 0 {
				t.Errorf("it went on at line %d", result.ResumedLine)
			}
		})
	}
}

// touch writes over the beginning of a file, keeping its size.
func touch(t *testing.T, path, beginning string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte(strings.ReplaceAll(strings.ReplaceAll(beginning, "USER", "user"), "NAME", "name")), 0); err != nil {
		t.Fatal(err)
	}
}

func TestNothingIsLeftBesideAFileThatWasNotBegun(t *testing.T) {
	u := startUsers(t)
	u.before = func(int, []string) int { return http.StatusUnauthorized }
	path := write(t, "users.ndjson", lines(10))
	if _, err := importer.File(t.Context(), path, true, "app", importer.Options{API: u.client(), Format: importer.NDJSON}); err == nil {
		t.Error("no error")
	}
	if exists(path) {
		t.Error("a checkpoint was left behind")
	}
}

func TestWithoutACheckpoint(t *testing.T) {
	u := startUsers(t)
	path := write(t, "users.ndjson", lines(10))
	u.before = func(int, []string) int {
		if exists(path) {
			t.Error("a checkpoint was written")
		}
		return 0
	}
	if _, err := importer.File(t.Context(), path, false, "app", importer.Options{API: u.client(), Format: importer.NDJSON}); err != nil {
		t.Error(err)
	}
}

func TestRefusalThatNamesNobodyIsNarrowedDown(t *testing.T) {
	u := startUsers(t)
	u.before = func(_ int, ids []string) int {
		for _, id := range ids {
			if id == "u00042" {
				return http.StatusBadRequest
			}
		}
		if len(ids) > 60 {
			return http.StatusRequestEntityTooLarge
		}
		return 0
	}
	var bad []importer.BadRow
	result, err := importer.Stream(t.Context(), strings.NewReader(lines(200)), importer.Options{
		API: u.client(), Format: importer.NDJSON, Bad: func(b importer.BadRow) { bad = append(bad, b) },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []importer.BadRow{{Line: 43, ID: "u00042", Reason: `UpdateUsers failed with error: "refused"`}}
	if diff := cmp.Diff(want, bad); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(importer.Result{Written: 199, Bad: 1}, result); diff != "" || len(u.stored) != 199 {
		t.Errorf("%d stored; %s", len(u.stored), diff)
	}
}

func TestAnAPIThatIsBusyIsWaitedFor(t *testing.T) {
	u := startUsers(t)
	u.before = func(call int, _ []string) int {
		if call == 2 {
			return http.StatusServiceUnavailable
		}
		return 0
	}
	if _, err := importer.Stream(t.Context(), strings.NewReader(lines(500)), importer.Options{API: u.client(), Format: importer.NDJSON}); err != nil {
		t.Fatal(err)
	}
	if len(u.stored) != 500 {
		t.Errorf("%d users stored", len(u.stored))
	}
}

func TestMistakesOfTheCaller(t *testing.T) {
	u := startUsers(t)
	for name, o := range map[string]importer.Options{
		"no such format":    {Format: "xml"},
		"batch too large":   {Format: importer.NDJSON, Batch: 101},
		"batch negative":    {Format: importer.NDJSON, Batch: -1},
		"too many at once":  {Format: importer.NDJSON, Concurrency: 65},
		"negative at once":  {Format: importer.NDJSON, Concurrency: -1},
		"no header to read": {Format: importer.CSV},
	} {
		o.API = u.client()
		if _, err := importer.Stream(t.Context(), strings.NewReader(""), o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := importer.File(t.Context(), filepath.Join(t.TempDir(), "none"), true, "app", importer.Options{API: u.client(), Format: importer.NDJSON}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}
