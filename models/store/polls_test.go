package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"herald/models"
	"herald/models/store"
)

// poll makes a poll of the options a, b and c.
func (w *world) poll(id string, changes ...func(*models.Poll)) models.Poll {
	w.tb.Helper()
	p := models.Poll{
		AppPK: w.app, ID: id, Name: "Which?", VotingVisibility: models.VotingPublic, CreatedBy: sender,
		Options: []models.PollOption{{ID: "a", Text: "A"}, {ID: "b", Text: "B"}, {ID: "c", Text: "C"}},
	}
	for _, change := range changes {
		change(&p)
	}
	made, err := w.CreatePoll(w.tb.Context(), p)
	if err != nil {
		w.tb.Fatal(err)
	}
	return made
}

func answers(p *models.Poll) { p.AllowAnswers = true }
func unique(p *models.Poll)  { p.EnforceUniqueVote = true }
func atMost(n int) func(*models.Poll) {
	return func(p *models.Poll) { p.MaxVotesAllowed = &n }
}

// vote casts a vote for an option, or an answer.
func (w *world) vote(poll, user, option string) (models.Vote, error) {
	v := models.Vote{ID: models.NewID(), PollID: poll, UserID: user, OptionID: option}
	if option == "" {
		v.AnswerText = pointer("because")
	}
	return w.CastVote(w.tb.Context(), w.app, v)
}

func (w *world) votes(poll, user, option string) models.Vote {
	w.tb.Helper()
	v, err := w.vote(poll, user, option)
	if err != nil {
		w.tb.Fatal(err)
	}
	return v
}

// counts are the votes of a poll by option, as it shows them. They must be what its votes are.
func (w *world) counts(id string) map[string]int64 {
	w.tb.Helper()
	p, err := w.Poll(w.tb.Context(), w.app, id, "")
	if err != nil {
		w.tb.Fatal(err)
	}
	counted := map[string]int64{}
	for _, option := range query[string](w, `SELECT option_id FROM poll_votes WHERE app_pk = $1 AND poll_id = $2`, w.app, id) {
		counted[option]++
	}
	withoutZeros := cmpopts.IgnoreMapEntries(func(_ string, n int64) bool { return n == 0 })
	if diff := cmp.Diff(counted, p.Tally.Counts, withoutZeros); diff != "" {
		w.tb.Errorf("counts of %s (-votes +counts):\n%s", id, diff)
	}
	return counted
}

func TestPollTally(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.poll("p", answers, func(p *models.Poll) {
		p.Options[0].Custom, p.Custom = models.Custom(`{"x": 1.50}`), models.Custom(`{"y": 2}`)
	})
	w.poll("other")
	for i := range 12 {
		w.votes("p", fmt.Sprintf("u%02d", i), "a")
	}
	w.votes("p", "ann", "b")
	w.votes("p", "ann", "")
	w.votes("other", "ann", "c")

	p, err := w.Poll(t.Context(), w.app, "p", "ann")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made, p, cmpopts.IgnoreFields(models.Poll{}, "Tally")); diff != "" {
		t.Errorf("poll (-made +read):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int64{"a": 12, "b": 1, "": 1}, p.Tally.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	var latest []string
	for _, v := range p.Tally.Latest["a"] {
		latest = append(latest, v.UserID)
	}
	if diff := cmp.Diff([]string{"u11", "u10", "u09", "u08", "u07", "u06", "u05", "u04", "u03", "u02"}, latest); diff != "" {
		t.Errorf("latest votes (-want +got):\n%s", diff)
	}
	if own := p.Tally.Own; len(own) != 2 || own[0].OptionID != "b" || !own[1].IsAnswer() || *own[1].AnswerText != "because" {
		t.Errorf("own votes %+v", own)
	}
	if _, err := w.Poll(t.Context(), w.app+1, "p", ""); models.ErrorCode(err) != models.CodeNotFound {
		t.Errorf("another app reads it: %v", err)
	}
	if _, err := w.CreatePoll(t.Context(), made); models.ErrorCode(err) != models.CodeInvalid {
		t.Errorf("the id is taken: %v", err)
	}

	messages := []models.Message{{PollID: pointer("p")}, {}, {PollID: pointer("gone")}, {PollID: pointer("other")}, {PollID: pointer("p")}}
	if err := w.AttachPolls(t.Context(), w.app, "ann", messages); err != nil {
		t.Fatal(err)
	}
	var attached []string
	for _, m := range messages {
		if m.Poll == nil {
			attached = append(attached, "none")
			continue
		}
		attached = append(attached, fmt.Sprint(m.Poll.ID, len(m.Poll.Tally.Own)))
	}
	if diff := cmp.Diff([]string{"p2", "none", "none", "other1", "p2"}, attached); diff != "" {
		t.Errorf("attached (-want +got):\n%s", diff)
	}
}

// Many users vote, change their minds and take votes back at once: nobody has more votes than the poll allows, and the
// counts are those of the votes.
func TestVotesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.poll("unique", unique, answers)
	w.poll("two", atMost(2))
	const voters, rounds = 12, 25
	var wait sync.WaitGroup
	errs := make(chan error, voters*rounds*2)
	for i := range voters {
		user := fmt.Sprintf("u%d", i%(voters/2)) // two sessions of each user
		random := rand.New(rand.NewPCG(1, uint64(i)))
		wait.Go(func() {
			for range rounds {
				option := []string{"a", "b", "c", ""}[random.IntN(4)]
				if _, err := w.vote("unique", user, option); err != nil {
					errs <- err
				}
				v, err := w.vote("two", user, []string{"a", "b", "c"}[random.IntN(3)])
				if err == nil && random.IntN(2) == 0 {
					_, err = w.DeleteVote(t.Context(), w.app, "two", v.ID, user)
				}
				// Over the maximum, or the user's other session was quicker to take it back.
				if code := models.ErrorCode(err); err != nil && code != models.CodeInvalid && code != models.CodeNotFound {
					errs <- err
				}
			}
		})
	}
	wait.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	w.counts("two")
	counts := w.counts("unique")
	if votes := counts["a"] + counts["b"] + counts["c"]; votes != voters/2 || counts[""] > voters/2 {
		t.Errorf("%d users have the votes %v", voters/2, counts)
	}
	if over := query[string](w, `SELECT user_id FROM poll_votes WHERE poll_id = 'two' GROUP BY user_id HAVING count(*) > 2`); len(over) > 0 {
		t.Errorf("more than two votes of %v", over)
	}
}

func TestDeleteVote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.poll("p")
	v := w.votes("p", "ann", "a")
	w.votes("p", "bob", "a")
	for _, tc := range []struct {
		app        int64
		poll, user string
	}{{w.app, "p", "bob"}, {w.app, "none", "ann"}, {w.app + 1, "p", "ann"}} {
		if _, err := w.DeleteVote(t.Context(), tc.app, tc.poll, v.ID, tc.user); models.ErrorCode(err) != models.CodeNotFound {
			t.Errorf("%+v: %v", tc, err)
		}
	}
	if got, err := w.DeleteVote(t.Context(), w.app, "p", v.ID, "ann"); err != nil || got.ID != v.ID {
		t.Errorf("took back %+v, %v", got, err)
	}
	if diff := cmp.Diff(map[string]int64{"a": 1}, w.counts("p")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.exec(`UPDATE polls SET is_closed = true`)
	closed := w.votesOf("bob")
	if _, err := w.DeleteVote(t.Context(), w.app, "p", closed[0], "bob"); models.ErrorCode(err) != models.CodeInvalid {
		t.Errorf("of a closed poll: %v", err)
	}
}

func (w *world) votesOf(user string) []string {
	w.tb.Helper()
	return query[string](w, `SELECT id FROM poll_votes WHERE app_pk = $1 AND user_id = $2`, w.app, user)
}

func asks(poll string) func(*models.Campaign) {
	return func(c *models.Campaign) { c.MessageTemplate.PollID = poll }
}

func TestPollOfCampaign(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.poll("p")
	ctx := t.Context()
	w.draft("c", asks("p"))
	w.draft("late", asks("p"))
	c, _, err := w.Control(ctx, w.app, "c", store.Control{Action: models.ActionStart})
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range []models.Action{models.ActionBegin, models.ActionPause} {
		err := w.DeletePoll(ctx, w.app, "p")
		if models.ErrorCode(err) != models.CodeInvalid || !strings.Contains(err.Error(), `"c"`) {
			t.Errorf("before %s: %v", action, err)
		}
		w.control("c", action)
	}
	w.control("c", models.ActionResume)
	d := delivery(c, bossOnly, "ann")
	d.PollID = &c.MessageTemplate.PollID
	w.deliver(d)
	if polls := query[string](w, `SELECT poll_id FROM messages`); len(polls) != 1 || polls[0] != "p" {
		t.Errorf("polls of messages: %v", polls)
	}
	w.votes("p", "ann", "a")
	w.control("c", models.ActionStop)
	if err := w.DeletePoll(ctx, w.app+1, "p"); models.ErrorCode(err) != models.CodeNotFound {
		t.Errorf("another app deletes: %v", err)
	}
	if err := w.DeletePoll(ctx, w.app, "p"); err != nil {
		t.Errorf("after the end: %v", err)
	}
	if err := w.DeletePoll(ctx, w.app, "p"); models.ErrorCode(err) != models.CodeNotFound {
		t.Errorf("again: %v", err)
	}
	if left := one[int](w, `SELECT (SELECT count(*) FROM poll_votes) + (SELECT count(*) FROM poll_counts)`); left != 0 {
		t.Errorf("%d votes and counts are left", left)
	}
	if _, err := w.vote("p", "ann", "a"); models.ErrorCode(err) != models.CodeNotFound {
		t.Errorf("a vote in a deleted poll: %v", err)
	}
	var invalid *models.Error
	_, _, err = w.Control(ctx, w.app, "late", store.Control{Action: models.ActionStart})
	if !errors.As(err, &invalid) || invalid.Code != models.CodeInvalid || invalid.Fields[0].Path != "message_template.poll_id" {
		t.Errorf("a start without its poll: %v", err)
	}
}

// Whichever comes first, the deletion of a poll or the start of a campaign that asks it: only one of them succeeds.
func TestPollGoesOrCampaignStarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 20 {
		id := fmt.Sprint(i)
		w.poll(id)
		w.draft(id, asks(id))
		var deleted, started error
		var wait sync.WaitGroup
		wait.Go(func() { deleted = w.DeletePoll(t.Context(), w.app, id) })
		wait.Go(func() {
			_, _, started = w.Control(t.Context(), w.app, id, store.Control{Action: models.ActionStart})
		})
		wait.Wait()
		if (deleted == nil) == (started == nil) {
			t.Errorf("deleted: %v, started: %v", deleted, started)
		}
	}
}

// A vote that waits behind a deletion finds no poll, and leaves nothing behind.
func TestVoteWaitsForDeletion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.poll("p")
	w.votes("p", "ann", "a")
	release := w.hold(`SELECT FROM poll_votes FOR UPDATE`) // the deletion gets no further than here
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	deleted, voted := make(chan error, 1), make(chan error, 1)
	go func() { deleted <- w.DeletePoll(ctx, w.app, "p") }()
	w.untilBlocked(1, "DELETE FROM poll_votes")
	go func() {
		_, err := w.vote("p", "bob", "a")
		voted <- err
	}()
	w.untilBlocked(1, "pg_advisory_xact_lock_shared")
	release()
	if err := <-deleted; err != nil {
		t.Error(err)
	}
	if err := <-voted; models.ErrorCode(err) != models.CodeNotFound {
		t.Errorf("the vote: %v", err)
	}
	if left := one[int](w, `SELECT (SELECT count(*) FROM poll_votes) + (SELECT count(*) FROM poll_counts)`); left != 0 {
		t.Errorf("%d votes and counts are left", left)
	}
}
