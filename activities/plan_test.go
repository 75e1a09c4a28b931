package activities_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/activities"
	"herald/models"
	"herald/workflows"
)

func sortedCalls(calls []told) []told {
	return slices.SortedFunc(slices.Values(calls), func(a, b told) int { return strings.Compare(a.What+" "+a.ID, b.What+" "+b.ID) })
}

func TestPlanSizes(t *testing.T) {
	w := newWorld(t)
	for i, tt := range []struct {
		recipients          int64
		perSecond           int // 0: unlimited
		page, batch, commit int
		queue               string
	}{
		{0, 0, 5000, 500, 500, workflows.QueueSmall},
		{1, 0, 5000, 500, 500, workflows.QueueSmall},
		{1000, 0, 10_000, 1000, 500, workflows.QueueSmall},
		{5000, 0, 20_000, 5000, 500, workflows.QueueSmall},
		{5001, 0, 6250, 625, 500, workflows.QueueSend},
		{25_000, 0, 18_750, 3125, 500, workflows.QueueSend},
		{40_000, 0, 20_000, 5000, 800, workflows.QueueSend},
		{100_000, 0, 20_000, 5000, 1000, workflows.QueueSend},
		{100_000_000, 0, 20_000, 5000, 1000, workflows.QueueSend},
		{1_000_000, 1, 30, 10, 1, workflows.QueuePaced},
		{1, 1, 30, 10, 1, workflows.QueuePaced},
		{1_000_000, 7, 210, 70, 7, workflows.QueuePaced},
		{1_000_000, 500, 15_000, 5000, 500, workflows.QueuePaced},
		{100, 500, 1500, 500, 500, workflows.QueuePaced},
		{1_000_000, 5000, 15_000, 5000, 1000, workflows.QueuePaced},
		{1_000_000, 5001, 20_000, 5000, 1000, workflows.QueueSend},
		{100, 5001, 5000, 500, 500, workflows.QueueSmall},
		{1_000_000, 100_000, 20_000, 5000, 1000, workflows.QueueSend},
	} {
		w.hooks.count = func() int64 { return tt.recipients }
		_, got := w.begun(fmt.Sprint("c", i), func(c *models.Campaign) {
			c.UserIDs = []string{"ann"}
			if tt.perSecond > 0 {
				c.MessagesPerSecond = &tt.perSecond
			}
		})
		want := workflows.Plan{Sources: 1, Recipients: tt.recipients, PageSize: tt.page, BatchSize: tt.batch, CommitSize: tt.commit, Target: models.SegmentUser, Queue: tt.queue}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d recipients, %d a second (-want +got):\n%s", tt.recipients, tt.perSecond, diff)
		}
	}
}

func TestPlanPagesCoversEveryTargetOnce(t *testing.T) {
	w := newWorld(t)
	var everybody []string
	for i := range 47 {
		everybody = append(everybody, fmt.Sprintf("u%02d", i))
	}
	w.ids(everybody...)
	w.segment(models.Segment{ID: "all", Type: models.SegmentUser, AllUsers: true})
	w.segment(models.Segment{ID: "list", Type: models.SegmentUser}, append([]string{"nobody"}, everybody[:20]...)...)
	for _, id := range []string{"none1", "none2", "none3", "none4"} {
		w.segment(models.Segment{ID: id, Type: models.SegmentUser})
	}
	c, _ := w.begun("c", func(c *models.Campaign) {
		c.SegmentIDs = []string{"none1", "all", "none2", "none3", "list", "none4"}
	})
	want := [][]string{nil, slices.Sorted(slices.Values(append([]string{sender}, everybody...))), nil, nil, append([]string{"nobody"}, everybody[:20]...), nil}
	sources, err := w.Sources(t.Context(), c, *c.StartedAt)
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range []workflows.Plan{
		{PageSize: 1, BatchSize: 1}, {PageSize: 12, BatchSize: 4}, {PageSize: 10, BatchSize: 4}, {PageSize: 6, BatchSize: 6},
		{PageSize: 48, BatchSize: 16}, {PageSize: 500, BatchSize: 500},
	} {
		for _, limit := range []int{1, 3, 100} {
			got := make([][]string, len(want))
			in := workflows.PlanInput{Ref: ref(c), Plan: plan, Limit: limit}
			after := map[int]string{}
			for done := false; !done; {
				res := ran[workflows.PlanResult](w, workflows.ActivityPlanPages, in)
				if len(res.Pages) > limit || len(res.Pages) == 0 && !res.Done {
					t.Fatalf("%+v, limit %d: %d pages, done %v", plan, limit, len(res.Pages), res.Done)
				}
				for _, page := range res.Pages {
					if page.Count() > plan.PageSize || page.Count() == 0 || page.After != after[page.Source] {
						t.Errorf("%+v, limit %d: page of %d after %q, want one after %q", plan, limit, page.Count(), page.After, after[page.Source])
					}
					for _, b := range page.Batches {
						targets, err := w.UserTargets(t.Context(), sources[page.Source], after[page.Source], b.Through, 1000)
						if err != nil {
							t.Fatal(err)
						}
						if len(targets) != b.Count || b.Count > plan.BatchSize {
							t.Errorf("%+v, limit %d: batch of %d holds %d", plan, limit, b.Count, len(targets))
						}
						for _, target := range targets {
							got[page.Source] = append(got[page.Source], target.ID)
						}
						after[page.Source] = b.Through
					}
				}
				in.Cursor, done = res.Cursor, res.Done
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%+v, limit %d: targets by source (-want +got):\n%s", plan, limit, diff)
			}
		}
	}
}

func TestPlanPagesOfNobody(t *testing.T) {
	w := newWorld(t)
	w.segment(models.Segment{ID: "none", Type: models.SegmentUser})
	c, plan := w.begun("c", func(c *models.Campaign) { c.SegmentIDs = []string{"none"} })
	in := workflows.PlanInput{Ref: ref(c), Plan: plan, Limit: 10}
	if res := ran[workflows.PlanResult](w, workflows.ActivityPlanPages, in); !res.Done || len(res.Pages) > 0 {
		t.Errorf("%+v", res)
	}
	in.CampaignID = "deleted"
	if res := ran[workflows.PlanResult](w, workflows.ActivityPlanPages, in); !res.Done || len(res.Pages) > 0 {
		t.Errorf("of a deleted campaign: %+v", res)
	}
}

func TestConfiguredSizes(t *testing.T) {
	for _, tt := range []struct{ page, batch, commit, wantPage, wantBatch, wantCommit int }{
		{4000, 50, 0, 500, 50, 50},           // ten batches in a page
		{4000, 3000, 2000, 3000, 3000, 2000}, // whole batches
		{1000, 3000, 5000, 3000, 3000, 3000}, // at least one
		{0, 0, 5000, 20_000, 5000, 5000},
	} {
		w := newWorld(t, func(cfg *activities.Config) {
			cfg.PageSize, cfg.BatchSize, cfg.CommitSize = tt.page, tt.batch, tt.commit
		})
		w.hooks.count = func() int64 { return 1_000_000 }
		_, got := w.begun("c", func(c *models.Campaign) { c.UserIDs = []string{"ann"} })
		if got.PageSize != tt.wantPage || got.BatchSize != tt.wantBatch || got.CommitSize != tt.wantCommit {
			t.Errorf("%+v: got %+v", tt, got)
		}
	}
}
