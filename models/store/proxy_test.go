package store_test

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"testing"
)

// freezer stands between a store and Postgres and can freeze a session: the first time a client sends something that
// contains marker, nothing more of that session passes, in either direction, until thaw. To Postgres and to the client
// that is what a stopped process or a lost network looks like.
type freezer struct {
	url    string
	marker []byte
	once   sync.Once
	frozen chan struct{} // closed once a session is frozen
	thaw   chan struct{}
}

func newFreezer(t *testing.T, database, marker string) *freezer {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed with the test
	if err != nil {
		t.Fatal(err)
	}
	f := &freezer{marker: []byte(marker), frozen: make(chan struct{}), thaw: make(chan struct{})}
	server := u.Host
	u.Host = listener.Addr().String()
	query := u.Query()
	query.Set("sslmode", "disable") // the marker must be seen
	u.RawQuery = query.Encode()
	f.url = u.String()

	var sessions sync.WaitGroup
	t.Cleanup(func() {
		listener.Close()
		sessions.Wait()
	})
	sessions.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			sessions.Go(func() { f.serve(t, client, server) })
		}
	})
	return f
}

func (f *freezer) serve(t *testing.T, client net.Conn, server string) {
	defer client.Close()
	upstream, err := net.Dial("tcp", server) //nolint:noctx // on this machine
	if err != nil {
		t.Error(err)
		return
	}
	defer upstream.Close()
	frozen := make(chan struct{})
	go func() {
		relay(client, upstream, func(chunk []byte) {
			if bytes.Contains(chunk, f.marker) {
				f.once.Do(func() {
					close(frozen)
					close(f.frozen)
					<-f.thaw
				})
			}
		})
		upstream.Close()
	}()
	relay(upstream, client, func([]byte) {})
	select {
	case <-frozen:
		<-f.thaw
	default:
	}
}

// relay copies until either side is closed.
func relay(from, to net.Conn, before func(chunk []byte)) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			before(buffer[:n])
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
