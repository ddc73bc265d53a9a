package http2

import (
	"strconv"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// The encoder uses HPACK's static table and literals only: what it writes depends on nothing written
// before, and it keeps no views of anybody's buffers. Huffman coding is not used: it costs more time
// on both ends than the bytes it saves cost in a data centre.

const (
	// indexedField, literalField and secretField are the first bits of what represents a field
	// (RFC 7541 sections 6.1, 6.2.2 and 6.2.3).
	indexedField = 0x80
	literalField = 0x00
	secretField  = 0x10
	// noTable sets the size of the table to nothing (section 6.3). Once it has been said, the peer
	// keeps no table, and its settings of the table's size need no answer.
	noTable = 0x20
)

// lowered is each byte in lower case.
var lowered = func() (table [256]byte) {
	for i := range table {
		table[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			table[i] += 'a' - 'A'
		}
	}
	return table
}()

// appendNumber appends a number behind the first bits of a byte, of which prefix are its own (RFC
// 7541 section 5.1).
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

// appendString appends a string as it is (RFC 7541 section 5.2).
func appendString(b []byte, s string) []byte {
	return append(appendNumber(b, 0, 7, len(s)), s...)
}

// appendName appends a string in lower case.
func appendName(b []byte, name string) []byte {
	b = appendNumber(b, 0, 7, len(name))
	for i := range len(name) {
		b = append(b, lowered[name[i]])
	}
	return b
}

// appendIndexed appends a field that the static table has whole.
func appendIndexed(b []byte, index byte) []byte { return append(b, indexedField|index) }

// appendNamed appends a field whose name the static table has.
func appendNamed(b []byte, index byte, value string) []byte {
	return appendString(appendNumber(b, literalField, 4, int(index)), value)
}

// appendField appends any field, its name in lower case.
func appendField(b []byte, name, value string) []byte {
	index, secret := staticName(name)
	first := byte(literalField)
	if secret {
		first = secretField
	}
	b = appendNumber(b, first, 4, int(index))
	if index == 0 {
		b = appendName(b, name)
	}
	return appendString(b, value)
}

// appendFields appends fields, but those of one connection and Content-Length, which is written from
// the length that frames the body.
func appendFields(b []byte, fields []message.Field) []byte {
	for i := range fields {
		if f := &fields[i]; !f.Hop && f.ID != message.ContentLength {
			b = appendField(b, f.Name, f.Value)
		}
	}
	return b
}

func appendContentLength(b []byte, length int64) []byte {
	var digits [20]byte
	text := strconv.AppendInt(digits[:0], length, 10)
	b = appendNumber(b, literalField, 4, indexContentLength)
	b = append(b, byte(len(text))) // at most 19, so one byte
	return append(b, text...)
}

// appendStatus appends :status, which is of 100 to 999.
func appendStatus(b []byte, status int) []byte {
	if index := staticStatus(status); index != 0 {
		return appendIndexed(b, index)
	}
	b = appendNumber(b, literalField, 4, indexStatus200)
	return append(b, 3, byte('0'+status/100%10), byte('0'+status/10%10), byte('0'+status%10))
}

// appendResponse appends the head of a response. The length is left out when there must be none: of
// interim responses, 204, and what CONNECT opens (RFC 9110 section 8.6).
func appendResponse(b []byte, r *message.Response, connect bool) []byte {
	b = appendStatus(b, r.Status)
	b = appendFields(b, r.Fields)
	opens := connect && r.Status < 300
	if r.ContentLength >= 0 && r.Status >= 200 && r.Status != 204 && !opens {
		b = appendContentLength(b, r.ContentLength)
	}
	return b
}

// appendRequest appends the head of a request. One that asks for another protocol becomes an extended
// CONNECT (RFC 8441 section 4), whatever its method.
func appendRequest(b []byte, r *message.Request) []byte {
	method := r.Method
	if r.Upgrade != "" {
		method = "CONNECT"
	}
	b = appendMethod(b, method)
	if method != "CONNECT" || r.Upgrade != "" {
		b = appendTarget(b, r)
	}
	if r.Authority != "" {
		b = appendNamed(b, indexAuthority, r.Authority)
	}
	if r.Upgrade != "" {
		b = appendField(b, ":protocol", r.Upgrade)
	}
	b = appendFields(b, r.Fields)
	if r.Trailers {
		b = appendField(b, "te", "trailers")
	}
	if method != "CONNECT" && (r.ContentLength > 0 || r.ContentLength == 0 && expectsBody(method)) {
		b = appendContentLength(b, r.ContentLength)
	}
	return b
}

// appendTarget appends :scheme and :path.
func appendTarget(b []byte, r *message.Request) []byte {
	if r.Scheme == "https" {
		b = appendIndexed(b, indexSchemeHTTPS)
	} else {
		b = appendIndexed(b, indexSchemeHTTP)
	}
	if r.Target == "/" {
		return appendIndexed(b, indexPath)
	}
	return appendNamed(b, indexPath, r.Target)
}

func appendMethod(b []byte, method string) []byte {
	switch method {
	case "GET":
		return appendIndexed(b, indexMethodGet)
	case "POST":
		return appendIndexed(b, indexMethodPost)
	}
	return appendNamed(b, indexMethodGet, method)
}

// expectsBody says whether a request of a method without a body says so (RFC 9110 section 8.6).
func expectsBody(method string) bool {
	return method == "POST" || method == "PUT" || method == "PATCH"
}
