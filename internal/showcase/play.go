package showcase

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"herald/internal/client"
	"herald/internal/importer"
	"herald/internal/progress"
	"herald/models"
)

const (
	senderID   = "herald"
	senderName = "The Herald Team"

	// patience is how long the campaign may take.
	patience = 10 * time.Minute
	// lookEvery is the pace at which the demo looks at something that happens in the background.
	lookEvery = 100 * time.Millisecond
	// countPatience is how long a new segment's size may be wrong: it is counted in the background.
	countPatience = 30 * time.Second
)

// play does what a new user of Herald would do, step by step.
func (d *demo) play(ctx context.Context) error {
	d.id = "demo-" + time.Now().UTC().Format("20060102-150405")
	for _, step := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"Users, imported through the API", d.importUsers},
		{"Two segments that overlap", d.createSegments},
		{"A campaign to both, personalised in " + fmt.Sprint(len(greetings)+1) + " languages", d.send},
	} {
		d.say("\n%s", step.title)
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	if err := d.check(ctx); err != nil {
		return err
	}
	d.say("\nThree of the messages, as their receivers see them")
	if err := d.showMessages(ctx); err != nil {
		return err
	}
	d.say("\nLook further")
	return d.showLinks(ctx)
}

func (d *demo) importUsers(ctx context.Context) error {
	began := time.Now()
	sender, err := json.Marshal(map[string]string{"id": senderID, "name": senderName, "language": "en"})
	if err != nil {
		return fmt.Errorf("make the sender: %w", err)
	}
	if err := d.api.UpsertUsers(ctx, map[string]json.RawMessage{senderID: sender}); err != nil {
		return fmt.Errorf("write the sender: %w", err)
	}
	bar, done := d.showBar(int64(len(d.marked)))
	defer done()
	result, err := importer.Stream(ctx, bytes.NewReader(d.marked), importer.Options{
		API: d.api, Format: importer.NDJSON, Size: int64(len(d.marked)),
		Bad: func(b importer.BadRow) { bar.Printf("   %v\n", &b) },
		Progress: func(p importer.Progress) {
			bar.Set(p.Bytes, fmt.Sprintf("%s users, %s", progress.Count(p.Written), progress.Rate(p.Written, time.Since(began))))
		},
	})
	done()
	if err != nil {
		return fmt.Errorf("import the users: %w", err)
	}
	if result.Written != d.want() {
		return fmt.Errorf("%d of %d users were imported", result.Written, d.want())
	}
	d.say("   %s users and the sender in %s, %s", progress.Count(result.Written), since(began), progress.Rate(result.Written, time.Since(began)))
	return nil
}

// want is how many messages there must be.
func (d *demo) want() int64 { return int64(len(d.people)) }

func (d *demo) payingID() string { return d.id + "-paying" }
func (d *demo) listID() string   { return d.id + "-list" }

func (d *demo) createSegments(ctx context.Context) error {
	var listed []string
	paying, both := 0, 0
	for _, p := range d.people {
		pays, lists := slices.Contains(payingPlans, p.Plan), slices.Contains(listedPlans, p.Plan)
		switch {
		case !pays && !lists:
			return fmt.Errorf("user %s has the plan %q, which no segment of the demo covers", p.ID, p.Plan)
		case pays && lists:
			both++
		}
		if pays {
			paying++
		}
		if lists {
			listed = append(listed, p.ID)
		}
	}

	filter := map[string]any{mark: true, "plan": map[string]any{"$in": payingPlans}}
	if _, err := d.api.CreateSegment(ctx, client.Segment{ID: d.payingID(), Type: models.SegmentUser, Name: "Demo: users who pay", Filter: filter}); err != nil {
		return fmt.Errorf("create a segment by filter: %w", err)
	}
	if _, err := d.api.CreateSegment(ctx, client.Segment{ID: d.listID(), Type: models.SegmentUser, Name: "Demo: a list of users"}); err != nil {
		return fmt.Errorf("create a segment by list: %w", err)
	}
	if err := d.api.AddSegmentTargets(ctx, d.listID(), listed); err != nil {
		return fmt.Errorf("fill the list: %w", err)
	}
	for id, want := range map[string]int{d.payingID(): paying, d.listID(): len(listed)} {
		if err := d.awaitSize(ctx, id, int64(want)); err != nil {
			return err
		}
	}
	shown, err := json.Marshal(filter)
	if err != nil {
		return fmt.Errorf("show the filter: %w", err)
	}
	d.say("   %s   by filter %s: %s users", d.payingID(), shown, progress.Count(int64(paying)))
	d.say("   %s     by list: %s users", d.listID(), progress.Count(int64(len(listed))))
	d.say("   %s users are in both, and have to get one message like everybody else", progress.Count(int64(both)))
	return nil
}

// awaitSize waits until a segment has the size that it must have.
func (d *demo) awaitSize(ctx context.Context, id string, want int64) error {
	deadline := time.Now().Add(countPatience)
	for {
		s, err := d.api.Segment(ctx, id)
		if err != nil {
			return fmt.Errorf("read a segment: %w", err)
		}
		if s.Size == want {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("segment %s has %d users, it should have %d", id, s.Size, want)
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

func (d *demo) send(ctx context.Context) error {
	c, err := d.api.CreateCampaign(ctx, client.NewCampaign{
		ID: d.id, Name: "Herald demo", SenderID: senderID, SegmentIDs: []string{d.payingID(), d.listID()},
		CreateChannels: true, MessageTemplate: client.MessageTemplate{Text: messageText()},
	})
	if err != nil {
		return fmt.Errorf("create the campaign: %w", err)
	}
	began := time.Now()
	if _, err := d.api.StartCampaign(ctx, c.ID, client.Start{}); err != nil {
		return fmt.Errorf("start the campaign: %w", err)
	}
	if c, err = d.watch(ctx, began); err != nil {
		return err
	}
	took := time.Since(began)
	d.say("   %s messages in %s from start to completed: %s", progress.Count(c.Stats.MessagesSent), took.Round(10*time.Millisecond),
		progress.Rate(c.Stats.MessagesSent, took))
	d.say("\n%s", statsTable(c.Stats))
	return nil
}

// watch shows the campaign's progress until it is completed.
func (d *demo) watch(ctx context.Context, began time.Time) (client.Campaign, error) {
	const steps = 1000 // of the bar
	bar, done := d.showBar(steps)
	defer done()
	told := false
	for {
		c, err := d.api.Campaign(ctx, d.id)
		if err != nil {
			return c, fmt.Errorf("read the campaign: %w", err)
		}
		bar.Set(int64(c.Stats.Progress*steps), fmt.Sprintf("%s messages, %s",
			progress.Count(c.Stats.MessagesSent), progress.Rate(c.Stats.MessagesSent, time.Since(began))))
		switch {
		case c.Status == string(models.StatusCompleted):
			return c, nil
		case c.Status == string(models.StatusStopped):
			return c, fmt.Errorf("the campaign was stopped after %d messages", c.Stats.MessagesSent)
		case c.Paused && c.PauseReason == models.ReasonDeliveryFailed:
			return c, fmt.Errorf("the campaign is paused after %d messages: a batch failed for good; the worker's log and the Web UI say why", c.Stats.MessagesSent)
		case time.Since(began) > patience:
			return c, fmt.Errorf("the campaign is not completed after %s: it is %s, %d messages are sent", patience, c.Status, c.Stats.MessagesSent)
		case c.Paused && !told:
			bar.Printf("   the campaign is paused (%s); waiting for it to be resumed\n", c.PauseReason)
		}
		told = c.Paused
		if err := pause(ctx); err != nil {
			return c, err
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(lookEvery):
		return nil
	}
}

func statsTable(s client.Stats) string {
	var table strings.Builder
	for _, line := range []struct {
		key   string
		value int64
	}{
		{"stats_recipients_total", s.RecipientsTotal},
		{"stats_messages_sent", s.MessagesSent},
		{"stats_messages_failed", s.MessagesFailed},
		{"stats_messages_skipped", s.MessagesSkipped},
		{"stats_channels_created", s.ChannelsCreated},
		{"stats_users_sent", s.UsersSent},
	} {
		fmt.Fprintf(&table, "   %-24s %8s\n", line.key, progress.Count(line.value))
	}
	if s.StartedAt != nil && s.CompletedAt != nil {
		fmt.Fprintf(&table, "   %-24s %8s", "sending took", s.CompletedAt.Sub(*s.StartedAt).Round(10*time.Millisecond))
	}
	return table.String()
}
