package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"herald/workflows"
)

// sleeper is a campaign to one user of its own, that sleeps.
type sleeper struct {
	*stack
	temporal client.Client
	id, user string
}

// bedroom gives sleepers of one stack.
type bedroom struct {
	*stack
	temporal client.Client
	users    *atomic.Int64
}

func newBedroom(s *stack) *bedroom {
	s.t.Helper()
	temporal, err := client.Dial(client.Options{HostPort: s.TemporalAddress, Namespace: s.TemporalNamespace})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(temporal.Close)
	return &bedroom{stack: s, temporal: temporal, users: new(atomic.Int64)}
}

// sleeper creates a campaign and schedules it; stop_at may be added.
func (b *bedroom) sleeper(t *testing.T, due time.Time, times ...time.Time) *sleeper {
	t.Helper()
	z := &sleeper{stack: b.in(t), temporal: b.temporal, user: fmt.Sprintf("u%05d", b.users.Add(1))}
	z.id = z.campaign(map[string]any{"user_ids": []string{z.user}, "message_template": map[string]any{"text": "Good morning"}})
	z.schedule(due, times...)
	z.asleep()
	return z
}

// schedule is a start call for a time, and perhaps a stop_at.
func (z *sleeper) schedule(due time.Time, stopAt ...time.Time) {
	z.t.Helper()
	body := map[string]any{"scheduled_for": due}
	if len(stopAt) > 0 {
		body["stop_at"] = stopAt[0]
	}
	z.call(http.StatusCreated, http.MethodPost, "/campaigns/"+z.id+"/start", body)
}

func (z *sleeper) do(verb string) {
	z.t.Helper()
	z.call(http.StatusCreated, http.MethodPost, "/campaigns/"+z.id+"/"+verb, map[string]any{})
}

// asleep waits until the workflow knows what the row says.
func (z *sleeper) asleep() {
	z.t.Helper()
	z.eventually("the workflow of "+z.id+" to have heard", time.Minute, func() bool { return z.acknowledged(z.id) })
}

// passed waits until a time is over: a campaign that was scheduled for a little later has been sent.
func (b *bedroom) passed(t *testing.T, due time.Time) {
	t.Helper()
	b.sleeper(t, due.Add(time.Second)).sentAt(due.Add(time.Second))
}

// sentAt checks that the campaign completes, its one message sent at this time and not before.
func (z *sleeper) sentAt(due time.Time) {
	z.t.Helper()
	z.completed(z.id, 1, time.Minute)
	var started time.Time
	if err := z.DB.QueryRow(z.t.Context(), "SELECT started_at FROM campaigns WHERE id = $1", z.id).Scan(&started); err != nil {
		z.t.Fatal(err)
	}
	late := started.Sub(due)
	if late < 0 {
		z.t.Errorf("it began %v before its time", -late)
	}
	z.t.Logf("it began %v after its time", late.Round(time.Millisecond))
}

// quiet checks that nothing was sent, and what the campaign is; its workflow has ended if the campaign has.
func (z *sleeper) quiet(status string, paused bool) {
	z.t.Helper()
	if n, _ := z.sent(z.id); n != 0 {
		z.t.Errorf("%d messages were sent", n)
	}
	if c := z.get(z.id); c["status"] != status || c["paused"] != paused {
		z.t.Errorf("status %v, paused %v, want %s and %v", c["status"], c["paused"], status, paused)
	}
	if status == "stopped" {
		z.ended()
	}
}

func (z *sleeper) ended() {
	z.t.Helper()
	z.eventually("the workflow to end", time.Minute, func() bool {
		described, err := z.temporal.DescribeWorkflowExecution(z.t.Context(), workflows.CampaignWorkflowID(1, z.id), "")
		return err == nil && described.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	})
}

// While a campaign sleeps it can be moved, held, changed and ended. It is sent when it is due and never before; and all
// of this far from where the times were given.
func TestAsleep(t *testing.T) {
	s := startStack(t, t.TempDir(), []string{"TZ=Pacific/Auckland"})
	s.seedUsers(100)
	b := newBedroom(s)
	soon := func() time.Time { return time.Now().Add(2 * time.Second) }
	far := func() time.Time { return time.Now().Add(time.Hour) }

	t.Run("together", func(t *testing.T) {
		for name, night := range map[string]func(t *testing.T){
			"undisturbed": func(t *testing.T) {
				due := soon()
				b.sleeper(t, due, far()).sentAt(due)
			},
			"rescheduled earlier": func(t *testing.T) {
				z := b.sleeper(t, far())
				due := soon()
				z.schedule(due)
				z.sentAt(due)
			},
			"rescheduled later": func(t *testing.T) {
				z := b.sleeper(t, soon())
				due := time.Now().Add(5 * time.Second)
				z.schedule(due)
				z.sentAt(due)
			},
			"paused past its time, and resumed": func(t *testing.T) {
				due := soon()
				z := b.sleeper(t, due)
				z.do("pause")
				b.passed(t, due)
				z.quiet("scheduled", true)
				resumed := time.Now()
				z.do("resume")
				z.sentAt(resumed)
			},
			"paused and resumed before its time": func(t *testing.T) {
				due := time.Now().Add(4 * time.Second)
				z := b.sleeper(t, due)
				z.do("pause")
				z.do("resume")
				z.sentAt(due)
			},
			"scheduled earlier while paused": func(t *testing.T) {
				z := b.sleeper(t, far())
				z.do("pause")
				due := soon()
				z.schedule(due)
				b.passed(t, due)
				z.quiet("scheduled", true)
				resumed := time.Now()
				z.do("resume")
				z.sentAt(resumed)
			},
			"scheduled later while paused": func(t *testing.T) {
				z := b.sleeper(t, far())
				z.do("pause")
				due := time.Now().Add(4 * time.Second)
				z.schedule(due)
				z.do("resume")
				z.sentAt(due)
			},
			"started while paused": func(t *testing.T) {
				z := b.sleeper(t, far())
				z.do("pause")
				z.do("start")
				b.passed(t, time.Now())
				z.quiet("scheduled", true)
				if c := z.get(z.id); c["scheduled_for"] != nil {
					t.Errorf("scheduled_for is %v after a start without one", c["scheduled_for"])
				}
				resumed := time.Now()
				z.do("resume")
				z.sentAt(resumed)
			},
			"stopped": func(t *testing.T) {
				due := soon()
				z := b.sleeper(t, due)
				z.do("stop")
				b.passed(t, due)
				z.quiet("stopped", false)
			},
			"stopped while paused": func(t *testing.T) {
				due := soon()
				z := b.sleeper(t, due)
				z.do("pause")
				z.do("stop")
				b.passed(t, due)
				z.quiet("stopped", false)
			},
			"stop_at while paused": func(t *testing.T) {
				due := soon()
				z := b.sleeper(t, due, due.Add(time.Millisecond))
				z.do("pause")
				b.passed(t, due)
				z.quiet("stopped", false)
			},
			"stop_at before its time, by a bare signal": func(t *testing.T) {
				z := b.sleeper(t, far())
				stopAt := soon()
				err := b.temporal.SignalWorkflow(t.Context(), workflows.CampaignWorkflowID(1, z.id), "", workflows.SignalReschedule,
					map[string]any{"scheduled_for": far(), "stop_at": stopAt})
				if err != nil {
					t.Fatal(err)
				}
				b.passed(t, stopAt)
				z.quiet("stopped", false)
			},
			"its definition updated": func(t *testing.T) {
				due := time.Now().Add(3 * time.Second)
				z := b.sleeper(t, due)
				z.call(http.StatusCreated, http.MethodPut, "/campaigns/"+z.id, map[string]any{
					"message_template": map[string]any{"text": "Good night, {{ receiver.name }}"}, "user_ids": []string{z.user},
				})
				z.sentAt(due)
				var text string
				if err := z.DB.QueryRow(t.Context(), "SELECT text FROM messages WHERE campaign_id = $1", z.id).Scan(&text); err != nil {
					t.Fatal(err)
				}
				if want := "Good night, User " + strings.TrimLeft(z.user, "u0"); text != want {
					t.Errorf("%q was sent, want %q", text, want)
				}
			},
			"deleted, and its id used again": func(t *testing.T) {
				due := soon()
				z := b.sleeper(t, due)
				z.call(http.StatusOK, http.MethodDelete, "/campaigns/"+z.id, nil)
				z.call(http.StatusNotFound, http.MethodGet, "/campaigns/"+z.id, nil)
				z.ended()
				b.passed(t, due)
				if n, _ := z.sent(z.id); n != 0 {
					t.Errorf("%d messages of a deleted campaign were sent", n)
				}
				z.campaign(map[string]any{"id": z.id, "user_ids": []string{z.user}, "message_template": map[string]any{"text": "Again"}})
				again := soon()
				z.schedule(again)
				z.sentAt(again)
			},
			"times of another place": func(t *testing.T) {
				due := soon().Truncate(time.Millisecond).In(time.FixedZone("Kathmandu", (5*60+45)*60))
				z := b.sleeper(t, due)
				if got, want := z.get(z.id)["scheduled_for"], due.UTC().Format("2006-01-02T15:04:05.000000Z"); got != want {
					t.Errorf("scheduled_for is %v, want %s", got, want)
				}
				z.sentAt(due)
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				night(t)
			})
		}
	})

	t.Run("every process killed", func(t *testing.T) {
		first := time.Now().Add(2 * time.Second) // comes while nothing is there
		due := first.Add(6 * time.Second)
		early, paused, late := b.sleeper(t, first), b.sleeper(t, due), b.sleeper(t, due)
		paused.do("pause")
		for _, process := range []string{"api", "worker-1", "temporal", "postgres"} {
			if err := s.Signal(process, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		late.sentAt(due)
		early.sentAt(first)
		paused.quiet("scheduled", true)
		resumed := time.Now()
		paused.do("resume")
		paused.sentAt(resumed)
	})
}
