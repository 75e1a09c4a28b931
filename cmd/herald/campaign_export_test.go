//go:build unix

package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// An export takes the memory of a page, however many recipients there are.
func TestExportTakesThePagesMemory(t *testing.T) {
	const few = 10_000
	many := 200_000
	if os.Getenv("HERALD_SOAK") == "1" {
		many = 1_000_000
	}
	for _, format := range []string{"csv", "ndjson"} {
		t.Run(format, func(t *testing.T) {
			peak := func(recipients int) int64 {
				server := httptest.NewServer(recipientsServer(t, recipients))
				defer server.Close()
				cmd := newCampaignRun(t, server.URL, "key", "secret", "recipients", "c", "--format", format)
				var said bytes.Buffer
				var rows lineCounter
				cmd.Stdout, cmd.Stderr = &rows, &said
				if err := cmd.Run(); err != nil {
					t.Fatalf("%v: %s", err, said.String())
				}
				if format == "csv" {
					rows-- // the header
				}
				if int(rows) != recipients {
					t.Fatalf("%d rows of %d recipients", rows, recipients)
				}
				kib := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
				if runtime.GOOS == "darwin" {
					kib >>= 10 // there it counts bytes
				}
				return kib
			}
			// A row kept in memory would take some 300 bytes: 57 MB of the 190,000 more.
			const slack = 16 << 10
			little, much := peak(few), peak(many)
			t.Logf("%d recipients take %d KiB, %d take %d KiB", few, little, many, much)
			if much > little+slack {
				t.Errorf("%d recipients take %d KiB, %d take %d KiB", few, little, many, much)
			}
		})
	}
}

// recipientsServer serves a campaign with so many recipients, by pages.
func recipientsServer(t *testing.T, recipients int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			return
		}
		query := r.URL.Query()
		limit, err := strconv.Atoi(query.Get("limit"))
		if r.URL.Path != "/campaigns/c/recipients" || err != nil || limit < 1 {
			t.Errorf("unexpected call %s", r.URL)
		}
		from, _ := strconv.Atoi(query.Get("next"))
		to := min(from+limit, recipients)
		var page strings.Builder
		page.WriteString(`{"recipients": [`)
		for n := from; n < to; n++ {
			if n > from {
				page.WriteByte(',')
			}
			fmt.Fprintf(&page, `{"target_id": "user-%09d", "user_id": "user-%09d", "cid": "messaging:!members-%043d", "message_id": "019ab1c2-7d10-7e3f-9a55-%012d",
				"status": "sent", "error_code": "", "error": "", "sent_at": "2026-11-23T10:00:01.020304Z", "read_at": null}`, n, n, n, n)
		}
		page.WriteByte(']')
		if to < recipients {
			fmt.Fprintf(&page, `, "next": "%d"`, to)
		}
		page.WriteByte('}')
		if _, err := w.Write([]byte(page.String())); err != nil {
			t.Error(err)
		}
	})
}

// lineCounter counts the lines written to it.
type lineCounter int

func (c *lineCounter) Write(p []byte) (int, error) {
	*c += lineCounter(bytes.Count(p, []byte("\n")))
	return len(p), nil
}
