package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"herald/internal/client"
	"herald/internal/heralddev"
)

// stack is a `herald dev` of the benchmark's own.
type stack struct {
	*heralddev.Herald
	tenant // the default app
}

// tenant is an app, as its own server sees it.
type tenant struct {
	app int64 // app_pk
	api *client.Client
}

func startStack(ctx context.Context, o options) (*stack, error) {
	h, err := heralddev.Start(ctx, heralddev.Options{
		Program: o.herald, Args: []string{"--workers", strconv.Itoa(o.workers)}, Env: []string{"HERALD_LOG_LEVEL=warn"}, Log: os.Stderr,
	})
	if err != nil {
		return nil, err
	}
	api, err := client.New(client.Config{URL: h.APIURL, APIKey: h.APIKey, Token: h.ServerToken})
	if err != nil {
		return nil, errors.Join(err, h.Stop())
	}
	return &stack{Herald: h, tenant: tenant{app: 1, api: api}}, nil
}

// seed makes n users of an app straight in the database, and the sender.
func (s *stack) seed(ctx context.Context, app int64, n int) error {
	_, err := s.DB.Exec(ctx, `
		INSERT INTO users (app_pk, id, name, custom, created_at, updated_at)
		SELECT $1, 'user-' || lpad(i::text, 9, '0'), 'User ' || i, jsonb_build_object('country', 'C' || i % 50, 'plan', 'pro'), now(), now()
		FROM generate_series(1, $2) AS i`, app, n)
	if err != nil {
		return fmt.Errorf("seed users: %w", err)
	}
	_, err = s.DB.Exec(ctx, "INSERT INTO users (app_pk, id, name, created_at, updated_at) VALUES ($1, 'shop', 'The Shop', now(), now())", app)
	if err != nil {
		return fmt.Errorf("seed the sender: %w", err)
	}
	for _, vacuum := range []string{"VACUUM ANALYZE users", "CHECKPOINT"} {
		if _, err := s.DB.Exec(ctx, vacuum); err != nil {
			return fmt.Errorf("%s: %w", vacuum, err)
		}
	}
	return nil
}

// forget removes channels and messages, so that the next campaign creates its channels again.
func (s *stack) forget(ctx context.Context) error {
	for _, statement := range []string{"TRUNCATE messages, channels, channel_members", "CHECKPOINT"} {
		if _, err := s.DB.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

type campaignRun struct {
	took, first, getP99 time.Duration
}

// draft creates a campaign to every user of the app by a filter that all match, and gives its id.
func (t tenant) draft(ctx context.Context) (string, error) {
	segment, err := t.api.CreateSegment(ctx, client.Segment{Type: "user", Filter: map[string]any{"plan": "pro"}})
	if err != nil {
		return "", err
	}
	created, err := t.api.CreateCampaign(ctx, client.NewCampaign{
		SenderID: "shop", CreateChannels: true, SegmentIDs: []string{segment.ID},
		MessageTemplate: client.MessageTemplate{Text: "Hi {{ receiver.name }} in {{ receiver.country }}, I'm {{ sender.name }}! Today everything is 20% off."},
	})
	return created.ID, err
}

// campaign sends one campaign to every user of the app, and checks that each of the n has one message.
func (s *stack) campaign(ctx context.Context, t tenant, n int) (campaignRun, error) {
	var r campaignRun
	id, err := t.draft(ctx)
	if err != nil {
		return r, err
	}
	if _, err := t.api.StartCampaign(ctx, id, client.Start{}); err != nil {
		return r, err
	}
	began := time.Now()
	var gets []time.Duration
	for {
		asked := time.Now()
		c, err := t.api.Campaign(ctx, id)
		if err != nil {
			return r, err
		}
		gets = append(gets, time.Since(asked))
		if r.first == 0 && c.Stats.MessagesSent > 0 {
			r.first = time.Since(began)
		}
		if c.Status == "completed" {
			break
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return r, err
		}
	}
	r.took = time.Since(began)
	slices.Sort(gets)
	r.getP99 = gets[len(gets)*99/100]
	var messages, recipients int
	err = s.DB.QueryRow(ctx, "SELECT count(*), count(DISTINCT recipient) FROM messages WHERE app_pk = $1 AND campaign_id = $2", t.app, id).Scan(&messages, &recipients)
	if err != nil {
		return r, fmt.Errorf("count messages: %w", err)
	}
	if messages != n || recipients != n {
		return r, fmt.Errorf("%d messages to %d recipients, want %d each", messages, recipients, n)
	}
	return r, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// peakMemory is the largest resident set that any worker has had, in bytes; 0 where the system does not tell.
func (s *stack) peakMemory() int64 {
	var peak int64
	for _, pid := range s.Pids.Worker {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return 0
		}
		for line := range strings.Lines(string(status)) {
			if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
				if err == nil {
					peak = max(peak, kb<<10)
				}
			}
		}
	}
	return peak
}
