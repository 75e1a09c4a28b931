package devstack_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"

	"herald/internal/devstack"
)

func startTemporal(t *testing.T, sup *devstack.Supervisor, o devstack.TemporalOptions) *devstack.Temporal {
	t.Helper()
	server, err := devstack.StartTemporal(t.Context(), sup, o)
	if errors.Is(err, devstack.ErrUnavailable) && os.Getenv(devstack.EnvRequire) != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func dialTemporal(t *testing.T, address string) client.Client {
	t.Helper()
	c, err := client.DialContext(t.Context(), client.Options{HostPort: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func attributeTypes(t *testing.T, c client.Client) map[string]enums.IndexedValueType {
	t.Helper()
	list, err := c.OperatorService().ListSearchAttributes(t.Context(), &operatorservice.ListSearchAttributesRequest{
		Namespace: devstack.TemporalNamespace,
	})
	if err != nil {
		t.Fatal(err)
	}
	return list.GetCustomAttributes()
}

func TestTemporalKeepsWorkflowsOverStopsAndKills(t *testing.T) {
	t.Parallel()
	o := devstack.TemporalOptions{
		Dir: t.TempDir(), BinDir: moduleBin(t),
		SearchAttributes: map[string]string{"CampaignStatus": "Keyword"},
	}
	sup := newSupervisor(t)
	server := startTemporal(t, sup, o)
	c := dialTemporal(t, server.Address)
	start := client.StartWorkflowOptions{ID: "sleeper", TaskQueue: "nobody-polls"}
	run, err := c.ExecuteWorkflow(t.Context(), start, "Sleeper")
	if err != nil {
		t.Fatal(err)
	}

	page, err := http.Get(server.UIURL)
	if err != nil {
		t.Fatal(err)
	}
	page.Body.Close()
	if page.StatusCode != http.StatusOK {
		t.Errorf("the web UI answers %s", page.Status)
	}

	_, err = devstack.StartTemporal(t.Context(), newSupervisor(t), o)
	if !errors.Is(err, devstack.ErrInUse) {
		t.Errorf("a second stack on the directory: %v, want ErrInUse", err)
	}

	before := sup.Pids()["temporal"]
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the workflow is known after kill -9", func() bool {
		got, err := c.DescribeWorkflowExecution(t.Context(), "sleeper", "")
		return err == nil && got.GetWorkflowExecutionInfo().GetExecution().GetRunId() == run.GetRunID()
	})
	if now := sup.Pids()["temporal"]; now == before {
		t.Errorf("pid is still %d", now)
	}
	sup.Stop()

	// A later version of the program has one attribute more; the state is older.
	o.SearchAttributes = map[string]string{"CampaignStatus": "Keyword", "CampaignScheduledFor": "Datetime"}
	server = startTemporal(t, newSupervisor(t), o)
	again := dialTemporal(t, server.Address)
	got, err := again.DescribeWorkflowExecution(t.Context(), "sleeper", "")
	if err != nil || got.GetWorkflowExecutionInfo().GetExecution().GetRunId() != run.GetRunID() {
		t.Errorf("after a new start: %v, %v", got.GetWorkflowExecutionInfo().GetExecution(), err)
	}
	types := attributeTypes(t, again)
	if types["CampaignStatus"] != enums.INDEXED_VALUE_TYPE_KEYWORD || types["CampaignScheduledFor"] != enums.INDEXED_VALUE_TYPE_DATETIME {
		t.Errorf("search attributes: %v", types)
	}
	err = devstack.EnsureSearchAttributes(t.Context(), again.OperatorService(), devstack.TemporalNamespace, map[string]string{"CampaignStatus": "Int"})
	if err == nil || !strings.Contains(err.Error(), "CampaignStatus") {
		t.Errorf("another type for an attribute: %v, want an error that names it", err)
	}
}

func TestSharedTemporal(t *testing.T) {
	t.Parallel()
	address := devstack.TestTemporal(t, map[string]string{"CampaignApp": "Keyword"})
	if second := devstack.TestTemporal(t, map[string]string{"CampaignApp": "Keyword"}); second != address {
		t.Errorf("two servers in one test binary: %s and %s", address, second)
	}
	if types := attributeTypes(t, dialTemporal(t, address)); types["CampaignApp"] != enums.INDEXED_VALUE_TYPE_KEYWORD {
		t.Errorf("search attributes: %v", types)
	}
}

func TestTemporalGiven(t *testing.T) {
	sup := newSupervisor(t)
	server := startTemporal(t, sup, devstack.TemporalOptions{Address: "temporal.example:7233"})
	if !server.External || server.Address != "temporal.example:7233" || len(sup.Pids()) != 0 {
		t.Errorf("StartTemporal = %+v, running %v", server, sup.Pids())
	}
}
