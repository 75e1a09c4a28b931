package showcase

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"herald/internal/client"
	"herald/internal/progress"
)

const (
	// sampled is how many receivers are looked up through the API.
	sampled       = 100
	sampledAtOnce = 4
	// messagesLookedAt is the API's most; a user whom more demos than this have written to since looks as if left out.
	messagesLookedAt = 300
)

// findings are what the checks came to.
type findings struct {
	mu     sync.Mutex
	passed []string
	failed []error
}

// expect notes one check.
func (f *findings) expect(ok bool, format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	if ok {
		f.passed = append(f.passed, text)
	} else {
		f.failed = append(f.failed, errors.New(text))
	}
}

// check compares what came of the campaign with what had to: in its stats, in the channels of some receivers, and where the
// database can be read in every single message.
func (d *demo) check(ctx context.Context) error {
	var f findings
	c, err := d.api.Campaign(ctx, d.id)
	if err != nil {
		return fmt.Errorf("read the campaign: %w", err)
	}
	checkStats(&f, c.Stats, d.want())
	if err := d.checkSample(ctx, &f); err != nil {
		return err
	}
	if d.stack.DatabaseURL != "" {
		messages, err := d.readMessages(ctx)
		if err != nil {
			return err
		}
		checkMessages(&f, messages, d.people)
	}
	d.say("\nChecked")
	for _, text := range f.passed {
		d.say("   ok      %s", text)
	}
	for _, err := range f.failed {
		d.say("   WRONG   %s", err)
	}
	if len(f.failed) > 0 {
		return fmt.Errorf("the demo's campaign %s is not as it should be: %w", d.id, errors.Join(f.failed...))
	}
	return nil
}

func checkStats(f *findings, s client.Stats, want int64) {
	n := progress.Count
	f.expect(s.MessagesSent == want, "stats_messages_sent is %s of %s", n(s.MessagesSent), n(want))
	f.expect(s.MessagesFailed == 0 && s.MessagesSkipped == 0, "%s messages failed, %s were skipped", n(s.MessagesFailed), n(s.MessagesSkipped))
	sum := s.MessagesSent + s.MessagesFailed + s.MessagesSkipped
	f.expect(s.RecipientsTotal == sum, "stats_recipients_total is %s, sent + failed + skipped is %s", n(s.RecipientsTotal), n(sum))
	f.expect(s.UsersSent == want, "stats_users_sent is %s of %s", n(s.UsersSent), n(want))
	f.expect(s.Progress == 1, "progress is %v", s.Progress)
	f.expect(s.StartedAt != nil && s.CompletedAt != nil && !s.CompletedAt.Before(*s.StartedAt), "it began and ended, in this order")
}

// checkSample looks into the channels of receivers from all over the audience.
func (d *demo) checkSample(ctx context.Context, f *findings) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sampledAtOnce)
	var mu sync.Mutex
	wrong := map[string]string{}
	step := max(1, len(d.people)/sampled)
	looked := 0
	for i := 0; i < len(d.people); i += step {
		p := d.people[i]
		looked++
		group.Go(func() error {
			got, err := d.received(ctx, p)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if len(got) != 1 {
				wrong[p.ID] = fmt.Sprintf("%d messages", len(got))
			} else if want := expectedText(p); got[0].Text != want {
				wrong[p.ID] = fmt.Sprintf("%q instead of %q", got[0].Text, want)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	f.expect(len(wrong) == 0, "through the API: %d receivers looked up, %d without exactly one message with their own text%s", looked, len(wrong), some(wrong))
	return nil
}

// received is what a person got from this campaign.
func (d *demo) received(ctx context.Context, p person) ([]client.Message, error) {
	channel, err := d.api.DistinctChannel(ctx, "messaging", senderID, []string{p.ID, senderID}, messagesLookedAt)
	if err != nil {
		return nil, fmt.Errorf("read the channel of %s: %w", p.ID, err)
	}
	var own []client.Message
	for _, m := range channel.Messages {
		if m.CampaignID == d.id {
			own = append(own, m)
		}
	}
	return own, nil
}

// delivered is one message of the campaign as it is stored.
type delivered struct{ Recipient, CID, Text string }

func (d *demo) readMessages(ctx context.Context) ([]delivered, error) {
	conn, err := pgx.Connect(ctx, d.stack.DatabaseURL)
	if err != nil {
		return nil, fmt.Errorf("open the database to count messages: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := conn.Query(ctx, `
		SELECT m.recipient, m.cid, m.text
		FROM messages m JOIN apps a USING (app_pk)
		WHERE a.api_key = $1 AND m.campaign_id = $2 AND m.recipient IS NOT NULL`, d.stack.APIKey, d.id)
	if err != nil {
		return nil, fmt.Errorf("count messages: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[delivered])
	if err != nil {
		return nil, fmt.Errorf("count messages: %w", err)
	}
	return found, nil
}

// checkMessages compares all messages with all people.
func checkMessages(f *findings, messages []delivered, people []person) {
	byRecipient := make(map[string][]delivered, len(people))
	channels := make(map[string]bool, len(people))
	for _, m := range messages {
		byRecipient[m.Recipient] = append(byRecipient[m.Recipient], m)
		channels[m.CID] = true
	}
	missing, doubled, otherwise := map[string]string{}, map[string]string{}, map[string]string{}
	for _, p := range people {
		got := byRecipient[p.ID]
		delete(byRecipient, p.ID)
		switch {
		case len(got) == 0:
			missing[p.ID] = "nothing"
		case len(got) > 1:
			doubled[p.ID] = fmt.Sprintf("%d messages", len(got))
		case got[0].Text != expectedText(p):
			otherwise[p.ID] = fmt.Sprintf("%q instead of %q", got[0].Text, expectedText(p))
		}
	}
	strangers := map[string]string{}
	for id := range byRecipient {
		strangers[id] = "a stranger"
	}
	f.expect(len(messages) == len(people), "in the database: %s messages for %s users", progress.Count(int64(len(messages))), progress.Count(int64(len(people))))
	f.expect(len(missing) == 0, "%d users are left out%s", len(missing), some(missing))
	f.expect(len(doubled) == 0, "%d users have it twice%s", len(doubled), some(doubled))
	f.expect(len(strangers) == 0, "%d others have it%s", len(strangers), some(strangers))
	f.expect(len(otherwise) == 0, "%d texts are not the receiver's own%s", len(otherwise), some(otherwise))
	f.expect(len(channels) == len(people), "they are in %s channels", progress.Count(int64(len(channels))))
}
