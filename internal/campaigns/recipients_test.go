package campaigns_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/internal/campaigns"
	"herald/internal/client"
)

// audience is a campaign with that many recipients, each of its ids a number; it answers no page that begins at broken.
type audience struct {
	recipients, broken int
	asked              []client.RecipientQuery
}

var errBroken = errors.New("broken")

func (a *audience) Recipients(_ context.Context, _ string, q client.RecipientQuery) (client.RecipientPage, error) {
	a.asked = append(a.asked, q)
	begin, _ := strconv.Atoi(q.Next)
	if a.broken > 0 && begin >= a.broken {
		return client.RecipientPage{}, errBroken
	}
	end := min(begin+q.Limit, a.recipients)
	var page client.RecipientPage
	for n := begin; n < end; n++ {
		var r client.Recipient
		if err := json.Unmarshal(fmt.Appendf(nil, `{"target_id": "%d", "status": "sent"}`, n), &r); err != nil {
			return page, err
		}
		page.Recipients = append(page.Recipients, r)
	}
	if end < a.recipients {
		page.Next = strconv.Itoa(end)
	}
	return page, nil
}

func TestRecipientListReadsPageByPage(t *testing.T) {
	query := func(limit int, next string) client.RecipientQuery {
		return client.RecipientQuery{Status: "sent", Limit: limit, Next: next}
	}
	for name, tc := range map[string]struct {
		audience audience
		limit    int
		written  int64
		more     bool
		asked    []client.RecipientQuery
	}{
		"all":                {audience{recipients: 2500}, 0, 2500, false, []client.RecipientQuery{query(1000, ""), query(1000, "1000"), query(1000, "2000")}},
		"none":               {audience{}, 0, 0, false, []client.RecipientQuery{query(1000, "")}},
		"a full page":        {audience{recipients: 1000}, 0, 1000, false, []client.RecipientQuery{query(1000, "")}},
		"some":               {audience{recipients: 2500}, 1200, 1200, true, []client.RecipientQuery{query(1000, ""), query(200, "1000")}},
		"as many as asked":   {audience{recipients: 7}, 7, 7, false, []client.RecipientQuery{query(7, "")}},
		"fewer than allowed": {audience{recipients: 7}, 100, 7, false, []client.RecipientQuery{query(100, "")}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			var told []int64
			written, more, err := campaigns.RecipientList{
				API: &tc.audience, ID: "c", Status: "sent", Limit: tc.limit, Format: campaigns.FormatNDJSON,
				Progress: func(n int64) { told = append(told, n) },
			}.Write(t.Context(), &out)
			if err != nil || written != tc.written || more != tc.more || told[len(told)-1] != written {
				t.Errorf("%d written, more %v, error %v, told %v", written, more, err, told)
			}
			if diff := cmp.Diff(tc.asked, tc.audience.asked); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
			lines := strings.Split(out.String(), "\n")
			if len(lines) != int(written)+1 {
				t.Fatalf("%d lines for %d recipients", len(lines)-1, written)
			}
			for n, line := range lines[:written] {
				if want := fmt.Sprintf(`{"target_id":"%d","status":"sent"}`, n); line != want {
					t.Fatalf("line %d is %s", n, line)
				}
			}
		})
	}
}

// What was written before an error stays, and does not look whole.
func TestRecipientListBreaks(t *testing.T) {
	for _, format := range campaigns.RecipientFormats {
		var out bytes.Buffer
		written, _, err := campaigns.RecipientList{API: &audience{recipients: 2500, broken: 2000}, ID: "c", Format: format}.Write(t.Context(), &out)
		if !errors.Is(err, errBroken) || written != 2000 || !strings.Contains(out.String(), "1999") {
			t.Errorf("%s: %d written, error %v", format, written, err)
		}
		if format == campaigns.FormatJSON && json.Valid(out.Bytes()) {
			t.Error("half of an array is whole")
		}
	}
	full := writer(func([]byte) (int, error) { return 0, errBroken })
	if _, _, err := (campaigns.RecipientList{API: &audience{recipients: 10}, ID: "c", Format: campaigns.FormatCSV}).Write(t.Context(), full); !errors.Is(err, errBroken) {
		t.Errorf("written to a full disk: %v", err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

// answered are pages of the API, one after the other.
type answered []string

func (p *answered) Recipients(context.Context, string, client.RecipientQuery) (client.RecipientPage, error) {
	var page client.RecipientPage
	err := json.Unmarshal([]byte((*p)[0]), &page)
	*p = (*p)[1:]
	return page, err
}

func TestRecipientFormats(t *testing.T) {
	const (
		one = `{"recipients": [{"target_id": "ann", "user_id": "ann", "cid": "messaging:!members-x", "message_id": "m-1", "status": "sent", "error_code": "", "error": "",
			"sent_at": "2026-11-23T10:00:01.02Z", "read_at": "2026-11-23T10:05:09.000000Z"}], "next": "more"}`
		two = `{"recipients": [
			{"target_id": "b \"o\",\n\u001b[31mb", "user_id": "b", "cid": null, "message_id": null, "status": "failed", "error_code": "template_error", "error": "a <b>, \u202ec", "sent_at": null, "read_at": null},
			{"target_id": "messaging:y", "user_id": null, "cid": "messaging:y", "message_id": "m-2", "status": "sent", "error_code": "", "error": "", "sent_at": "2026-11-23T10:00:02.000000Z", "read_at": null}]}`
	)
	for format, want := range map[string][2]string{
		campaigns.FormatTable: {`
RECIPIENT  STATUS  SENT (UTC)           READ (UTC)           CHANNEL               ERROR
ann        sent    2026-11-23 10:00:01  2026-11-23 10:05:09  messaging:!members-x  -
b "o", [31mb  failed  -                    -  -            template_error: a <b>, c
messaging:y   sent    2026-11-23 10:00:02  -  messaging:y  -
`, `
RECIPIENT  STATUS  SENT (UTC)  READ (UTC)  CHANNEL  ERROR
`},
		campaigns.FormatCSV: {`
target_id,user_id,cid,message_id,status,error_code,error,sent_at,read_at
ann,ann,messaging:!members-x,m-1,sent,,,2026-11-23T10:00:01.020000Z,2026-11-23T10:05:09.000000Z
"b ""o"",
` + "\x1b" + `[31mb",b,,,failed,template_error,"a <b>, ` + "\u202e" + `c",,
messaging:y,,messaging:y,m-2,sent,,,2026-11-23T10:00:02.000000Z,
`, `
target_id,user_id,cid,message_id,status,error_code,error,sent_at,read_at
`},
		campaigns.FormatNDJSON: {`
{"target_id":"ann","user_id":"ann","cid":"messaging:!members-x","message_id":"m-1","status":"sent","error_code":"","error":"","sent_at":"2026-11-23T10:00:01.02Z","read_at":"2026-11-23T10:05:09.000000Z"}
{"target_id":"b \"o\",\n\u001b[31mb","user_id":"b","cid":null,"message_id":null,"status":"failed","error_code":"template_error","error":"a <b>, \u202ec","sent_at":null,"read_at":null}
{"target_id":"messaging:y","user_id":null,"cid":"messaging:y","message_id":"m-2","status":"sent","error_code":"","error":"","sent_at":"2026-11-23T10:00:02.000000Z","read_at":null}
`, `
`},
		campaigns.FormatJSON: {`
[
  {
    "target_id": "ann",
    "user_id": "ann",
    "cid": "messaging:!members-x",
    "message_id": "m-1",
    "status": "sent",
    "error_code": "",
    "error": "",
    "sent_at": "2026-11-23T10:00:01.02Z",
    "read_at": "2026-11-23T10:05:09.000000Z"
  },
  {
    "target_id": "b \"o\",\n\u001b[31mb",
    "user_id": "b",
    "cid": null,
    "message_id": null,
    "status": "failed",
    "error_code": "template_error",
    "error": "a <b>, \u202ec",
    "sent_at": null,
    "read_at": null
  },
  {
    "target_id": "messaging:y",
    "user_id": null,
    "cid": "messaging:y",
    "message_id": "m-2",
    "status": "sent",
    "error_code": "",
    "error": "",
    "sent_at": "2026-11-23T10:00:02.000000Z",
    "read_at": null
  }
]
`, `
[]
`},
	} {
		for i, answers := range []answered{{one, two}, {`{"recipients": []}`}} {
			var out bytes.Buffer
			if _, _, err := (campaigns.RecipientList{API: &answers, ID: "c", Format: format}).Write(t.Context(), &out); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(want[i], "\n"), out.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", format, diff)
			}
			if format == campaigns.FormatCSV {
				if rows, err := csv.NewReader(&out).ReadAll(); err != nil || len(rows) != []int{4, 1}[i] {
					t.Errorf("%d rows, error %v", len(rows), err)
				}
			}
		}
	}
}
