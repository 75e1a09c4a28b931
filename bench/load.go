package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	loadUsers    = 100_000
	loadChannels = 500
	loadTargets  = 10_000 // of a manual list
	loadDrafts   = 50

	mostLoad     = 2000 // requests a second
	mostLoadTime = 10 * time.Minute
	mostInFlight = 2000 // requests; beyond it the API has come to a stop

	loadWarmUp    = 3 * time.Second // not measured: connections, statements and caches are new
	loadTimeout   = 30 * time.Second
	loadSettlers  = 8 // requests at a time while the load is prepared
	loadBatchSize = 1000
)

// load sends requests at a rate, whatever becomes of the ones before, and prints how long each kind took. A request's time
// counts from when it was to be sent, so that one that waits for others is not taken for a fast one.
func load(ctx context.Context, o options) (err error) {
	if o.load > mostLoad || o.loadFor > mostLoadTime {
		return fmt.Errorf("at most %d requests a second for %v", mostLoad, mostLoadTime)
	}
	s, err := startStack(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	if err := s.seed(ctx, s.app, loadUsers); err != nil {
		return err
	}
	l := &loader{stack: s, client: &http.Client{
		Timeout: loadTimeout, Transport: &http.Transport{MaxIdleConns: mostInFlight, MaxIdleConnsPerHost: mostInFlight},
	}}
	if err := l.prepare(ctx); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	fmt.Printf("%d requests/s at random moments for %v, half of them in each dialect, to an app with %d users; load average before: %s\n",
		o.load, o.loadFor, loadUsers, loadAverage())
	if err := l.run(ctx, o.load, o.loadFor); err != nil {
		return err
	}
	fmt.Printf("load average after: %s\n", loadAverage())
	return l.print()
}

// loader is the clients of an app's server.
type loader struct {
	*stack
	client *http.Client

	mu   sync.Mutex
	took map[string][]time.Duration // by operation, of accepted requests
	errs map[string][]error
}

// shot is one request.
type shot struct {
	method, path string // v1
	body         any
}

// operation is what a share of the requests do.
type operation struct {
	name  string
	share int
	make  func(r *rand.Rand, v2 bool) shot
}

type fields = map[string]any

func user(i int) string { return fmt.Sprintf("user-%09d", i) }

func someUser(r *rand.Rand) string { return user(1 + r.IntN(loadUsers)) }

// someChannel is a channel of the shop and one user.
func someChannel(r *rand.Rand) (path, member string) {
	i := r.IntN(loadChannels)
	return channelPath(i), user(i + 1)
}

func channelPath(i int) string { return fmt.Sprintf("/channels/messaging/load-%d", i) }

func draftPath(r *rand.Rand) string { return fmt.Sprintf("/campaigns/draft-%d", r.IntN(loadDrafts)) }

func draft(id string) fields {
	return fields{"id": id, "sender_id": "shop", "user_ids": []string{user(1), user(2)}, "create_channels": true, "message_template": fields{"text": "Hi {{ receiver.name }}"}}
}

// operations are those of an app that keeps its users and channels up to date, chats, and runs campaigns now and then.
// Sending campaigns is what the other measurements are about.
var operations = []operation{
	{"UpdateUsers", 15, func(r *rand.Rand, v2 bool) shot {
		users := fields{}
		for range 1 + r.IntN(5) {
			id := someUser(r)
			u := fields{"id": id, "name": "User " + id, "country": "FR", "plan": "pro"}
			if v2 {
				u = fields{"id": id, "name": "User " + id, "custom": fields{"country": "FR", "plan": "pro"}}
			}
			users[id] = u
		}
		return shot{"POST", "/users", fields{"users": users}}
	}},
	{"UpdateUsersPartial", 4, func(r *rand.Rand, _ bool) shot {
		return shot{"PATCH", "/users", fields{"users": []fields{{"id": someUser(r), "set": fields{"name": "Renamed"}}}}}
	}},
	{"QueryUsers", 8, func(r *rand.Rand, _ bool) shot {
		filter := fields{"id": fields{"$in": []string{someUser(r), someUser(r), someUser(r)}}}
		if r.IntN(4) == 0 {
			filter = fields{"country": fmt.Sprintf("C%d", r.IntN(50))}
		}
		return shot{"GET", "/users?payload=" + query(fields{"filter_conditions": filter, "limit": 30}), nil}
	}},
	{"GetOrCreateChannel", 12, func(r *rand.Rand, v2 bool) shot {
		return shot{"POST", "/channels/messaging/query", fields{"data": fields{"created_by_id": "shop", "members": members(v2, "shop", someUser(r))}}}
	}},
	{"QueryChannels", 5, func(r *rand.Rand, _ bool) shot {
		_, member := someChannel(r)
		return shot{"POST", "/channels", fields{"filter_conditions": fields{"members": fields{"$in": []string{member}}}, "user_id": member, "limit": 10}}
	}},
	{"SendMessage", 18, func(r *rand.Rand, _ bool) shot {
		channel, member := someChannel(r)
		return shot{"POST", channel + "/message", fields{"message": fields{"text": "How are you?", "user_id": member}}}
	}},
	{"MarkRead", 10, func(r *rand.Rand, _ bool) shot {
		channel, member := someChannel(r)
		return shot{"POST", channel + "/read", fields{"user_id": member}}
	}},
	{"UnreadCounts", 6, func(r *rand.Rand, _ bool) shot {
		_, member := someChannel(r)
		return shot{"GET", "/unread?user_id=" + member, nil}
	}},
	{"CreateSegment", 1, func(*rand.Rand, bool) shot {
		return shot{"POST", "/segments", fields{"type": "user", "name": "Pro users", "filter": fields{"plan": "pro"}}}
	}},
	{"GetSegment", 2, func(*rand.Rand, bool) shot { return shot{"GET", "/segments/list", nil} }},
	{"QuerySegments", 2, func(*rand.Rand, bool) shot {
		return shot{"POST", "/segments/query", fields{"filter": fields{"type": "user"}, "limit": 10}}
	}},
	{"AddSegmentTargets", 3, func(r *rand.Rand, _ bool) shot {
		targets := make([]string, 100)
		for i := range targets {
			targets[i] = someUser(r)
		}
		return shot{"POST", "/segments/growing/addtargets", fields{"target_ids": targets}}
	}},
	{"SegmentTargetExists", 4, func(r *rand.Rand, _ bool) shot {
		return shot{"GET", "/segments/list/target/" + user(1+r.IntN(loadTargets)), nil}
	}},
	{"QuerySegmentTargets", 1, func(r *rand.Rand, _ bool) shot {
		return shot{"POST", "/segments/list/targets/query", fields{"filter": fields{"target_id": fields{"$gte": user(r.IntN(loadTargets))}}, "limit": 100}}
	}},
	{"CreateCampaign", 2, func(*rand.Rand, bool) shot { return shot{"POST", "/campaigns", draft("")} }},
	{"GetCampaign", 4, func(r *rand.Rand, _ bool) shot { return shot{"GET", draftPath(r), nil} }},
	{"UpdateCampaign", 1, func(r *rand.Rand, _ bool) shot { return shot{"PUT", draftPath(r), fields{"name": "Spring"}} }},
	{"QueryCampaigns", 2, func(*rand.Rand, bool) shot {
		return shot{"POST", "/campaigns/query", fields{"filter": fields{"status": fields{"$in": []string{"draft", "scheduled"}}}, "limit": 10}}
	}},
}

// query is JSON text in a query string.
func query(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err) // the values are literals of this file
	}
	return url.QueryEscape(string(encoded))
}

// members are named by id in one dialect and by object in the other.
func members(v2 bool, ids ...string) []any {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = id
		if v2 {
			list[i] = fields{"user_id": id}
		}
	}
	return list
}

// prepare makes what the operations name.
func (l *loader) prepare(ctx context.Context) error {
	shots := []shot{
		{"POST", "/segments", fields{"id": "list", "type": "user"}},
		{"POST", "/segments", fields{"id": "growing", "type": "user"}},
	}
	for _, s := range shots {
		if err := l.send(ctx, s, false); err != nil {
			return err
		}
	}
	shots = shots[:0]
	for first := 1; first <= loadTargets; first += loadBatchSize {
		targets := make([]string, loadBatchSize)
		for i := range targets {
			targets[i] = user(first + i)
		}
		shots = append(shots, shot{"POST", "/segments/list/addtargets", fields{"target_ids": targets}})
	}
	for i := range loadDrafts {
		shots = append(shots, shot{"POST", "/campaigns", draft(fmt.Sprintf("draft-%d", i))})
	}
	for i := range loadChannels {
		shots = append(shots, shot{"POST", channelPath(i) + "/query", fields{"data": fields{"created_by_id": "shop", "members": members(false, "shop", user(i+1))}}})
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(loadSettlers)
	for _, s := range shots {
		g.Go(func() error { return l.send(ctx, s, false) })
	}
	return g.Wait()
}

// run sends the requests and waits for their answers.
func (l *loader) run(ctx context.Context, rate int, lasts time.Duration) error {
	l.took, l.errs = map[string][]time.Duration{}, map[string][]error{}
	random := rand.New(rand.NewPCG(1, 2)) // the same requests each time
	shares := 0
	for _, op := range operations {
		shares += op.share
	}
	inFlight := make(chan struct{}, mostInFlight)
	var sent sync.WaitGroup
	defer sent.Wait()
	began := time.Now()
	for due := time.Duration(0); due < loadWarmUp+lasts; {
		due += time.Duration(random.ExpFloat64() * float64(time.Second) / float64(rate))
		n := random.IntN(shares)
		i := slices.IndexFunc(operations, func(op operation) bool { n -= op.share; return n < 0 })
		v2 := random.IntN(2) == 0
		s := operations[i].make(random, v2)
		intended := began.Add(due)
		if err := sleep(ctx, time.Until(intended)); err != nil {
			return err
		}
		select {
		case inFlight <- struct{}{}:
		default:
			return fmt.Errorf("%d requests are unanswered", mostInFlight)
		}
		sent.Go(func() {
			err := l.send(ctx, s, v2)
			if due >= loadWarmUp {
				l.note(operations[i].name, time.Since(intended), err)
			}
			<-inFlight
		})
	}
	return nil
}

func (l *loader) note(operation string, took time.Duration, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.errs[operation] = append(l.errs[operation], err)
		return
	}
	l.took[operation] = append(l.took[operation], took)
}

// send makes one request, which has to be accepted.
func (l *loader) send(ctx context.Context, s shot, v2 bool) error {
	path := s.path
	if v2 {
		prefix := "/api/v2/chat"
		if strings.HasPrefix(path, "/users") {
			prefix = "/api/v2"
		}
		path = prefix + path
	}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	var body io.Reader
	if s.body != nil {
		encoded, err := json.Marshal(s.body)
		if err != nil {
			return err
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, s.method, l.APIURL+path+separator+"api_key="+l.APIKey, body)
	if err != nil {
		return err
	}
	req.Header = http.Header{"Authorization": {l.ServerToken}, "Stream-Auth-Type": {"jwt"}, "Content-Type": {"application/json"}}
	resp, err := l.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s answered %d: %.300s", s.method, path, resp.StatusCode, content)
	}
	return err
}

// print writes a line for each operation and one for all.
func (l *loader) print() error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "operation\trequests\tp50 ms\tp99 ms\tmax ms\terrors\t")
	var all []time.Duration
	var failed []error
	line := func(name string, took []time.Duration, errs int) {
		slices.Sort(took)
		p50, p99, slowest := 0.0, 0.0, 0.0
		if n := len(took); n > 0 {
			p50, p99, slowest = milliseconds(took[n/2]), milliseconds(took[n*99/100]), milliseconds(took[n-1])
		}
		fmt.Fprintf(w, "%s\t%d\t%.1f\t%.1f\t%.1f\t%d\t\n", name, len(took)+errs, p50, p99, slowest, errs)
	}
	for _, op := range operations {
		line(op.name, l.took[op.name], len(l.errs[op.name]))
		all = append(all, l.took[op.name]...)
		failed = append(failed, l.errs[op.name]...)
	}
	line("all", all, len(failed))
	if len(failed) > 0 {
		return errors.Join(fmt.Errorf("%d requests failed, the first: %w", len(failed), failed[0]), w.Flush())
	}
	return w.Flush()
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// loadAverage is what else the machine does; "unknown" where the system does not tell.
func loadAverage() string {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	parts := strings.Fields(string(content))
	return strings.Join(parts[:min(3, len(parts))], " ")
}
