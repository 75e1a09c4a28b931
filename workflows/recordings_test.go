package workflows_test

import (
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/temporal"

	"herald/models"
	"herald/workflows"
)

// recording is a campaign that is worth replaying.
type recording struct {
	name    string
	sources [][]string
	do      func(s *session)
	pages   []int // whose histories are kept too
}

var recordings = []recording{
	{"scheduled", [][]string{people(10)}, func(s *session) {
		s.start(time.Hour, 2*time.Hour)
		s.bare(workflows.SignalReschedule, workflows.ControlSignal{ScheduledFor: soon(2 * time.Hour), StopAt: soon(3 * time.Hour)})
		s.api(control{action: models.ActionPause, cause: why("wait for the translation")})
		s.api(control{action: models.ActionSchedule, scheduledFor: soon(2 * time.Second)})
		s.api(control{action: models.ActionResume})
		s.end(models.StatusCompleted)
	}, nil},
	{"nobody", [][]string{nil}, func(s *session) {
		s.start(0, 0)
		s.end(models.StatusCompleted)
	}, nil},
	{"paused", [][]string{people(8), people(12)}, func(s *session) {
		s.holdAfter(3)
		s.start(0, 0)
		s.api(control{action: models.ActionPause, cause: why("typo")})
		s.release()
		s.until("a batch is held", func() bool { return s.row.heldBatches() > 0 })
		s.bare(workflows.SignalResume, nil)
		s.end(models.StatusCompleted)
	}, []int{1, 2}},
	{"paused-by-support", [][]string{people(12)}, func(s *session) {
		s.holdAfter(3)
		s.start(0, 0)
		s.bare(workflows.SignalPause, nil)
		s.bare(workflows.SignalPause, map[string]string{"reason": "again", "by": "support"})
		s.release()
		s.until("a batch is held", func() bool { return s.row.heldBatches() > 0 })
		s.api(control{action: models.ActionResume})
		s.end(models.StatusCompleted)
	}, nil},
	{"pause-refuses-the-end", [][]string{people(2)}, func(s *session) {
		var once sync.Once
		s.row.lastStep = func() { once.Do(func() { s.row.must(control{action: models.ActionPause}) }) }
		s.start(0, 0)
		s.until("it is paused", func() bool { return s.row.snapshot().Hold == models.HoldPaused })
		s.api(control{action: models.ActionResume})
		s.end(models.StatusCompleted)
	}, nil},
	{"stopped-asleep", [][]string{people(2)}, func(s *session) {
		s.start(time.Hour, 0)
		s.api(control{action: models.ActionStop})
		s.end(models.StatusStopped)
	}, nil},
	{"stopped", [][]string{people(20)}, func(s *session) {
		s.holdAfter(3)
		s.start(0, 0)
		s.bare(workflows.SignalStop, map[string]string{"by": "support"})
		s.release()
		s.end(models.StatusStopped)
	}, []int{1}},
	{"stopped-by-its-fence", [][]string{people(20)}, func(s *session) {
		s.holdAfter(3)
		s.start(0, 0)
		s.row.must(control{action: models.ActionStop}) // its signal is lost
		s.release()
		s.end(models.StatusStopped)
	}, []int{2}},
	{"cancelled", [][]string{people(20)}, func(s *session) {
		s.holdAfter(3)
		s.start(0, time.Hour)
		if err := s.client.CancelWorkflow(s.Context(), s.id(), ""); err != nil {
			s.Fatal(err)
		}
		s.until("it is stopped", func() bool { return s.row.snapshot().Ended() })
		s.release()
		s.end(models.StatusStopped)
	}, nil},
	{"expired", [][]string{people(20)}, func(s *session) {
		s.holdAfter(3)
		s.start(0, 2*time.Second)
		s.until("it is stopped", func() bool { return s.row.snapshot().Ended() })
		s.release()
		s.end(models.StatusStopped)
	}, nil},
	{"deleted", [][]string{people(20)}, func(s *session) {
		s.holdAfter(3)
		s.start(0, 0)
		s.row.must(control{action: models.ActionStop}) // neither signal arrives
		s.row.must(control{action: models.ActionDelete})
		s.release()
		s.end("")
	}, nil},
	{"failed", [][]string{people(12)}, func(s *session) {
		broken := temporal.NewNonRetryableApplicationError("the template does not compile", workflows.ErrorCampaignConfig, nil)
		var mended atomic.Bool
		s.row.work = func(in workflows.BatchInput) error {
			if in.After == "user-00005" && !mended.Load() {
				return broken
			}
			return nil
		}
		s.start(0, 0)
		s.until("it is paused", func() bool { return s.row.snapshot().Hold == models.HoldPaused })
		mended.Store(true)
		s.api(control{action: models.ActionResume})
		s.end(models.StatusCompleted)
	}, []int{2}},
	{"page-lost", [][]string{people(12)}, func(s *session) {
		s.holdAfter(3)
		s.start(0, 0)
		if err := s.client.TerminateWorkflow(s.Context(), workflows.PageWorkflowID(appPK, s.name, 2), "", "by hand"); err != nil {
			s.Fatal(err)
		}
		s.until("it is paused", func() bool { return s.row.snapshot().Hold == models.HoldPaused })
		s.release()
		s.api(control{action: models.ActionResume})
		s.end(models.StatusCompleted)
	}, nil},
	{"continued", [][]string{people(100)}, func(s *session) {
		s.row.perPage = 1
		s.holdAfter(12)
		s.start(0, time.Hour)
		s.api(control{action: models.ActionPause})
		s.release()
		s.until("a batch is held", func() bool { return s.row.heldBatches() > 0 })
		s.api(control{action: models.ActionResume})
		s.end(models.StatusCompleted)
	}, nil},
}
