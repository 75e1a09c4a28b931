package main

import (
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"herald/workflows"
)

// With worker deployments switched on by configuration, nothing runs before a version is made the current one. When the
// next one is, a campaign under way moves on to it, while its pages end where they began.
func TestWorkerDeployment(t *testing.T) {
	version := func(build string) []string {
		return []string{"HERALD_WORKER_DEPLOYMENT=herald", "HERALD_WORKER_BUILD_ID=" + build}
	}
	s := startStack(t, t.TempDir(), append(version("one"), "HERALD_PAGE_SIZE=500", "HERALD_BATCH_SIZE=50", "HERALD_COMMIT_SIZE=50"))
	s.seedUsers(400)
	temporal, err := client.Dial(client.Options{HostPort: s.TemporalAddress, Namespace: s.TemporalNamespace})
	if err != nil {
		t.Fatal(err)
	}
	defer temporal.Close()
	makeCurrent := func(build string) {
		t.Helper()
		s.eventually("build "+build+" to be made the current version", time.Minute, func() bool {
			_, err := temporal.WorkerDeploymentClient().GetHandle("herald").
				SetCurrentVersion(t.Context(), client.WorkerDeploymentSetCurrentVersionOptions{BuildID: build})
			return err == nil // before its workers have been heard of it is unknown
		})
	}
	ranOn := func(workflowID string) string {
		t.Helper()
		described, err := temporal.DescribeWorkflowExecution(t.Context(), workflowID, "")
		if err != nil {
			t.Fatal(err)
		}
		return described.GetWorkflowExecutionInfo().GetVersioningInfo().GetDeploymentVersion().GetBuildId()
	}

	everybody := s.segment(map[string]any{"type": "user", "filter": map[string]any{"half": map[string]any{"$in": []int{0, 1}}}})
	id := s.campaign(map[string]any{"id": "c", "segment_ids": []string{everybody}, "messages_per_second": 80})
	s.start(id)
	if s.acknowledged(id) {
		t.Error("a workflow ran before there was a current version")
	}
	makeCurrent("one")
	s.eventually("the first messages", time.Minute, func() bool { n, _ := s.sent(id); return n > 0 })
	s.call(http.StatusCreated, http.MethodPost, "/campaigns/"+id+"/pause", nil)
	if n, _ := s.sent(id); n == 400 {
		t.Fatal("the campaign was through before it was paused")
	}

	next := exec.CommandContext(t.Context(), os.Args[0], "worker")
	next.Env = append(append(os.Environ(), version("two")...), runAsHerald+"=1",
		"HERALD_DATABASE_URL="+s.DatabaseURL, "TEMPORAL_ADDRESS="+s.TemporalAddress, "TEMPORAL_NAMESPACE="+s.TemporalNamespace)
	next.Stderr = os.Stderr
	if err := next.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = next.Process.Kill()
		_ = next.Wait()
	}()
	makeCurrent("two")
	s.call(http.StatusCreated, http.MethodPost, "/campaigns/"+id+"/resume", nil)
	s.completed(id, 400, time.Minute)

	app := int64(1)
	if got := ranOn(workflows.CampaignWorkflowID(app, id)); got != "two" {
		t.Errorf("the campaign ended on version %q, want two", got)
	}
	if got := ranOn(workflows.PageWorkflowID(app, id, 1)); got != "one" {
		t.Errorf("its page ended on version %q, want one", got)
	}
}
