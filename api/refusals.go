package api

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"herald/models"
	"herald/wire"
)

// A request that net/http cannot read never comes to a handler: net/http itself writes a line of plain text to the connection
// and closes it. There is no hook for that, so what it writes is replaced here on its way: no request of any kind gets an answer
// that is not JSON.
//
// The tests hold this against every refusal of the Go version in use. Should a later one write them otherwise, the plain text
// comes through again and nothing else changes.

// refusalListener gives connections on which net/http's own refusals are those of the API.
type refusalListener struct {
	net.Listener
	refusal func(reason string) []byte
}

// Accept waits for the next connection.
func (l refusalListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		return &refusalConn{TCPConn: tcp, refusal: l.refusal}, err
	}
	return conn, err
}

// refusalConn is a whole *net.TCPConn for net/http, which half-closes it after some refusals.
type refusalConn struct {
	*net.TCPConn
	refusal func(reason string) []byte
}

// Write replaces a refusal, which net/http writes whole and at once. No answer of the API has such a head, and no body can
// begin with one: in JSON line breaks are escaped.
func (c *refusalConn) Write(p []byte) (int, error) {
	reason, ok := refusalReason(p)
	if !ok {
		return c.TCPConn.Write(p)
	}
	if _, err := c.TCPConn.Write(c.refusal(reason)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// ReadFrom goes through Write too; that of a TCP connection would not.
func (c *refusalConn) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{c}, r)
}

// refusalReason says why net/http refuses a request, if that is what it writes.
func refusalReason(written []byte) (reason string, ok bool) {
	const (
		versionLength = len("HTTP/1.1 ")
		plainHead     = "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
		expectation   = "417 " // which no handler answers with
	)
	if !bytes.HasPrefix(written, []byte("HTTP/1.")) || len(written) < versionLength {
		return "", false
	}
	line, rest, _ := bytes.Cut(written[versionLength:], []byte("\r\n"))
	switch {
	case bytes.HasPrefix(line, []byte(expectation)):
		return "the header Expect can only be 100-continue", true
	case !bytes.HasPrefix(rest, []byte(plainHead)):
		return "", false
	}
	text := string(line)
	if _, detail, found := strings.Cut(text, ": "); found {
		return "malformed HTTP request: " + detail, true
	}
	switch status, _, _ := strings.Cut(text, " "); status {
	case strconv.Itoa(http.StatusRequestHeaderFieldsTooLarge):
		return fmt.Sprintf("the header of the request is larger than %d KiB", maxHeaderBytes>>10), true
	case strconv.Itoa(http.StatusNotImplemented):
		return "the transfer encoding is not supported", true
	default:
		return "malformed HTTP request: its first line or a header cannot be read", true
	}
}

// refusal is the whole answer to a request that cannot be read, after which the connection is closed.
func (s *Server) refusal(reason string) []byte {
	body, err := wire.Encode(v1.wire, errorBody(unknownOperation, models.Invalid("%s", reason), http.StatusBadRequest, "0.00ms"))
	if err != nil {
		s.log.Error("encode a refusal", "error", err)
		return nil
	}
	header := http.Header{"Content-Type": {contentType}, "Content-Length": {strconv.Itoa(len(body))}, "Connection": {"close"}}
	s.setCommon(header)
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", http.StatusBadRequest, http.StatusText(http.StatusBadRequest))
	_ = header.Write(&b) // a buffer takes everything
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}
