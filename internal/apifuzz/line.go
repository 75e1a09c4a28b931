package apifuzz

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	dialTimeout   = 5 * time.Second
	answerTimeout = 25 * time.Second // longer than the server gives a handler, which would then answer 503
	largestAnswer = 64 << 20
)

type answer struct {
	status int
	header http.Header
	body   []byte
}

// line is a connection to the API, opened again where the server has closed it. Requests go over it as bytes, because a client
// library would not send most of them.
type line struct {
	address string
	conn    net.Conn
	in      *bufio.Reader
}

func (l *line) close() {
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
}

// exchange sends a request and reads its answer.
func (l *line) exchange(r request) (answer, error) {
	reused := l.conn != nil
	a, err := l.try(r)
	if reused && err != nil && !errors.Is(err, errTooLate) {
		// The server may close a connection between two requests.
		a, err = l.try(r)
	}
	return a, err
}

var errTooLate = errors.New("it took too long")

func (l *line) try(r request) (a answer, err error) {
	if l.conn == nil {
		if l.conn, err = net.DialTimeout("tcp", l.address, dialTimeout); err != nil {
			return a, err
		}
		l.in = bufio.NewReader(l.conn)
	}
	keep := false
	defer func() {
		if !keep {
			l.close()
		}
	}()
	if err := l.conn.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return a, err
	}
	_, sendErr := l.conn.Write(r.bytes) // the answer may be there nevertheless
	response, err := http.ReadResponse(l.in, &http.Request{Method: r.method})
	if err == nil && response.StatusCode == http.StatusContinue { // is no answer yet
		response.Body.Close()
		response, err = http.ReadResponse(l.in, &http.Request{Method: r.method})
	}
	if err != nil {
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			err = errTooLate
		}
		return a, errors.Join(err, sendErr)
	}
	defer response.Body.Close()
	a = answer{status: response.StatusCode, header: response.Header}
	if a.body, err = io.ReadAll(io.LimitReader(response.Body, largestAnswer)); err != nil {
		return a, fmt.Errorf("read the answer %d: %w", a.status, err)
	}
	keep = !response.Close && !r.last && sendErr == nil
	return a, nil
}
