package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"herald/api"
	"herald/internal/client"
	"herald/models/store"
)

const (
	smallCampaign   = 1_000 // recipients
	smallAtATime    = 6     // small campaigns timed one after another before the load changes
	fairnessRounds  = 3     // of alone and beside by turns: what else the machine does then meets both alike
	fullSpeed       = 20_000
	fairnessTooLong = time.Minute // for campaigns to come to full speed
)

// fairness times a small campaign of one app alone and while campaigns of another app send, by turns.
func fairness(ctx context.Context, o options) (err error) {
	s, err := startStack(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	if err := s.seed(ctx, s.app, o.fairness); err != nil {
		return err
	}
	small, err := s.secondApp(ctx)
	if err != nil {
		return err
	}
	if err := s.seed(ctx, small.app, smallCampaign); err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Printf("small: campaigns of one app to %d recipients each; large: campaigns of another app to %d, running all the while\n", smallCampaign, o.fairness)
	fmt.Fprintln(w, "large\tsmall\tmedian s\tslowest s\tmedian / alone\tslowest / alone\tlarge messages/s\t")
	for _, large := range []int{1, 3} {
		if err := s.besides(ctx, small, large, w); err != nil {
			return err
		}
	}
	return w.Flush()
}

// besides times small campaigns alone and beside this many large ones, and stops those.
func (s *stack) besides(ctx context.Context, small tenant, large int, w *tabwriter.Writer) error {
	if err := s.forget(ctx); err != nil {
		return err
	}
	ids := make([]string, large)
	for i := range ids {
		id, err := s.draft(ctx)
		if err != nil {
			return err
		}
		if _, err := s.api.StartCampaign(ctx, id, client.Start{}); err != nil {
			return err
		}
		ids[i] = id
	}
	var alone, beside []time.Duration
	var sent int64
	var lasted time.Duration
	for range fairnessRounds {
		if err := s.each(ctx, ids, func(id string) error { _, err := s.api.PauseCampaign(ctx, id, client.Cause{}); return err }); err != nil {
			return err
		}
		if _, err := s.DB.Exec(ctx, "CHECKPOINT"); err != nil { // what the large ones have left to write is not the small one's
			return fmt.Errorf("checkpoint: %w", err)
		}
		took, err := s.smallCampaigns(ctx, small, smallAtATime)
		if err != nil {
			return err
		}
		alone = append(alone, took...)
		if err := s.each(ctx, ids, func(id string) error { _, err := s.api.ResumeCampaign(ctx, id, client.Cause{}); return err }); err != nil {
			return err
		}
		if err := s.untilFullSpeed(ctx, ids); err != nil {
			return err
		}
		before, err := s.messages(ctx, ids)
		if err != nil {
			return err
		}
		began := time.Now()
		if took, err = s.smallCampaigns(ctx, small, smallAtATime); err != nil {
			return err
		}
		lasted += time.Since(began)
		beside = append(beside, took...)
		after, err := s.messages(ctx, ids)
		if err != nil {
			return err
		}
		sent += after - before
	}
	err := s.each(ctx, ids, func(id string) error {
		c, err := s.api.StopCampaign(ctx, id, client.Cause{})
		if err == nil && c.Status != "stopped" {
			err = fmt.Errorf("campaign %s is %s: it was too small for this measurement", id, c.Status)
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.Sort(alone)
	slices.Sort(beside)
	base := median(alone)
	for _, row := range []struct {
		large int
		took  []time.Duration
		rate  float64
	}{{0, alone, 0}, {large, beside, float64(sent) / lasted.Seconds()}} {
		slowest := row.took[len(row.took)-1]
		fmt.Fprintf(w, "%d\t%d\t%.2f\t%.2f\t%.1f\t%.1f\t%.0f\t\n", row.large, len(row.took), median(row.took).Seconds(), slowest.Seconds(),
			median(row.took).Seconds()/base.Seconds(), slowest.Seconds()/base.Seconds(), row.rate)
	}
	return nil
}

func median(sorted []time.Duration) time.Duration { return sorted[len(sorted)/2] }

// smallCampaigns runs campaigns one after another and gives their times. One more comes first that does not count: the
// large ones are still putting their batches away, or the first channels have to be made.
func (s *stack) smallCampaigns(ctx context.Context, t tenant, n int) ([]time.Duration, error) {
	var took []time.Duration
	for i := range 1 + n {
		r, err := s.campaign(ctx, t, smallCampaign)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			took = append(took, r.took)
		}
	}
	return took, nil
}

func (s *stack) each(ctx context.Context, ids []string, do func(id string) error) error {
	for _, id := range ids {
		if err := do(id); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// untilFullSpeed waits until the campaigns have sent some batches since they were resumed.
func (s *stack) untilFullSpeed(ctx context.Context, ids []string) error {
	ctx, cancel := context.WithTimeout(ctx, fairnessTooLong)
	defer cancel()
	before, err := s.messages(ctx, ids)
	for err == nil {
		var now int64
		if now, err = s.messages(ctx, ids); err == nil && now >= before+fullSpeed {
			return nil
		}
		if err == nil {
			err = sleep(ctx, 100*time.Millisecond)
		}
	}
	return fmt.Errorf("wait for the large campaigns to send: %w", err)
}

// messages is how many the campaigns of the first app have sent.
func (s *stack) messages(ctx context.Context, ids []string) (int64, error) {
	var n int64
	err := s.DB.QueryRow(ctx, "SELECT coalesce(sum(sent), 0) FROM campaign_batches WHERE app_pk = $1 AND campaign_id = ANY($2)", s.app, ids).Scan(&n)
	return n, err
}

func (s *stack) secondApp(ctx context.Context) (tenant, error) {
	db, err := store.Open(ctx, s.DatabaseURL, store.Options{MaxConns: 1})
	if err != nil {
		return tenant{}, err
	}
	defer db.Close()
	app, err := db.CreateApp(ctx, "second")
	if err != nil {
		return tenant{}, err
	}
	token, err := api.ServerToken(app.Secret)
	if err != nil {
		return tenant{}, err
	}
	c, err := client.New(client.Config{URL: s.APIURL, APIKey: app.APIKey, Token: token})
	return tenant{app: app.PK, api: c}, err
}
