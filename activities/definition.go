package activities

import (
	"context"
	"fmt"
	"sync"
	"time"

	"herald/rendering"
	"herald/workflows"
)

const (
	// definitionAge bounds how long a changed sender or a removed template member goes unnoticed.
	definitionAge = time.Minute
	// mostDefinitions is how many campaigns a worker keeps compiled.
	mostDefinitions = 256
)

// definitions keeps compiled campaigns. A campaign's definition is fixed before its first batch.
type definitions struct {
	mu    sync.Mutex
	byRef map[workflows.Ref]compiled
}

type compiled struct {
	*rendering.Definition
	at time.Time
}

func (d *definitions) get(ref workflows.Ref, load func() (*rendering.Definition, error)) (*rendering.Definition, error) {
	d.mu.Lock()
	found, ok := d.byRef[ref]
	d.mu.Unlock()
	if ok && time.Since(found.at) < definitionAge {
		return found.Definition, nil
	}
	// Two batches that miss at once both load; the later one wins, and both are right.
	def, err := load()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byRef == nil || len(d.byRef) >= mostDefinitions {
		d.byRef = make(map[workflows.Ref]compiled)
	}
	d.byRef[ref] = compiled{def, time.Now()}
	return def, nil
}

// definition gives a campaign ready to be rendered. A deleted campaign gives models.CodeNotFound.
func (a *Activities) definition(ctx context.Context, ref workflows.Ref) (*rendering.Definition, error) {
	return a.definitions.get(ref, func() (*rendering.Definition, error) {
		c, err := a.Store.Campaign(ctx, ref.AppPK, ref.CampaignID)
		if err != nil {
			return nil, err
		}
		users, err := a.Store.Users(ctx, ref.AppPK, rendering.UserIDs(c))
		if err != nil {
			return nil, err
		}
		def, err := rendering.Compile(c, users)
		if err != nil {
			return nil, misconfigured(fmt.Errorf("campaign %d/%s: %w", ref.AppPK, ref.CampaignID, err))
		}
		return def, nil
	})
}
