package http3

import (
	"strconv"

	"github.com/quic-go/quic-go/quicvarint"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// The encoder uses QPACK's static table and literals only, and no Huffman coding: what it writes depends
// on nothing written before, and it keeps no views of anybody's buffers.

const (
	// staticIndexed and staticNamed are the first bits of what refers to the static table.
	staticIndexed = 0xc0
	staticNamed   = 0x50
	// namedSecret and literalSecret say that no hop may put the field into a table.
	namedSecret   = 0x20
	literalSecret = 0x10
)

// appendNumber appends a number behind the first bits of a byte, of which prefix are its own.
func appendNumber(b []byte, first byte, prefix uint, n int) []byte {
	limit := 1<<prefix - 1
	if n < limit {
		return append(b, first|byte(n))
	}
	b = append(b, first|byte(limit))
	for n -= limit; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

func appendString(b []byte, s string) []byte {
	return append(appendNumber(b, 0, 7, len(s)), s...)
}

// appendField appends any field, its name in lower case.
func appendField(b []byte, f *message.Field) []byte {
	index, known := staticName(f.Name)
	if known {
		first := byte(staticNamed)
		if isSecret(staticTable[index].name) {
			first |= namedSecret
		}
		return appendString(appendNumber(b, first, 4, int(index)), f.Value)
	}
	first := byte(literalField)
	if f.ID == message.ProxyAuthorization {
		first |= literalSecret
	}
	b = appendNumber(b, first, 3, len(f.Name))
	for i := range len(f.Name) {
		b = append(b, lowered[f.Name[i]])
	}
	return appendString(b, f.Value)
}

func isSecret(name string) bool {
	return name == "authorization" || name == "cookie" || name == "set-cookie"
}

// appendFields appends fields, but those of one connection and Content-Length, which is written from the
// length that frames the body.
func appendFields(b []byte, fields []message.Field) []byte {
	for i := range fields {
		if f := &fields[i]; !f.Hop && f.ID != message.ContentLength {
			b = appendField(b, f)
		}
	}
	return b
}

// appendStatus appends :status, which is of 100 to 999.
func appendStatus(b []byte, status int) []byte {
	if status < len(staticStatuses) && staticStatuses[status] != 0 {
		return appendNumber(b, staticIndexed, 6, int(staticStatuses[status]))
	}
	b = appendNumber(b, staticNamed, 4, indexStatus200)
	return append(b, 3, byte('0'+status/100%10), byte('0'+status/10%10), byte('0'+status%10))
}

// beginHeaders begins a HEADERS frame, whose length endHeaders writes, with the prefix of its section.
func beginHeaders(b []byte) (frame []byte, start int) {
	b = append(b, byte(kindHeaders))
	start = len(b)
	return append(b, 0, 0, 0, 0, 0, 0), start
}

// endHeaders writes the length of the frame that begins at start.
func endHeaders(b []byte, start int) []byte {
	quicvarint.AppendWithLen(b[:start], uint64(len(b)-start-longLength), longLength)
	return b
}

// appendResponse appends the head of a response as a HEADERS frame. The length is left out when there
// must be none: of interim responses, 204, and what CONNECT opens (RFC 9110 section 8.6).
func appendResponse(b []byte, r *message.Response, connect bool) []byte {
	b, start := beginHeaders(b)
	b = appendStatus(b, r.Status)
	b = appendFields(b, r.Fields)
	opens := connect && r.Status < 300
	if r.ContentLength >= 0 && r.Status >= 200 && r.Status != 204 && !opens {
		var digits [20]byte
		text := strconv.AppendInt(digits[:0], r.ContentLength, 10)
		b = appendNumber(b, staticNamed, 4, indexContentLength)
		b = append(appendNumber(b, 0, 7, len(text)), text...)
	}
	return endHeaders(b, start)
}

// appendTrailers appends trailers as a HEADERS frame.
func appendTrailers(b []byte, trailers []message.Field) []byte {
	b, start := beginHeaders(b)
	return endHeaders(appendFields(b, trailers), start)
}
