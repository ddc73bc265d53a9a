package backend

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // RFC 6455 asks for it
	"encoding/base64"
	"strconv"

	"github.com/fleetgate/fleetgate/bench/loop"
)

// httpConn is a connection of the HTTP/1.1 port. The proxies in front are trusted to send well-formed requests.
type httpConn struct {
	server *Server
	// upload is how much of a body is still to come, uploaded how long it was.
	upload, uploaded int
	socket           *socket
}

var headEnd, closeToken = []byte("\r\n\r\n"), []byte("close")

// Opened implements loop.Handler.
func (h *httpConn) Opened(*loop.Conn) { h.server.counters.Connections.Add(1) }

// Closed implements loop.Handler.
func (h *httpConn) Closed(*loop.Conn, error) {}

// Data implements loop.Handler.
func (h *httpConn) Data(c *loop.Conn, data []byte) (taken int) {
	for taken < len(data) {
		if h.socket != nil {
			return taken + h.socket.echo(c, data[taken:])
		}
		if h.upload > 0 {
			taken += h.sink(c, len(data)-taken)
			continue
		}
		end := bytes.Index(data[taken:], headEnd)
		if end < 0 {
			return taken
		}
		head := data[taken : taken+end]
		taken += end + len(headEnd)
		h.request(c, head)
	}
	return taken
}

func (h *httpConn) request(c *loop.Conn, head []byte) {
	name := lastSegment(head)
	if answer := h.server.responses[string(name)]; answer != nil {
		h.server.counters.Requests.Add(1)
		c.Write(answer)
		if bytes.Contains(head, closeToken) && string(field(head, "Connection")) == "close" {
			c.Finish()
		}
		return
	}
	switch string(name) {
	case "upload":
		length, err := strconv.Atoi(string(field(head, "Content-Length")))
		if err != nil || length <= 0 {
			c.Write(response("411 Length Required", ""))
			return
		}
		h.upload, h.uploaded = length, length
	case "ws":
		h.server.counters.Requests.Add(1)
		h.socket = &socket{counters: h.server.counters}
		c.Write(accept(field(head, "Sec-WebSocket-Key")))
	default:
		c.Write(response("404 Not Found", ""))
	}
}

// sink takes as much of a body as is there, and answers at its end.
func (h *httpConn) sink(c *loop.Conn, available int) int {
	n := min(available, h.upload)
	if h.upload -= n; h.upload == 0 {
		h.server.counters.Requests.Add(1)
		c.Write(response("200 OK", strconv.Itoa(h.uploaded)))
	}
	return n
}

// lastSegment is the end of the path of a request line.
func lastSegment(head []byte) []byte {
	_, path, _ := bytes.Cut(head, []byte(" "))
	if end := bytes.IndexByte(path, ' '); end >= 0 {
		path = path[:end]
	}
	return path[bytes.LastIndexByte(path, '/')+1:]
}

// field is the value of a field, nil if it is not there.
func field(head []byte, name string) []byte {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		if len(line) > len(name) && line[len(name)] == ':' && bytes.EqualFold(line[:len(name)], []byte(name)) {
			return bytes.TrimSpace(line[len(name)+1:])
		}
	}
	return nil
}

// accept is the answer that opens a WebSocket (RFC 6455 section 4.2.2).
func accept(key []byte) []byte {
	sum := sha1.Sum(append(bytes.Clone(key), "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"...)) //nolint:gosec // RFC 6455 asks for it
	answer := []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
	answer = base64.StdEncoding.AppendEncode(answer, sum[:])
	return append(answer, headEnd...)
}
