package apifuzz

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"herald/api"
	"herald/models"
	"herald/models/store"
)

// app is an app with what its own server knows of it.
type app struct {
	models.App
	token string // of a server
}

type world struct {
	store     *store.Store
	url       string // of the database
	apps      []app
	bystander app
	marker    string // in every text of the bystander's, and nowhere else
}

// bystanderPrefix begins the ids that only the bystander has.
const bystanderPrefix = "theirs-"

func newWorld(ctx context.Context, target Target) (*world, error) {
	db, err := store.Open(ctx, target.DatabaseURL, store.Options{MaxConns: 2})
	if err != nil {
		return nil, err
	}
	w := &world{store: db, url: target.DatabaseURL, marker: "Nobody else may read this"}
	for _, name := range []string{"fuzz-1", "fuzz-2", "fuzz-bystander"} {
		created, err := db.CreateApp(ctx, name)
		if err != nil {
			return nil, err
		}
		token, err := api.ServerToken(created.Secret)
		if err != nil {
			return nil, err
		}
		w.apps = append(w.apps, app{App: created, token: token})
	}
	w.bystander, w.apps = w.apps[2], w.apps[:2]

	l := &line{address: target.Address}
	defer l.close()
	for _, prefix := range []string{"", bystanderPrefix} {
		for _, r := range furniture(w.bystander, prefix, w.marker) {
			if a, err := l.exchange(r); err != nil || a.status/100 != 2 {
				return nil, fmt.Errorf("%.300q answered %d %s: %w", r.bytes, a.status, a.body, err)
			}
		}
	}
	return w, nil
}

func (w *world) close() { w.store.Close() }

// exampleOption is the option for which the document's example votes.
const exampleOption = "6a0e1b6e-8f3c-4a43-9a53-0f1d1f0a3b11"

// furniture are the requests that make the objects which the examples of the document name, each id after a prefix.
func furniture(a app, prefix, text string) []request {
	id := func(name string) string { return prefix + name }
	users := object{}
	for _, name := range []string{"shop", "ann", "bob", "zoe"} {
		users[id(name)] = object{"id": id(name), "name": text, "country": text}
	}
	channel := "/channels/messaging/" + id("general")
	return []request{
		plain(a, "POST", "/users", object{"users": users}),
		plain(a, "POST", channel+"/query", object{"data": object{"created_by_id": id("shop"), "name": text, "members": array{id("shop"), id("ann"), id("bob")}}}),
		plain(a, "POST", "/polls", object{"id": id("poll"), "name": text, "user_id": id("shop"), "options": array{object{"id": id(exampleOption), "text": text}}}),
		plain(a, "POST", channel+"/message", object{"message": object{"id": id("message"), "text": text, "user_id": id("shop"), "poll_id": id("poll")}}),
		plain(a, "POST", "/messages/"+id("message")+"/polls/"+id("poll")+"/vote", object{"user_id": id("ann"), "vote": object{"option_id": id(exampleOption)}}),
		plain(a, "POST", "/segments", object{"id": id("seg-1"), "type": "user", "name": text}),
		plain(a, "POST", "/segments/"+id("seg-1")+"/addtargets", object{"target_ids": array{id("ann"), id("bob")}}),
		plain(a, "POST", "/devices", object{"id": id("a-token-of-the-phone"), "push_provider": "firebase", "user_id": id("ann")}),
		plain(a, "POST", "/campaigns", object{
			"id": id("spring-sale"), "name": text, "sender_id": id("shop"), "user_ids": array{id("ann"), id("bob")}, "message_template": object{"text": text},
		}),
	}
}

// bystanderRows are digests of the bystander's rows by table, without what Herald itself changes in time.
func (w *world) bystanderRows(ctx context.Context) (map[string]string, error) {
	conn, err := pgx.Connect(ctx, w.url)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	rows := map[string]string{}
	for _, table := range []string{
		"users", "channels", "channel_members", "channel_reads", "messages", "segments", "(SELECT * FROM segment_targets JOIN segments USING (segment_pk))",
		"campaigns", "campaign_moves", "tasks", "polls", "poll_votes", "poll_counts", "devices", "hooks", "apps",
	} {
		var digest string
		err := conn.QueryRow(ctx, "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') FROM "+table+
			" AS t WHERE app_pk = $1", w.bystander.PK).Scan(&digest)
		if err != nil {
			return nil, fmt.Errorf("digest the rows of %s: %w", table, err)
		}
		rows[table] = digest
	}
	return rows, nil
}
