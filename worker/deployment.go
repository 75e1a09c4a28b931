package worker

import (
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"herald/workflows"
)

// Deployment is the version of Herald that a worker runs, for Temporal's worker deployments: tasks go only to the version
// that somebody made the current one. Both fields are set, or none; with none, tasks go to any worker.
type Deployment struct {
	Name    string
	BuildID string
}

func (d Deployment) options() worker.DeploymentOptions {
	if d.Name == "" {
		return worker.DeploymentOptions{}
	}
	return worker.DeploymentOptions{
		UseVersioning: true,
		Version:       worker.WorkerDeploymentVersion{DeploymentName: d.Name, BuildID: d.BuildID},
	}
}

// versioning is how a workflow that has begun behaves when another version becomes the current one. A page lives for
// minutes and ends where it began. A campaign may sleep for weeks: it moves on, so its code must replay older histories.
var versioning = map[string]workflow.VersioningBehavior{
	workflows.TypeCampaign:    workflow.VersioningBehaviorAutoUpgrade,
	workflows.TypeSegmentPage: workflow.VersioningBehaviorPinned,
	workflows.TypeReconcile:   workflow.VersioningBehaviorAutoUpgrade,
	workflows.TypeTask:        workflow.VersioningBehaviorAutoUpgrade,
}
