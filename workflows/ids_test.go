package workflows_test

import (
	"strings"
	"testing"

	"herald/workflows"
)

func TestWorkflowIDs(t *testing.T) {
	long := strings.Repeat("x", 200)
	if got := workflows.CampaignWorkflowID(1, "spring-sale"); got != "campaign/1/spring-sale" {
		t.Error(got)
	}
	if got := workflows.PageWorkflowID(1, "spring-sale", 37); got != "campaign/1/spring-sale/page-000037" {
		t.Error(got)
	}
	if got := workflows.CampaignWorkflowID(1, long); got != "campaign/1/"+long {
		t.Errorf("an id of 200 characters appears as %s", got)
	}
	// sha256sum of 201 letters x.
	const want = "campaign/1/84a0678c90937f5dcf9994d5866668da6b995109c8ad845410559b48a4ecafed"
	got := workflows.CampaignWorkflowID(1, long+"x")
	if got != want {
		t.Errorf("an id of 201 characters appears as %s, want %s", got, want)
	}
	if other := workflows.CampaignWorkflowID(1, long+"y"); other == got {
		t.Error("two long ids have one workflow id")
	}
	// What SQL visibility holds.
	if id := workflows.PageWorkflowID(1<<62, long, 999_999); len(id) > 255 {
		t.Errorf("%d bytes: %s", len(id), id)
	}
}
