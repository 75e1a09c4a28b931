package conform_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"herald/api/openapi/conform"
)

var checker = sync.OnceValues(conform.New)

func newChecker(t *testing.T) *conform.Checker {
	t.Helper()
	c, err := checker()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// exchange is one that conforms: a page of targets.
func exchange(v2 bool) conform.Exchange {
	path, created := "/segments/s/targets/query", `"2026-11-23T09:15:04.207332Z"`
	if v2 {
		path, created = "/api/v2/chat"+path, "1795425304207332000"
	}
	return conform.Exchange{
		Method: http.MethodPost, URL: &url.URL{Path: path, RawQuery: "api_key=k&user_id=ann"},
		RequestBody: []byte(`{"limit": 2, "sort": [{"field": "target_id", "direction": null}], "unknown": 1}`),
		Status:      http.StatusCreated,
		Header: http.Header{
			"Content-Type": {"application/json; charset=utf-8"}, "X-Ratelimit-Limit": {"5"}, "X-Ratelimit-Remaining": {"4"}, "X-Ratelimit-Reset": {"1795425360"},
		},
		Body: []byte(`{"targets": [{"app_pk": 1, "segment_id": "s", "target_id": "t", "created_at": ` + created + `}], "duration": "1.00ms"}`),
	}
}

// A check must be able to fail.
func TestCheckFindsMistakes(t *testing.T) {
	for _, tc := range []struct {
		name   string
		v1     bool
		change func(*conform.Exchange)
		want   string
	}{
		{"nothing in v2", false, func(*conform.Exchange) {}, ""},
		{"nothing in v1", true, func(*conform.Exchange) {}, ""},
		{"time as text", false, answer("1795425304207332000", `"2026-11-23T09:15:04.207332Z"`), "/targets/0/created_at"},
		{"time with a decimal point", false, answer("1795425304207332000", "1795425304207332000.0"), "/targets/0/created_at"},
		{"time with an exponent", false, answer("1795425304207332000", "1.795425304207332e18"), "/targets/0/created_at"},
		{"time in seconds", false, answer("1795425304207332000", "1795425304"), "/targets/0/created_at"},
		{"time in more than microseconds", false, answer("1795425304207332000", "1795425304207332001"), "/targets/0/created_at"},
		{"time as an integer", true, answer(`"2026-11-23T09:15:04.207332Z"`, "1795425304207332000"), "/targets/0/created_at"},
		{"time with three digits", true, answer("04.207332Z", "04.207Z"), "/targets/0/created_at"},
		{"time that is none", true, answer("2026-11-23", "2026-13-23"), "/targets/0/created_at"},
		{"null", false, answer(`"t"`, "null"), "/targets/0/target_id"},
		{"missing", false, answer(`"app_pk": 1, `, ""), "app_pk"},
		{"unknown", false, answer(`"app_pk": 1`, `"app_pk": 1, "custom": {}`), "custom"},
		{"unknown at the top", false, answer(`"duration"`, `"total": 1, "duration"`), "total"},
		{"another kind", false, answer(`"app_pk": 1`, `"app_pk": 1.0`), "/targets/0/app_pk"},
		{"twice", false, answer(`"app_pk": 1`, `"app_pk": 2, "app_pk": 1`), "twice"},
		{"no array", false, answer(`"targets": [`, `"next": [`), "targets"},
		{"no JSON", false, answer(`}], "dur`, `}, "dur`), "no JSON"},
		{"status", false, func(e *conform.Exchange) { e.Status = http.StatusAccepted }, "the status 202"},
		{"an error's form", false, func(e *conform.Exchange) { e.Status = http.StatusBadRequest }, "more_info"},
		{"header", false, func(e *conform.Exchange) { delete(e.Header, "X-Ratelimit-Reset") }, "X-RateLimit-Reset is missing"},
		{"header's kind", false, func(e *conform.Exchange) { e.Header.Set("X-RateLimit-Reset", "-1") }, "X-RateLimit-Reset"},
		{"content type", false, func(e *conform.Exchange) { e.Header.Set("Content-Type", "text/plain") }, "content type"},
		{"route", false, func(e *conform.Exchange) { e.URL.Path = "/none" }, "no such operation"},
		{"method", false, func(e *conform.Exchange) { e.Method = http.MethodPut }, "no such operation"},
		{"body of a request", false, func(e *conform.Exchange) { e.RequestBody = []byte(`{"limit": 10001}`) }, "/limit"},
		{"body that is none", false, func(e *conform.Exchange) { e.RequestBody = []byte(`{`) }, "the request: is no JSON"},
		{"query", false, func(e *conform.Exchange) { e.URL.RawQuery = "page=2" }, "no parameter page"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := exchange(!tc.v1)
			before := string(e.Body)
			tc.change(&e)
			if strings.Contains(tc.want, "targets") && string(e.Body) == before {
				t.Fatal("nothing was changed")
			}
			switch err := newChecker(t).Check(e); {
			case tc.want == "" && err != nil:
				t.Error(err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("found %v, want %q", err, tc.want)
			}
		})
	}
}

func answer(from, to string) func(*conform.Exchange) {
	return func(e *conform.Exchange) { e.Body = []byte(strings.Replace(string(e.Body), from, to, 1)) }
}

func TestParametersOfQueries(t *testing.T) {
	for query, want := range map[string]string{
		"":                           "",
		"limit=5&status=read&next=x": "",
		"limit=five":                 "parameter limit",
		"limit=1001":                 "parameter limit",
		"status=lost":                "parameter status",
		"filter=x":                   "no parameter filter",
	} {
		e := exchange(false)
		e.Method, e.URL, e.Status = http.MethodGet, &url.URL{Path: "/campaigns/c/recipients", RawQuery: query}, http.StatusOK
		e.Body = []byte(`{"recipients": [], "duration": "1.00ms"}`)
		if err := newChecker(t).Check(e); (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: found %v, want %q", query, err, want)
		}
	}
	for payload, want := range map[string]string{
		`{"filter_conditions": {"id": "ann"}, "limit": null}`: "",
		`{"limit": 101}`: "/limit",
		`{`:              "no JSON",
	} {
		e := exchange(false)
		e.Method, e.URL, e.Status = http.MethodGet, &url.URL{Path: "/users", RawQuery: "payload=" + url.QueryEscape(payload)}, http.StatusOK
		e.Body = []byte(`{"users": [], "duration": "1.00ms"}`)
		if err := newChecker(t).Check(e); (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: found %v, want %q", payload, err, want)
		}
	}
}

// The path with the fewest parameters is the one that a server takes.
func TestOperation(t *testing.T) {
	for request, want := range map[string]string{
		"POST /campaigns/query":                  "QueryCampaigns",
		"GET /campaigns/query":                   "GetCampaign",
		"POST /api/v2/chat/campaigns/a%2Fb/stop": "StopCampaignV2",
		"PATCH /campaigns/a/stop":                "StopCampaignLegacy",
		"POST /channels/messaging/query":         "GetOrCreateDistinctChannel",
		"POST /channels/messaging/a":             "UpdateChannel",
		"POST /api/v2/users":                     "UpdateUsersV2",
		"POST /users/delete":                     "DeleteUsers",
		"POST /api/v2/chat/users":                "",
	} {
		method, path, _ := strings.Cut(request, " ")
		u, err := url.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		if op, _ := newChecker(t).Operation(method, u); op.ID != want {
			t.Errorf("%s is %q, want %q", request, op.ID, want)
		}
	}
}

// What goes through is checked and passed on as it is.
func TestTransport(t *testing.T) {
	e := exchange(false)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range e.Header {
			w.Header()[name] = values
		}
		sent, err := io.ReadAll(r.Body)
		if err != nil || string(sent) != string(e.RequestBody) {
			t.Errorf("%q was sent: %v", sent, err)
		}
		w.WriteHeader(e.Status)
		_, _ = w.Write(e.Body)
	}))
	defer server.Close()
	var reported []error
	client := http.Client{Transport: newChecker(t).Transport(http.DefaultTransport, func(err error) { reported = append(reported, err) })}
	for i := range 2 {
		if i == 1 {
			answer(`"t"`, "null")(&e)
		}
		response, err := client.Post(server.URL+e.URL.Path, "", bytes.NewReader(e.RequestBody))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || string(got) != string(e.Body) || len(reported) != i {
			t.Errorf("call %d: %q came back, %v, reported %v", i, got, err, reported)
		}
	}
}
