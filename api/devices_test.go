package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

// devices lists the devices of a user.
func (h *harness) devices(t *testing.T, user string) []string {
	t.Helper()
	body := h.mustCall(t, http.StatusOK, http.MethodGet, "/devices?user_id="+user, nil)
	ids := []string{}
	for i := range body["devices"].([]any) {
		ids = append(ids, fmt.Sprint(at(t, body, "devices", i, "id")))
	}
	return ids
}

func (h *harness) addDevice(t *testing.T, user, id string) {
	t.Helper()
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/devices", map[string]string{"id": id, "push_provider": "apn", "user_id": user})
}

func TestDevices(t *testing.T) { inEachDialect(t, testDevices) }

func testDevices(t *testing.T, d dialect) {
	h := newShop(t).in(d)
	body := h.mustCall(t, http.StatusCreated, http.MethodPost, "/devices",
		`{"id": "token:1", "push_provider": "firebase", "push_provider_name": "staging", "user": {"id": "ann"}, "extra": 1}`)
	if len(body) != 1 {
		t.Errorf("the answer has more than the duration: %v", body)
	}
	h.addDevice(t, "ann", "2")
	list := h.mustCall(t, http.StatusOK, http.MethodGet, "/devices?user_id=ann", nil)
	want := decode(t, `{"duration": "T", "devices": [
		{"id": "token:1", "push_provider": "firebase", "push_provider_name": "staging", "user_id": "ann", "disabled": false, "created_at": "T"},
		{"id": "2", "push_provider": "apn", "user_id": "ann", "disabled": false, "created_at": "T"}]}`)
	if diff := cmp.Diff(want, maskTimes(any(list))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// They show wherever a user shows in full.
	upserted := h.mustCall(t, http.StatusCreated, http.MethodPost, "/users", `{"users": {"bob": {"id": "bob"}, "ann": {"id": "ann"}}}`)
	queried := h.mustCall(t, http.StatusOK, http.MethodGet, "/users?payload="+url.QueryEscape(`{"filter_conditions": {"id": "ann"}}`), nil)
	for _, got := range []any{at(t, upserted, "users", "ann", "devices"), at(t, queried, "users", 0, "devices")} {
		if diff := cmp.Diff(list["devices"], got); diff != "" {
			t.Errorf("devices of a user in full (-listed +got):\n%s", diff)
		}
	}
	if got := at(t, upserted, "users", "bob", "devices").([]any); len(got) != 0 {
		t.Errorf("devices of bob: %v", got)
	}

	// Again it keeps its place, for another user it moves.
	h.addDevice(t, "ann", "token:1")
	if diff := cmp.Diff([]string{"token:1", "2"}, h.devices(t, "ann")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again := h.mustCall(t, http.StatusOK, http.MethodGet, "/devices?user_id=ann", nil); at(t, again, "devices", 0, "push_provider") != "apn" {
		t.Errorf("the provider did not change: %v", again)
	}
	h.addDevice(t, "bob", "token:1")
	if got := fmt.Sprint(h.devices(t, "ann"), h.devices(t, "bob")); got != "[2] [token:1]" {
		t.Errorf("after the move: %s", got)
	}
	for _, query := range []string{"id=token:1&user_id=ann", "id=none&user_id=ann", "id=2&user_id=ann"} {
		h.mustCall(t, http.StatusOK, http.MethodDelete, "/devices?"+query, nil)
	}
	if got := fmt.Sprint(h.devices(t, "ann"), h.devices(t, "bob")); got != "[] [token:1]" {
		t.Errorf("after the removals: %s", got)
	}
	other := h.stranger(t)
	other.addDevice(t, "ann", "token:1")
	if got := fmt.Sprint(h.devices(t, "bob"), other.devices(t, "ann"), other.devices(t, "bob")); got != "[token:1] [token:1] []" {
		t.Errorf("two apps: %s", got)
	}
}

func TestOldestDeviceGoes(t *testing.T) {
	h := newShop(t)
	ids := make([]string, 27)
	for i := range ids {
		ids[i] = fmt.Sprintf("d%02d", i)
		h.addDevice(t, "ann", ids[i])
	}
	h.addDevice(t, "bob", "theirs")
	if diff := cmp.Diff(ids[2:], h.devices(t, "ann")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var wait sync.WaitGroup
	failed := make(chan string, 100)
	for i := range 4 {
		wait.Go(func() {
			for n := range 20 {
				a := h.call(t, http.MethodPost, "/devices", map[string]string{"id": fmt.Sprint(i, "-", n), "push_provider": "huawei", "user_id": []string{"ann", "bob"}[n%2]})
				if a.status != http.StatusCreated {
					failed <- a.raw
				}
				a = h.call(t, http.MethodPost, "/devices", map[string]string{"id": fmt.Sprint("shared-", n), "push_provider": "xiaomi", "user_id": []string{"ann", "bob"}[i%2]})
				if a.status != http.StatusCreated {
					failed <- a.raw
				}
			}
		})
	}
	wait.Wait()
	close(failed)
	for raw := range failed {
		t.Error(raw)
	}
	for _, user := range []string{"ann", "bob"} {
		if n := len(h.devices(t, user)); n > 25 {
			t.Errorf("%d devices of %s", n, user)
		}
	}
}

func TestDevicesRefuse(t *testing.T) {
	h := newShop(t)
	for _, tc := range []struct{ body, field string }{
		{`{"push_provider": "apn", "user_id": "ann"}`, "id"}, {`{"id": "", "push_provider": "apn", "user_id": "ann"}`, "id"}, {`{"id": 1, "push_provider": "apn", "user_id": "ann"}`, "id"},
		{`{"id": "` + strings.Repeat("x", 256) + `", "push_provider": "apn", "user_id": "ann"}`, "id"}, {`{"id": "a\tb", "push_provider": "apn", "user_id": "ann"}`, "id"},
		{`{"id": "x", "user_id": "ann"}`, "push_provider"}, {`{"id": "x", "push_provider": "smoke", "user_id": "ann"}`, "push_provider"},
		{`{"id": "x", "push_provider": "apn", "push_provider_name": 1, "user_id": "ann"}`, "push_provider_name"},
		{`{"id": "x", "push_provider": "apn"}`, "user_id"}, {`{"id": "x", "push_provider": "apn", "user_id": "nobody"}`, "user_id"},
	} {
		wantError(t, h.call(t, http.MethodPost, "/devices", tc.body), http.StatusBadRequest, models.CodeInvalid, "CreateDevice failed", tc.field)
	}
	wantError(t, h.call(t, http.MethodGet, "/devices", nil), http.StatusBadRequest, models.CodeInvalid, "is required", "user_id")
	wantError(t, h.call(t, http.MethodGet, "/devices?user_id=nobody", nil), http.StatusBadRequest, models.CodeInvalid, "exists", "user_id")
	wantError(t, h.call(t, http.MethodDelete, "/devices?user_id=ann", nil), http.StatusBadRequest, models.CodeInvalid, "is required", "id")
	wantError(t, h.call(t, http.MethodDelete, "/devices?id=x", nil), http.StatusBadRequest, models.CodeInvalid, "is required", "user_id")
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/devices", `{"id": "`+strings.Repeat("x", 255)+`", "push_provider": "apn", "user_id": "ann"}`)
}

func TestDeviceUserTokens(t *testing.T) {
	h := newShop(t)
	ann := h.as(t, "ann")
	if a := h.callAs(t, ann, http.MethodPost, "/devices", `{"id": "x", "push_provider": "apn"}`); a.status != http.StatusCreated {
		t.Errorf("ann adds: %s", a.raw)
	}
	wantError(t, h.callAs(t, ann, http.MethodPost, "/devices", `{"id": "y", "push_provider": "apn", "user_id": "bob"}`), http.StatusForbidden, models.CodeNotAllowed, "cannot act as", "")
	wantError(t, h.callAs(t, ann, http.MethodGet, "/devices?user_id=bob", nil), http.StatusForbidden, models.CodeNotAllowed, "cannot act as", "")
	wantError(t, h.callAs(t, ann, http.MethodDelete, "/devices?id=x&user_id=bob", nil), http.StatusForbidden, models.CodeNotAllowed, "cannot act as", "")
	h.addDevice(t, "bob", "theirs")
	if a := h.callAs(t, ann, http.MethodDelete, "/devices?id=theirs", nil); a.status != http.StatusOK {
		t.Errorf("ann removes what is not hers: %s", a.raw)
	}
	if a := h.callAs(t, ann, http.MethodGet, "/devices", nil); at(t, a.body, "devices", 0, "id") != "x" || len(at(t, a.body, "devices").([]any)) != 1 {
		t.Errorf("ann lists %s", a.raw)
	}
	if a := h.callAs(t, ann, http.MethodDelete, "/devices?id=x", nil); a.status != http.StatusOK {
		t.Errorf("ann removes: %s", a.raw)
	}
	if got := fmt.Sprint(h.devices(t, "ann"), h.devices(t, "bob")); got != "[] [theirs]" {
		t.Errorf("left: %s", got)
	}
}
