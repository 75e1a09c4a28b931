package workflows_test

import (
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"herald/internal/devstack"
	"herald/models"
	"herald/workflows"
)

func TestMain(m *testing.M) { os.Exit(devstack.RunTests(m)) }

// Bare signals are carried out one after another as they come, however long one takes.
func TestBareSignalsAreCarriedOutInTheirOrder(t *testing.T) {
	for name, tt := range map[string]struct {
		signals []string
		want    models.Hold
	}{
		"pause, resume":        {[]string{workflows.SignalPause, workflows.SignalResume}, models.HoldNone},
		"pause, resume, pause": {[]string{workflows.SignalPause, workflows.SignalResume, workflows.SignalPause}, models.HoldPaused},
		"resume, pause":        {[]string{workflows.SignalResume, workflows.SignalPause}, models.HoldPaused},
	} {
		t.Run(name, func(t *testing.T) {
			tr := newTrial(t, newRow(people(4)))
			tr.row.startAt(in(day), in(3*day))
			tr.prepare = func(env *testsuite.TestWorkflowEnvironment) {
				env.OnActivity(workflows.ActivityControl, mock.Anything, mock.Anything).After(time.Minute).Return(tr.row.Control).Once()
				env.OnActivity(workflows.ActivityControl, mock.Anything, mock.Anything).Return(tr.row.Control)
			}
			for i, signal := range tt.signals {
				tr.at(time.Hour+time.Duration(i)*time.Second, func() { tr.signal(signal, nil) })
			}
			var got models.Hold
			tr.at(2*time.Hour, func() { got = tr.row.snapshot().Hold })
			tr.at(3*time.Hour, func() { tr.api(control{action: models.ActionStop}) })
			tr.run()
			if got != tt.want {
				t.Errorf("hold is %q, want %q", got, tt.want)
			}
		})
	}
}

// Signals that nobody took for a while come together, and nothing tells their order any more. Where one asks to send and
// another not to, the campaign does not send. Only a real server delivers several signals in one task.
func TestBareSignalsThatComeTogether(t *testing.T) {
	c, err := client.DialContext(t.Context(), client.Options{
		HostPort: devstack.TestTemporal(t, workflows.SearchAttributeTypes()), Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	for _, tt := range []struct {
		name          string
		first, second string
		status        models.Status
		hold          models.Hold
	}{
		{"resume-pause", workflows.SignalResume, workflows.SignalPause, models.StatusScheduled, models.HoldPaused},
		{"pause-resume", workflows.SignalPause, workflows.SignalResume, models.StatusScheduled, models.HoldPaused},
		{"pause-start", workflows.SignalPause, workflows.SignalReschedule, models.StatusScheduled, models.HoldPaused},
		{"start-pause", workflows.SignalReschedule, workflows.SignalPause, models.StatusScheduled, models.HoldPaused},
		{"start-stop", workflows.SignalReschedule, workflows.SignalStop, models.StatusStopped, models.HoldStopped},
		{"resume-stop", workflows.SignalResume, workflows.SignalStop, models.StatusStopped, models.HoldStopped},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &session{T: t, name: tt.name, row: newRow(people(4)), client: c, launcher: workflows.Launcher{Client: c}, release: func() {}}
			s.row.startAt(soon(time.Hour), nil)
			if err := s.launcher.Start(t.Context(), s.campaign()); err != nil {
				t.Fatal(err)
			}
			for _, signal := range []string{tt.first, tt.second} {
				if err := c.SignalWorkflow(t.Context(), s.id(), "", signal, nil); err != nil {
					t.Fatal(err)
				}
			}
			s.startWorkers()
			s.until("both are carried out", func() bool { return s.row.calls(workflows.ActivityControl) == 2 })
			if got := s.row.snapshot(); got.Status != tt.status || got.Hold != tt.hold || s.row.sent() > 0 {
				t.Errorf("it is %s, %s, and %d were sent; want %s, %s, and none", got.Status, got.Hold, s.row.sent(), tt.status, tt.hold)
			}
		})
	}
}
