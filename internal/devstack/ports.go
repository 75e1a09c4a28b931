package devstack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Ports tried first. All lie below the range from which systems take the local ports of outgoing connections (32768 and up on
// Linux, 49152 on macOS), so that a server restarted on its port does not find a connection sitting on it.
const (
	DefaultPostgresPort = 25432
	DefaultTemporalPort = 7233
	DefaultUIPort       = 8233
)

const (
	// portTries is how many ports above a taken one are tried.
	portTries = 200
	// freePortsFrom and freePortsTo bound the ports given to those who do not care which; see the defaults for the upper bound.
	freePortsFrom, freePortsTo = 20000, 32000
	// dyingGrace is how long a preferred port may stay occupied by a server of a stack that was just killed.
	dyingGrace = 500 * time.Millisecond
)

// A Port is a local TCP port set aside for a server: no other claim, in this process or another one of the same user, gets it
// before Release. The claim does not listen; the server does.
type Port struct {
	Number int
	lock   *fileLock
}

// ClaimPort sets aside the preferred port of 127.0.0.1, or the next free one above it, or any free one if preferred is 0. The
// caller sees from Number which it is.
func ClaimPort(preferred int) (*Port, error) {
	first := preferred
	if first == 0 {
		first = freePortsFrom + rand.IntN(freePortsTo-freePortsFrom-portTries)
	} else if port, err := claim(preferred, dyingGrace); port != nil || err != nil {
		return port, err
	}
	for number := first; number < first+portTries && number <= 65535; number++ {
		if port, err := claim(number, 0); port != nil || err != nil {
			return port, err
		}
	}
	return nil, fmt.Errorf("no free port in %d to %d", first, first+portTries-1)
}

// Release gives the port back.
func (p *Port) Release() { p.lock.unlock() }

// claim returns nil without an error if the port is taken.
func claim(number int, grace time.Duration) (*Port, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("herald-ports-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("claim port: %w", err)
	}
	lock, err := tryLock(filepath.Join(dir, strconv.Itoa(number)))
	if errors.Is(err, ErrInUse) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("claim port: %w", err)
	}
	for until := time.Now().Add(grace); !isFree(number); time.Sleep(20 * time.Millisecond) {
		if !time.Now().Before(until) {
			lock.unlock()
			return nil, nil
		}
	}
	return &Port{Number: number, lock: lock}, nil
}

// isFree dials before it binds: BSD lets a socket bind 127.0.0.1 beside another one that listens on all addresses.
func isFree(number int) bool {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(number))
	if conn, err := net.DialTimeout("tcp", address, time.Second); err == nil {
		conn.Close()
		return false
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	listener.Close()
	return true
}
