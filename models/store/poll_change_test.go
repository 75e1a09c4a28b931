package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"herald/filter"
	"herald/models"
	"herald/models/store"
)

func closes(p *models.Poll) error {
	p.IsClosed = true
	return nil
}

// withoutA takes the option a out of a poll.
func withoutA(p *models.Poll) error {
	p.Options = p.Options[1:]
	return nil
}

func TestChangePoll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.poll("p", answers)
	w.poll("other")
	for _, user := range []string{"ann", "bob"} {
		w.votes("p", user, "a")
		w.votes("p", user, "b")
		w.votes("p", user, "")
		w.votes("other", user, "a")
	}
	want := made
	want.Name, want.Description, want.VotingVisibility, want.EnforceUniqueVote, want.MaxVotesAllowed = "Now?", "x", models.VotingAnonymous, true, pointer(3)
	want.AllowAnswers, want.IsClosed, want.Custom = false, true, models.Custom(`{"x": 1}`)
	want.Options = []models.PollOption{{ID: "d", Text: "D"}, {ID: "b", Text: "B2", Custom: models.Custom(`{"y": 2}`)}}
	err := w.ChangePoll(t.Context(), w.app, "p", func(p *models.Poll) error {
		if diff := cmp.Diff(made, *p); diff != "" {
			t.Errorf("to change (-made +got):\n%s", diff)
		}
		*p = want
		p.CreatedBy, p.ID = "ann", "q" // which stay
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.Poll(t.Context(), w.app, "p", "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(models.Poll{}, "Tally", "UpdatedAt")); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	if !got.UpdatedAt.After(made.UpdatedAt) {
		t.Errorf("updated at %v, created at %v", got.UpdatedAt, made.UpdatedAt)
	}
	if diff := cmp.Diff(map[string]int64{"b": 2, "": 2}, w.counts("p")); diff != "" {
		t.Errorf("votes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int64{"a": 2}, w.counts("other")); diff != "" {
		t.Errorf("votes of another poll (-want +got):\n%s", diff)
	}
	if left := one[int](w, `SELECT count(*) FROM poll_counts WHERE poll_id = 'p' AND option_id = 'a'`); left != 0 {
		t.Errorf("%d counts of an option that is gone are left", left)
	}

	refusal := errors.New("no")
	err = w.ChangePoll(t.Context(), w.app, "p", func(p *models.Poll) error {
		p.Name, p.Options = "Never", nil
		return refusal
	})
	if again, _ := w.Poll(t.Context(), w.app, "p", ""); !errors.Is(err, refusal) || !cmp.Equal(got, again) {
		t.Errorf("a refused change: %v, and the poll is %+v", err, again)
	}
	if err := w.ChangePoll(t.Context(), w.app+1, "p", closes); models.ErrorCode(err) != models.CodeNotFound {
		t.Errorf("another app changes it: %v", err)
	}
}

// A vote that waits behind a change is judged by the poll as it is then.
func TestVoteWaitsForChange(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*models.Poll) error{"closed": closes, "without the option": withoutA} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.poll("p")
			release := w.hold(`SELECT FROM polls FOR UPDATE`)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			changed, voted := make(chan error, 1), make(chan error, 1)
			go func() { changed <- w.ChangePoll(ctx, w.app, "p", change) }()
			w.untilBlocked(1, "UPDATE polls")
			go func() {
				_, err := w.vote("p", "bob", "a")
				voted <- err
			}()
			w.untilBlocked(1, "pg_advisory_xact_lock_shared")
			release()
			if err := <-changed; err != nil {
				t.Error(err)
			}
			if err := <-voted; models.ErrorCode(err) != models.CodeInvalid {
				t.Errorf("the vote: %v", err)
			}
			if got := w.counts("p"); len(got) != 0 {
				t.Errorf("votes %v", got)
			}
		})
	}
}

// A change that waits behind a vote takes that vote away with its option.
func TestChangeWaitsForVote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.poll("p")
	v := w.votes("p", "ann", "a")
	if _, err := w.DeleteVote(t.Context(), w.app, "p", v.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	release := w.hold(`SELECT FROM poll_counts FOR UPDATE`) // ann's next vote gets no further than here
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	changed, voted := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := w.vote("p", "ann", "a")
		voted <- err
	}()
	w.untilBlocked(1, "INSERT INTO poll_counts")
	go func() { changed <- w.ChangePoll(ctx, w.app, "p", withoutA) }()
	w.untilBlocked(1, "pg_advisory_xact_lock($1")
	release()
	if err := <-voted; err != nil {
		t.Errorf("the vote: %v", err)
	}
	if err := <-changed; err != nil {
		t.Error(err)
	}
	if left := one[int](w, `SELECT (SELECT count(*) FROM poll_votes) + (SELECT count(*) FROM poll_counts)`); left != 0 {
		t.Errorf("%d votes and counts are left", left)
	}
}

func TestQueryPolls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 5 {
		w.poll(fmt.Sprint("p", i))
	}
	w.exec(`UPDATE polls SET created_at = '2026-01-01' WHERE id <= 'p2'`) // the id decides among them
	w.votes("p1", "ann", "a")
	w.votes("p1", "bob", "b")
	everything, err := filter.Parse(filter.Polls, "filter", nil)
	if err != nil {
		t.Fatal(err)
	}
	newest, err := filter.ParseSort(filter.Polls, "sort", json.RawMessage(`[]`))
	if err != nil {
		t.Fatal(err)
	}
	q := store.Query{Filter: everything, Sort: newest, Limit: 2}
	var pages []string
	for {
		page, err := w.QueryPolls(t.Context(), w.app, q, "ann")
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, p := range page.Rows {
			ids = append(ids, fmt.Sprintf("%s%v%d%d", p.ID, p.Tally.Counts, len(p.Tally.Latest), len(p.Tally.Own)))
		}
		pages = append(pages, strings.Join(ids, " "))
		if page.Next == nil {
			break
		}
		q.Key = page.Next
	}
	if diff := cmp.Diff([]string{"p4map[]00 p3map[]00", "p0map[]00 p1map[a:1 b:1]21", "p2map[]00"}, pages); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	q.Key = nil
	if page, err := w.QueryPolls(t.Context(), w.app+1, q, ""); err != nil || len(page.Rows) != 0 {
		t.Errorf("another app's polls: %v, %v", page, err)
	}
}
