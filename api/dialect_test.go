package api_test

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// dialect is one of the two wire forms of the API, as its clients see them: written from the contract's section 2. The
// zero value is v1.
type dialect struct{ v2 bool }

var dialectV1, dialectV2 = dialect{}, dialect{v2: true}

func (d dialect) String() string {
	if d.v2 {
		return "v2"
	}
	return "v1"
}

// inEachDialect runs a test twice. Its harness speaks the dialect by h.in(d), and then takes paths in their v1 form.
func inEachDialect(t *testing.T, test func(t *testing.T, d dialect)) {
	t.Helper()
	for _, d := range []dialect{dialectV1, dialectV2} {
		t.Run(d.String(), func(t *testing.T) { test(t, d) })
	}
}

// in gives the same harness, speaking a dialect.
func (h *harness) in(d dialect) *harness {
	inDialect := *h
	inDialect.dialect = d
	return &inDialect
}

// path is a v1 path in the dialect.
func (d dialect) path(path string) string {
	if !d.v2 {
		return path
	}
	for _, chat := range []string{"/campaigns", "/segments", "/channels", "/messages", "/members", "/unread"} {
		if strings.HasPrefix(path, chat) {
			return "/api/v2/chat" + path
		}
	}
	return "/api/v2" + path
}

// time is a timestamp of the v1 form as it comes in the dialect.
func (d dialect) time(text string) any {
	if !d.v2 {
		return text
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return jsonNumber(strconv.FormatInt(at.UnixNano(), 10))
}

// unset is a choice that was not made, as it comes.
func (d dialect) unset() any {
	if d.v2 {
		return ""
	}
	return nil
}

// with is an object of a user, channel, message, attachment or member with custom data, as it is sent and as it comes.
func (d dialect) with(builtin, custom m) m {
	object := m{}
	for key, value := range builtin {
		object[key] = value
	}
	if d.v2 {
		object["custom"] = custom
		return object
	}
	for key, value := range custom {
		if _, clash := object[key]; !clash {
			object[key] = value
		}
	}
	return object
}
