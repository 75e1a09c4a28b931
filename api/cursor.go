package api

import (
	"bytes"
	"compress/flate"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"herald/api/request"
	"herald/filter"
	"herald/models"
	"herald/models/store"
	"herald/wire"
)

const (
	// maxCursorLength is what contract 6.4 allows. Only a row whose sort key alone fills it (a name of 1,000 characters
	// from beyond the basic plane) gets a longer one.
	maxCursorLength = 4 << 10
	cursorSumLength = 16 // bytes of the signature: 128 bits are beyond guessing
)

// cursor is a place between two rows of a list, and the list it belongs to. On the wire it is deflated JSON behind its
// signature, in URL-safe base64. The signature's key is made of the app's secret and the endpoint, so that a cursor of
// another app or endpoint does not verify.
type cursor struct {
	Filter json.RawMessage `json:"f,omitempty"`
	// FilterSum stands for a filter that a cursor cannot hold (some 2 KB that do not compress). A request with such a
	// cursor has to repeat the filter.
	FilterSum []byte          `json:"h,omitempty"`
	Sort      json.RawMessage `json:"s,omitempty"`
	Limit     int             `json:"l"`
	Key       filter.Key      `json:"k"`
	Backward  bool            `json:"b,omitempty"`
}

var (
	errCursor       = errors.New("is not a cursor of this query")
	errCursorFilter = errors.New("belongs to a filter that is too long for a cursor: repeat that filter in the request")
)

// seal writes the cursor for an endpoint.
func (c cursor) seal(secret, endpoint string) string {
	text := c.write(secret, endpoint)
	if len(text) > maxCursorLength && len(c.Filter) > 0 {
		c.Filter, c.FilterSum = nil, filterSum(c.Filter)
		text = c.write(secret, endpoint)
	}
	return text
}

func (c cursor) write(secret, endpoint string) string {
	plain, err := json.Marshal(c)
	if err != nil {
		panic(fmt.Errorf("encode a cursor: %w", err)) // its JSON came out of a decoder
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err == nil {
		if _, err = w.Write(plain); err == nil {
			err = w.Close()
		}
	}
	if err != nil {
		panic(fmt.Errorf("deflate a cursor: %w", err)) // a buffer takes everything
	}
	return base64.RawURLEncoding.EncodeToString(append(cursorSum(secret, endpoint, packed.Bytes()), packed.Bytes()...))
}

// openCursor reads what seal wrote for the same app and endpoint; anything else is errCursor.
func openCursor(secret, endpoint, text string) (cursor, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(sealed) <= cursorSumLength {
		return cursor{}, errCursor
	}
	sum, packed := sealed[:cursorSumLength], sealed[cursorSumLength:]
	if !hmac.Equal(sum, cursorSum(secret, endpoint, packed)) {
		return cursor{}, errCursor
	}
	plain, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return cursor{}, errCursor
	}
	var c cursor
	if json.Unmarshal(plain, &c) != nil {
		return cursor{}, errCursor
	}
	return c, nil
}

func cursorSum(secret, endpoint string, packed []byte) []byte {
	key := hmac.New(sha256.New, []byte(secret))
	key.Write([]byte("cursor\x00" + endpoint))
	sum := hmac.New(sha256.New, key.Sum(nil))
	sum.Write(packed)
	return sum.Sum(nil)[:cursorSumLength]
}

// filterSum is the same for two filters that differ in white space and order of keys only.
func filterSum(raw json.RawMessage) []byte {
	var value any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	canonical := []byte(raw)
	if d.Decode(&value) == nil {
		if sorted, err := json.Marshal(value); err == nil {
			canonical = sorted
		}
	}
	sum := sha256.Sum256(canonical)
	return sum[:]
}

// listQuery is a page of a list that a request asks for.
type listQuery struct {
	store.Query
	cursor   cursor // the list, without a place in it
	secret   string
	endpoint string
}

// readList reads filter, sort, limit, next and prev of a query. A cursor's filter and sort win over those beside it, and
// next over prev (contract 6.4). What is wrong is noted in f.
func readList(c *call, f *request.Object, entity filter.Entity, endpoint string, defaultLimit, maxLimit int) listQuery {
	q := listQuery{secret: c.app.Secret, endpoint: endpoint}
	q.Limit = f.Int("limit", 0, maxLimit)
	name := "next"
	text := f.String(name)
	if text == "" {
		name = "prev"
		text = f.String(name)
	}
	if text == "" {
		q.Filter, q.Sort = readQuery(f, entity, "filter")
		q.cursor = cursor{Filter: f.Raw("filter"), Sort: f.Raw("sort")}
	} else {
		q.resume(f, entity, name, text)
	}
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	q.cursor.Limit = q.Limit
	return q
}

// resume takes up the list of a cursor.
func (q *listQuery) resume(f *request.Object, entity filter.Entity, name, text string) {
	place, err := openCursor(q.secret, q.endpoint, text)
	if err == nil && len(place.FilterSum) > 0 {
		place.Filter = f.Raw("filter")
		if !bytes.Equal(place.FilterSum, filterSum(place.Filter)) {
			err = errCursorFilter
		}
	}
	if err == nil {
		q.Filter, err = filter.Parse(entity, "filter", place.Filter)
	}
	if err == nil {
		q.Sort, err = filter.ParseSort(entity, "sort", place.Sort)
	}
	if err != nil {
		f.Invalid(name, "%s", err)
		return
	}
	q.Key, q.Backward = place.Key, place.Backward
	if q.Limit == 0 {
		q.Limit = place.Limit
	}
	q.cursor = cursor{Filter: place.Filter, Sort: place.Sort}
}

// setPager adds next and prev of a page to an answer, as far as there are rows on that side.
func (q *listQuery) setPager(o *wire.Object, prev, next filter.Key) *wire.Object {
	if next != nil {
		o.Set("next", q.seal(next, false))
	}
	if prev != nil {
		o.Set("prev", q.seal(prev, true))
	}
	return o
}

func (q *listQuery) seal(key filter.Key, backward bool) string {
	place := q.cursor
	place.Key, place.Backward = key, backward
	return place.seal(q.secret, q.endpoint)
}

// badCursor is the answer to a cursor that verified and whose key no longer fits the order of its list, after an upgrade
// of the server; other errors pass.
func badCursor(err error) error {
	if errors.Is(err, filter.ErrKey) {
		return models.Invalid("the cursor %s", errCursor)
	}
	return err
}
