package models_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"herald/models"
)

func TestValidIDs(t *testing.T) {
	tests := []struct {
		name, id           string
		asID, kind, target bool // valid as id, as channel type, as target
	}{
		{"empty", "", false, false, false},
		{"one letter", "a", true, true, true},
		{"every kind of character", "azAZ09@_-", true, false, true},
		{"without the at sign", "azAZ09_-", true, true, true},
		{"64 characters", strings.Repeat("x", 64), true, true, true},
		{"65 characters", strings.Repeat("x", 65), true, false, true},
		{"255 characters", strings.Repeat("x", 255), true, false, true},
		{"256 characters", strings.Repeat("x", 256), false, false, false},
		{"255 characters of two bytes", strings.Repeat("ß", 255), false, false, true},
		{"256 characters of two bytes", strings.Repeat("ß", 256), false, false, false},
		{"space", "spring sale", false, false, true},
		{"dot", "spring.sale", false, false, true},
		{"colon", "messaging:general", false, false, true},
		{"slash", "a/b", false, false, true},
		{"exclamation mark", "!members-x", false, false, true},
		{"other script", "кампания", false, false, true},
		{"tab", "a\tb", false, false, false},
		{"newline at the end", "a\n", false, false, false},
		{"NUL", "a\x00b", false, false, false},
		{"delete", "a\x7fb", false, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := models.ValidID(tt.id); got != tt.asID {
				t.Errorf("ValidID = %t", got)
			}
			if got := models.ValidChannelType(tt.id); got != tt.kind {
				t.Errorf("ValidChannelType = %t", got)
			}
			if got := models.ValidTarget(tt.id); got != tt.target {
				t.Errorf("ValidTarget = %t", got)
			}
		})
	}
}

func TestNewIDs(t *testing.T) {
	if id, err := uuid.Parse(models.NewID()); err != nil || id.Version() != 4 {
		t.Errorf("NewID is of version %d, %v", id.Version(), err)
	}
	first, second := models.NewMessageID(), models.NewMessageID()
	if id, err := uuid.Parse(first); err != nil || id.Version() != 7 || first >= second {
		t.Errorf("message ids %s, %s: version %d, %v; want 7 and ascending", first, second, id.Version(), err)
	}
	if !models.ValidID(models.NewID()) || !models.ValidID(first) {
		t.Error("a new id is no valid id")
	}
}

func TestSplitCID(t *testing.T) {
	distinct := models.DistinctID("ann", "bob")
	tests := []struct {
		cid, channelType, id string
		ok                   bool
	}{
		{"messaging:general", "messaging", "general", true},
		{"live_stream-2:a@b", "live_stream-2", "a@b", true},
		{"messaging:" + distinct, "messaging", distinct, true},
		{"messaging:" + strings.Repeat("x", 255), "messaging", strings.Repeat("x", 255), true},
		{"", "", "", false},
		{"messaging", "", "", false},
		{":general", "", "", false},
		{"mess aging:general", "", "", false},
		{strings.Repeat("x", 65) + ":general", "", "", false},
		{"messaging:", "messaging", "", false},
		{"messaging:a:b", "messaging", "a:b", false},
		{"messaging:a b", "messaging", "a b", false},
		{"messaging:" + strings.Repeat("x", 256), "messaging", strings.Repeat("x", 256), false},
	}
	for _, tt := range tests {
		channelType, id, ok := models.SplitCID(tt.cid)
		if ok != tt.ok || channelType != tt.channelType || id != tt.id {
			t.Errorf("SplitCID(%q) = %q, %q, %t; want %q, %q, %t", tt.cid, channelType, id, ok, tt.channelType, tt.id, tt.ok)
		}
		if ok && models.CID(channelType, id) != tt.cid {
			t.Errorf("CID(%q, %q) = %q", channelType, id, models.CID(channelType, id))
		}
	}
}

func TestDistinctID(t *testing.T) {
	id := models.DistinctID("ann", "bob", "cem")
	random, isDistinct := strings.CutPrefix(id, "!members-")
	if !isDistinct || len(random) != 43 || strings.Trim(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Errorf("DistinctID = %q, want !members- and 43 characters of base64url", id)
	}
	if !models.IsDistinct(id) || models.ValidID(id) || models.IsDistinct("members-x") {
		t.Error("a distinct channel's id can be told from others, and is none that a client may choose")
	}
	for _, same := range [][]string{{"cem", "ann", "bob"}, {"ann", "bob", "bob", "cem", "ann"}, {"cem", "cem", "bob", "ann"}} {
		if got := models.DistinctID(same...); got != id {
			t.Errorf("DistinctID of %v is %s, want %s", same, got, id)
		}
	}
	for _, other := range [][]string{{"ann", "bob"}, {"ann", "bob", "cem", "dan"}, {"annbob", "cem"}, {"ann", "bobcem"}, {"Ann", "bob", "cem"}, {}} {
		if got := models.DistinctID(other...); got == id {
			t.Errorf("DistinctID of %v is that of ann, bob, cem", other)
		}
	}
	// Rows hold such ids: how they are made never changes.
	if got, want := models.DistinctID("ann", "bob"), "!members-QRV9i0rrYSwlcTPVzyBMYqjej4xkZFv0Zh8gdNeU6pE"; got != want {
		t.Errorf("DistinctID(ann, bob) = %s, want %s", got, want)
	}
	members := []string{"bob", "ann"}
	models.DistinctID(members...)
	if members[0] != "bob" {
		t.Error("DistinctID reorders its arguments")
	}
}
