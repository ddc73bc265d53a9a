package http1

import (
	"strconv"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// Framing is how a response is framed and what becomes of its connection.
type Framing struct {
	// Version is the client's.
	Version message.Version
	// Close says "Connection: close".
	Close bool
	// KeepAlive says "Connection: keep-alive", to an HTTP/1.0 client and unless Close is set.
	KeepAlive bool
	// Chunked says that the body is chunked, whatever the response's ContentLength.
	Chunked bool
}

// Fields that the encoders write themselves are not written from a message's fields.
const (
	written         = 1<<message.ContentLength | 1<<message.TransferEncoding | 1<<message.Connection
	writtenRequests = written | 1<<message.Host
)

// AppendRequest appends the head of a request to an HTTP/1.1 backend. Its body is framed by
// ContentLength: Unknown for chunks. A request without a body says so only if its method is one
// whose requests have bodies. Names, values and the target are written as they are; they must be
// clean, as those of a parser are. The fields must have their ID.
func AppendRequest(b []byte, r *message.Request) []byte {
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, r.Target...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, r.Authority...)
	b = append(b, "\r\n"...)
	b = appendFields(b, r.Fields, writtenRequests)
	switch {
	case r.ContentLength > 0:
		b = appendLength(b, r.ContentLength)
	case r.ContentLength < 0:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case r.Method == methodPost || r.Method == methodPut || r.Method == methodPatch:
		b = append(b, "Content-Length: 0\r\n"...)
	}
	return append(appendOptions(b, r), "\r\n"...)
}

// appendOptions appends the request's Connection field, and those that it names.
func appendOptions(b []byte, r *message.Request) []byte {
	if r.Upgrade != "" {
		if r.Trailers {
			b = append(b, "TE: trailers\r\nConnection: Upgrade, TE\r\nUpgrade: "...)
		} else {
			b = append(b, "Connection: Upgrade\r\nUpgrade: "...)
		}
		b = append(b, r.Upgrade...)
		return append(b, "\r\n"...)
	}
	if r.Trailers {
		b = append(b, "TE: trailers\r\nConnection: TE\r\n"...)
	}
	return b
}

// AppendResponse appends the head of a response to a client. Content-Length is written when the
// response's ContentLength is known, unless the body is chunked or the status is one that never has
// a body (1xx, 204); it is kept for HEAD and 304. A 101 writes Upgrade. The status has three digits;
// Reason, names and values are written as they are and must be clean. The fields must have their ID.
func AppendResponse(b []byte, r *message.Response, f Framing) []byte {
	b = appendStatusLine(b, r)
	b = appendFields(b, r.Fields, written)
	never := r.Status < 200 || r.Status == 204
	switch {
	case never:
	case f.Chunked:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case r.ContentLength >= 0:
		b = appendLength(b, r.ContentLength)
	}
	switch {
	case r.Status == 101:
		b = append(b, "Connection: Upgrade\r\nUpgrade: "...)
		b = append(b, r.Upgrade...)
		b = append(b, "\r\n"...)
	case f.Close:
		b = append(b, "Connection: close\r\n"...)
	case f.KeepAlive && f.Version == message.HTTP10:
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	return append(b, "\r\n"...)
}

// appendStatusLine appends the status line, which names our version whatever the client's is
// (RFC 9110 section 2.5).
func appendStatusLine(b []byte, r *message.Response) []byte {
	if r.Status == 200 && r.Reason == "" {
		return append(b, "HTTP/1.1 200 OK\r\n"...)
	}
	reason := r.Reason
	if reason == "" {
		reason = message.Reason(r.Status)
	}
	b = append(b, "HTTP/1.1 "...)
	b = append(b, byte('0'+r.Status/100%10), byte('0'+r.Status/10%10), byte('0'+r.Status%10), ' ')
	b = append(b, reason...)
	return append(b, "\r\n"...)
}

// appendFields appends the fields but those of one connection and those that are left out.
func appendFields(b []byte, fields []message.Field, out uint64) []byte {
	for i := range fields {
		f := &fields[i]
		if f.Hop || out>>f.ID&1 != 0 {
			continue
		}
		b = append(b, f.Name...)
		b = append(b, ": "...)
		b = append(b, f.Value...)
		b = append(b, "\r\n"...)
	}
	return b
}

func appendLength(b []byte, n int64) []byte {
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, n, 10)
	return append(b, "\r\n"...)
}

// AppendChunk appends the line before a chunk's data of size bytes, which must be more than 0. CRLF
// belongs behind the data.
func AppendChunk(b []byte, size int) []byte {
	b = strconv.AppendUint(b, uint64(size), 16)
	return append(b, "\r\n"...)
}

// AppendLastChunk appends the end of a chunked body, with the trailers that may be trailers.
func AppendLastChunk(b []byte, trailers []message.Field) []byte {
	b = append(b, "0\r\n"...)
	for i := range trailers {
		if mayTrail(&trailers[i]) {
			b = appendFields(b, trailers[i:i+1], 0)
		}
	}
	return append(b, "\r\n"...)
}
