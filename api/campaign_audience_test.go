package api_test

import (
	"testing"
	"time"

	"herald/models"
)

func TestCampaignAudience(t *testing.T) {
	h, _ := campaignHarness(t)
	h.mustCall(t, 201, "POST", "/segments/users-1/addtargets", m{"target_ids": []string{"ann", "off", "nobody"}})
	h.mustCall(t, 201, "POST", "/segments/channels-1/addtargets", m{"target_ids": []string{"team:x", "rubbish"}})
	h.draft(t, "ids", m{"user_ids": []string{"ann", "shop", "nobody", "gone", "ann"}})
	h.draft(t, "list", m{"segment_ids": []string{"users-1"}})
	h.draft(t, "both", m{"segment_ids": []string{"users-1", "users-2"}})
	h.draft(t, "channels", m{"segment_ids": []string{"channels-1"}})
	before := h.contents(t)
	for id, want := range map[string]string{
		"ids":      "4", // those that would be skipped included
		"list":     "3",
		"both":     "5", // ann, bob and shop exist; off and nobody are listed
		"channels": "2",
	} {
		for _, d := range []dialect{dialectV1, dialectV2} {
			got := h.in(d).mustCall(t, 201, "POST", "/campaigns/"+id+"/audience", nil)
			if got["count"] != jsonNumber(want) || got["estimate"] != false || len(got) != 3 {
				t.Errorf("%s: %v, want %s", id, got, want)
			}
		}
	}
	if got := h.changed(t, before); len(got) > 0 {
		t.Errorf("counting changed %v", got)
	}
	h.users(t, "cy")
	for _, status := range models.Statuses { // if it started now, however long ago it did
		h.exec(t, `UPDATE campaigns SET status = $1, started_at = now() - interval '1 day'`, string(status))
		if got := h.mustCall(t, 201, "POST", "/campaigns/both/audience", m{"ignored": true}); got["count"] != jsonNumber("6") {
			t.Errorf("%s: %v", status, got)
		}
	}
	wantError(t, h.tenant(t).call(t, "POST", "/campaigns/both/audience", nil), 404, models.CodeNotFound, "doesn't exist", "")
	wantError(t, h.callAs(t, h.as(t, "ann"), "POST", "/campaigns/both/audience", nil), 403, models.CodeNotAllowed, "server token", "")
}

// An audience that takes too long to count is estimated, while the client still waits.
func TestCampaignAudienceEstimate(t *testing.T) {
	h, _ := campaignHarness(t)
	h.mustCall(t, 201, "POST", "/segments/users-1/addtargets", m{"target_ids": []string{"ann", "nobody"}})
	h.draft(t, "c", m{"segment_ids": []string{"users-1", "users-2"}})
	h.exec(t, `UPDATE segments SET size = 3, counted_at = now() WHERE id = 'users-2'`)
	h.exec(t, `ANALYZE users`)
	h.exec(t, `ALTER TABLE users RENAME TO slow_users; CREATE VIEW users AS SELECT * FROM slow_users WHERE pg_sleep(20) IS NOT NULL`)
	began := time.Now()
	got := h.mustCall(t, 201, "POST", "/campaigns/c/audience", nil)
	if got["estimate"] != true || got["count"] != jsonNumber("5") {
		t.Errorf("%v", got)
	}
	if took := time.Since(began); took < 2*time.Second || took >= 20*time.Second {
		t.Errorf("it took %v", took)
	}
}
