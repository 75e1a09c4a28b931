package workflows_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.temporal.io/sdk/log"
	sdkworker "go.temporal.io/sdk/worker"

	"herald/worker"
	"herald/workflows"
)

// Histories of real campaigns, recorded by TestRecordHistories. A campaign may sleep for weeks, so a change of workflow
// code that does not fit them breaks campaigns under way; it needs workflow.GetVersion. They are recorded anew only to
// add to them.
const histories = "testdata"

// machines finds what the SDK fills with the names of machines: the identities of workers, and sticky queues.
var machines = regexp.MustCompile(`"identity":"([^"]*)"|"name":"([^"]*)","kind":`)

func TestReplay(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(histories, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no histories in %s: %v", histories, err)
	}
	replayer, err := sdkworker.NewWorkflowReplayerWithOptions(sdkworker.WorkflowReplayerOptions{DisableRegistrationAliasing: true})
	if err != nil {
		t.Fatal(err)
	}
	worker.RegisterWorkflows(replayer)
	quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			if err := replayer.ReplayWorkflowHistoryFromJSONFile(quiet, file); err != nil {
				t.Error(err)
			}
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			known := []string{"herald", "history-service", workflows.QueueCampaigns, workflows.QueueSend}
			for _, found := range machines.FindAllStringSubmatch(string(raw), -1) {
				if name := found[1] + found[2]; !slices.Contains(known, name) {
					t.Errorf("holds %q: does it name the machine it was recorded on?", name)
				}
			}
		})
	}
}
