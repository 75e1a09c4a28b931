package workflows_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	sdkworker "go.temporal.io/sdk/worker"
	"google.golang.org/protobuf/encoding/protojson"

	"herald/internal/devstack"
	"herald/models"
	"herald/worker"
	"herald/workflows"
)

var record = flag.Bool("record", false, "write the histories of testdata anew, from campaigns on a real Temporal server")

// suggestedAfter is the number of events after which the recording server suggests a new run, to keep histories small.
const suggestedAfter = 150

// session is one campaign on a real server, whose activities are those of its row.
type session struct {
	*testing.T
	name     string
	row      *row
	client   client.Client
	launcher workflows.Launcher

	hold     int64 // batches after which the others wait, until the release
	begun    atomic.Int64
	released chan struct{}
	release  func()
}

func TestRecordHistories(t *testing.T) {
	if !*record {
		t.Skip("records only with -record")
	}
	sdkworker.SetStickyWorkflowCacheSize(0) // the name of a sticky queue holds that of the machine
	c := startServer(t)
	for _, r := range recordings {
		t.Run(r.name, func(t *testing.T) {
			s := newSession(t, c, r)
			r.do(s)
			for n, events := range s.runs(s.id()) {
				name := r.name
				if n > 0 {
					name = fmt.Sprintf("%s-%d", r.name, n+1)
				}
				write(t, name, events)
			}
			for _, n := range r.pages {
				write(t, fmt.Sprintf("%s-page-%d", r.name, n), s.runs(workflows.PageWorkflowID(appPK, r.name, n))[0])
			}
		})
	}
	t.Run("reconcile", func(t *testing.T) {
		s := newSession(t, c, recording{name: "reconcile"})
		run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "reconcile", TaskQueue: workflows.QueueCampaigns}, workflows.TypeReconcile)
		if err == nil {
			err = run.Get(t.Context(), nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		write(t, "reconcile", s.runs("reconcile")[0])
	})
}

func startServer(t *testing.T) client.Client {
	supervisor := devstack.NewSupervisor(slog.New(slog.DiscardHandler))
	t.Cleanup(supervisor.Stop)
	server, err := devstack.StartTemporal(t.Context(), supervisor, devstack.TemporalOptions{
		Dir: t.TempDir(), BinDir: filepath.Join("..", ".herald", "bin"), InMemory: true, Headless: true,
		SearchAttributes: workflows.SearchAttributeTypes(),
		Config:           map[string]string{"limit.historyCount.suggestContinueAsNew": fmt.Sprint(suggestedAfter)},
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.DialContext(t.Context(), client.Options{
		HostPort: server.Address, Identity: "herald", Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func newSession(t *testing.T, c client.Client, r recording) *session {
	s := &session{
		T: t, name: r.name, row: newRow(r.sources...), client: c, launcher: workflows.Launcher{Client: c}, released: make(chan struct{}),
	}
	s.release = sync.OnceFunc(func() { close(s.released) })
	s.startWorkers()
	return s
}

// startWorkers runs workers over the row until the test ends.
func (s *session) startWorkers() {
	steps := sdkworker.New(s.client, workflows.QueueCampaigns, sdkworker.Options{Identity: "herald"})
	worker.RegisterWorkflows(steps)
	send := sdkworker.New(s.client, workflows.QueueSend, sdkworker.Options{Identity: "herald", DisableWorkflowWorker: true})
	for _, w := range []sdkworker.Worker{steps, send} {
		s.row.register(w)
		if err := w.Start(); err != nil {
			s.Fatal(err)
		}
		s.Cleanup(w.Stop)
	}
	s.Cleanup(s.release)
}

func (s *session) id() string { return workflows.CampaignWorkflowID(appPK, s.name) }

func (s *session) campaign() models.Campaign {
	state := s.row.snapshot()
	return models.Campaign{
		AppPK: appPK, ID: s.name, Name: "Spring sale", SenderID: "shop", Target: models.SegmentUser, SegmentIDs: []string{"everybody"},
		Status: state.Status, Hold: state.Hold, ControlSeq: state.ControlSeq, HeldAt: state.HeldAt, HeldBy: state.HeldBy, HoldReason: state.HoldReason,
		ScheduledFor: state.ScheduledFor, StopAt: state.StopAt,
	}
}

// start starts the campaign after a while, to be stopped after another; zero is now, and never. It returns when the
// workflow knows, and batches wait if they are to.
func (s *session) start(scheduled, stop time.Duration) {
	var at, until *time.Time
	if scheduled > 0 {
		at = soon(scheduled)
	}
	if stop > 0 {
		until = soon(stop)
	}
	s.row.startAt(at, until)
	if err := s.launcher.Start(s.Context(), s.campaign()); err != nil {
		s.Fatal(err)
	}
	s.acknowledged(1)
	if s.hold > 0 {
		s.until("batches wait", func() bool { return s.begun.Load() > s.hold })
	}
}

func soon(after time.Duration) *time.Time { return ptr(time.Now().Add(after).UTC()) }

// api is a control by the API; it returns when the workflow has taken it up.
func (s *session) api(ctl control) {
	seq := s.row.must(ctl).ControlSeq
	if err := s.launcher.Control(s.Context(), s.campaign(), ctl.action); err != nil {
		s.Fatal(err)
	}
	s.acknowledged(seq)
}

// bare is a signal by a support tool; it returns when the row knows.
func (s *session) bare(name string, body any) {
	asked := s.row.calls(workflows.ActivityControl)
	if err := s.client.SignalWorkflow(s.Context(), s.id(), "", name, body); err != nil {
		s.Fatal(err)
	}
	s.until(name+" is written", func() bool { return s.row.calls(workflows.ActivityControl) > asked })
}

func (s *session) acknowledged(seq int64) {
	s.until(fmt.Sprintf("control %d is acknowledged", seq), func() bool {
		s.row.mu.Lock()
		defer s.row.mu.Unlock()
		return s.row.acked >= seq
	})
}

// holdAfter keeps all batches but the first ones waiting until the release.
func (s *session) holdAfter(batches int64) {
	s.hold = batches
	s.row.work = func(workflows.BatchInput) error {
		if s.begun.Add(1) > batches {
			<-s.released
		}
		return nil
	}
}

func (r *row) heldBatches() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held
}

func (s *session) until(what string, reached func() bool) {
	s.Helper()
	for deadline := time.Now().Add(20 * time.Second); !reached(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("never: %s", what)
		}
	}
}

// end waits for the campaign's end and checks that everything that a campaign owes was kept. No status: it was deleted.
func (s *session) end(want models.Status) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	var res workflows.CampaignResult
	if err := s.client.GetWorkflow(ctx, s.id(), "").Get(ctx, &res); err != nil {
		s.Fatal(err)
	}
	if want != "" && (res.Status != want || s.row.snapshot().Status != want) {
		s.Errorf("ended as %s, the row as %s; want %s", res.Status, s.row.snapshot().Status, want)
	}
	everybody := map[string]bool{}
	for _, key := range slices.Concat(s.row.sources...) {
		everybody[key] = true
	}
	if want == models.StatusCompleted && s.row.sent() != len(everybody) || int(res.Counts.Sent) != s.row.sent() {
		s.Errorf("%d of %d got a message, the workflow counts %d", s.row.sent(), len(everybody), res.Counts.Sent)
	}
}

// runs downloads the histories of a workflow's runs, the first one first.
func (s *session) runs(id string) [][]*history.HistoryEvent {
	described, err := s.client.DescribeWorkflowExecution(s.Context(), id, "")
	if err != nil {
		s.Fatal(err)
	}
	var all [][]*history.HistoryEvent
	for run := described.GetWorkflowExecutionInfo().GetFirstRunId(); run != ""; {
		var events []*history.HistoryEvent
		iter := s.client.GetWorkflowHistory(s.Context(), id, run, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for iter.HasNext() {
			event, err := iter.Next()
			if err != nil {
				s.Fatal(err)
			}
			events = append(events, event)
		}
		all = append(all, events)
		run = events[len(events)-1].GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()
	}
	return all
}

// write writes a history as the replayer reads it, an event a line.
func write(t *testing.T, name string, events []*history.HistoryEvent) {
	var out bytes.Buffer
	out.WriteString("{\"events\": [\n")
	for i, event := range events {
		if done := event.GetWorkflowTaskCompletedEventAttributes(); done != nil {
			done.WorkerVersion = nil //nolint:staticcheck // servers still write it; the checksum of this test's binary
		}
		raw, err := protojson.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		// protojson puts spaces at random.
		if err := json.Compact(&out, raw); err != nil {
			t.Fatal(err)
		}
		if i < len(events)-1 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
	}
	out.WriteString("]}\n")
	if err := os.WriteFile(filepath.Join(histories, name+".json"), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
