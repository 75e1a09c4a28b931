package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"unicode/utf8"
)

// Task queues, each with slots of its own in every worker: a backlog of batches never delays a stop. Sending has three.
// Small campaigns would wait longer for a large one's batch to leave a slot than they take to be sent, even first in
// line. Campaigns with a low messages_per_second wait most of their time, and would keep the slots from all others.
const (
	QueueCampaigns = "campaigns"       // workflows, planning, controls
	QueueSend      = "campaigns-send"  // SendBatch
	QueueSmall     = "campaigns-small" // SendBatch of campaigns of one batch
	QueuePaced     = "campaigns-paced" // SendBatch of campaigns with a low messages_per_second, one batch at a time
)

// Names under which the workflows are registered; histories hold them, so they never change.
const (
	TypeCampaign    = "Campaign"
	TypeSegmentPage = "SegmentPage"
	TypeReconcile   = "Reconcile"
	TypeTask        = "Task"
)

// maxVisibleID is the longest campaign id that appears in a workflow id as it is. Temporal's SQL visibility holds 255
// bytes, and a page's suffix has to fit too.
const maxVisibleID = 200

// CampaignWorkflowID is the id of a campaign's workflow: campaign/<app>/<id>. An id over 200 characters appears as its
// SHA-256 in hex (contract 12.5).
func CampaignWorkflowID(appPK int64, campaignID string) string {
	if utf8.RuneCountInString(campaignID) > maxVisibleID {
		sum := sha256.Sum256([]byte(campaignID))
		campaignID = hex.EncodeToString(sum[:])
	}
	return fmt.Sprintf("campaign/%d/%s", appPK, campaignID)
}

// PageWorkflowID is the id of a campaign's page: campaign/<app>/<id>/page-000037.
func PageWorkflowID(appPK int64, campaignID string, page int) string {
	return fmt.Sprintf("%s/page-%06d", CampaignWorkflowID(appPK, campaignID), page)
}

// TaskWorkflowID is the id of a task's workflow: task/<app>/<id>.
func TaskWorkflowID(appPK int64, taskID string) string {
	return fmt.Sprintf("task/%d/%s", appPK, taskID)
}

// ReconcileScheduleID is the id of the schedule that runs Reconcile.
const ReconcileScheduleID = "reconcile-campaigns"
