// Package workflows holds Herald's Temporal workflows: Campaign drives one campaign from its start to its end,
// SegmentPage sends one page of its audience, Reconcile repairs what a crash between Postgres and Temporal left undone.
//
// Workflow code is deterministic: time comes from workflow.Now, maps are never ranged over, and no id is made from the
// run (child ids come from the campaign's id in the input). It imports only models and the SDK, and says in
// activities.go what it needs done. Only key ranges, counts and states go through history, never recipients.
//
// A campaign's row decides, not the workflow: whatever a signal or a timer wants is first written to the row by the
// Control activity, and the workflow adopts what the row then says. A state with a lower control_seq than the one
// already known is old news and is ignored.
package workflows
