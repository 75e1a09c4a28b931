package importer_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"herald/internal/client"
)

// users is an API of one route, POST /users, with the answers of the real one.
type users struct {
	t      *testing.T
	server *httptest.Server

	mu     sync.Mutex
	stored map[string]string // id → the user as JSON
	calls  [][]string        // ids of accepted calls
	// before is asked about every call before it is looked at; a status other than 0 refuses it.
	before func(call int, ids []string) (status int)
	seen   int
}

func startUsers(t *testing.T) *users {
	u := &users{t: t, stored: map[string]string{}}
	u.server = httptest.NewServer(http.HandlerFunc(u.serve))
	t.Cleanup(u.server.Close)
	return u
}

func (u *users) client() *client.Client {
	u.t.Helper()
	c, err := client.New(client.Config{URL: u.server.URL, APIKey: "key", Token: "token", Patience: 5 * time.Second})
	if err != nil {
		u.t.Fatal(err)
	}
	return c
}

// heal ends what before does and forgets the calls so far. It gives the number of users stored.
func (u *users) heal() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.before, u.calls = nil, nil
	return len(u.stored)
}

func (u *users) serve(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Users map[string]json.RawMessage `json:"users"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Method != http.MethodPost || r.URL.Path != "/users" {
		refuse(w, http.StatusNotFound, 16, "Request failed", nil)
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	var ids []string
	bad := map[string]string{}
	for id, raw := range body.Users {
		ids = append(ids, id)
		var user struct {
			ID   string `json:"id"`
			Name any    `json:"name"`
			Role any    `json:"role"`
		}
		if err := json.Unmarshal(raw, &user); err != nil || user.ID != id {
			bad["users."+id+".id"] = fmt.Sprintf("must be the same as the key %q", id)
		}
		for field, value := range map[string]any{"name": user.Name, "role": user.Role} {
			if text, ok := value.(string); value != nil && !ok {
				bad["users."+id+"."+field] = "must be a string"
			} else if len(text) > 1000 {
				bad["users."+id+"."+field] = "must be at most 1000 characters"
			}
		}
	}
	u.seen++
	if u.before != nil {
		if status := u.before(u.seen, ids); status != 0 {
			refuse(w, status, 4, "refused", nil)
			return
		}
	}
	if len(ids) < 1 || len(ids) > 100 {
		bad["users"] = "must have 1 to 100 users"
	}
	if len(bad) > 0 {
		refuse(w, http.StatusBadRequest, 4, "invalid", bad)
		return
	}
	for id, raw := range body.Users {
		u.stored[id] = string(raw)
	}
	u.calls = append(u.calls, ids)
	w.WriteHeader(http.StatusCreated)
	fmt.Fprint(w, `{"users": {}, "membership_deletion_task_id": "", "duration": "1ms"}`)
}

func refuse(w http.ResponseWriter, status, code int, reason string, fields map[string]string) {
	if fields == nil {
		fields = map[string]string{}
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"code": code, "message": "UpdateUsers failed with error: \"" + reason + "\"", "StatusCode": status, "duration": "0.1ms",
		"more_info": "", "exception_fields": fields, "details": []int{}, "unrecoverable": status < 500,
	})
}

// lines is an NDJSON file of n users: u00000, u00001, …
func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"id":"u%05d","name":"User %d"}`+"\n", i, i)
	}
	return b.String()
}
