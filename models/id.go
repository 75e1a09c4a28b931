package models

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Limits of ids (contract 3.4), in Unicode code points.
const (
	MaxIDLength          = 255
	MaxChannelTypeLength = 64
)

// DistinctPrefix begins the id of every distinct channel. Clients cannot create such an id, only address it.
const DistinctPrefix = "!members-"

// NewID makes an id for a campaign, segment, poll, hook or task: a UUIDv4.
func NewID() string { return uuid.NewString() }

// NewMessageID makes an id for a message: a UUIDv7, so that the index of messages grows at its end.
func NewMessageID() string { return uuid.Must(uuid.NewV7()).String() }

// ValidID says whether id may name a new campaign, segment, user or channel: 1 to 255 of A-Z a-z 0-9 @ _ -.
func ValidID(id string) bool { return validChars(id, MaxIDLength, "@_-") }

// ValidChannelType says whether t is a channel type: 1 to 64 of A-Z a-z 0-9 _ -.
func ValidChannelType(t string) bool { return validChars(t, MaxChannelTypeLength, "_-") }

// ValidTarget says whether id may be a segment target, an entry of user_ids, or the id of a message: 1 to 255
// characters, none of them a control character.
func ValidTarget(id string) bool {
	n := utf8.RuneCountInString(id)
	return n >= 1 && n <= MaxIDLength && !strings.ContainsFunc(id, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

func validChars(s string, limit int, extra string) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && strings.IndexByte(extra, c) < 0 {
			return false
		}
	}
	return true
}

// CID joins a channel's type and id.
func CID(channelType, id string) string { return channelType + ":" + id }

// SplitCID takes a cid apart. ok is false if cid is not of the form type:id.
func SplitCID(cid string) (channelType, id string, ok bool) {
	channelType, id, ok = strings.Cut(cid, ":")
	if !ok || !ValidChannelType(channelType) {
		return "", "", false
	}
	return channelType, id, ValidID(id) || IsDistinct(id)
}

// IsDistinct says whether id is that of a distinct channel, made by DistinctID.
func IsDistinct(id string) bool { return strings.HasPrefix(id, DistinctPrefix) }

// DistinctID is the id of the one channel of a type that has exactly these members: "!members-" and 43 characters that
// depend on the set of members alone, neither on their order nor on repetition (contract 10.2).
func DistinctID(members ...string) string {
	set := slices.Compact(slices.Sorted(slices.Values(members)))
	h := sha256.New()
	for _, m := range set {
		h.Write([]byte(m))
		h.Write([]byte{0}) // no id holds a NUL, so sets cannot run into each other
	}
	return DistinctPrefix + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
