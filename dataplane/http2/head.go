package http2

import (
	"strings"
	"unsafe"

	"golang.org/x/net/http2/hpack"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// verdict is what becomes of a header list. A worse one is a greater number.
type verdict uint8

const (
	verdictSound     verdict = iota
	verdictBad               // well-formed, but refused with 400
	verdictLarge             // refused with 431
	verdictMalformed         // a stream error (RFC 9113 section 8.1.1)
)

// part is what a header list is of.
type part uint8

const (
	partNothing part = iota // decoded for the table's sake only
	partRequest
	partResponse
	partTrailers
)

// pseudo are the pseudo-header fields that a list has had.
type pseudo uint8

const (
	pseudoMethod pseudo = 1 << iota
	pseudoScheme
	pseudoAuthority
	pseudoPath
	pseudoProtocol
	pseudoStatus
)

// fieldOverhead is what each field counts beside its bytes (RFC 9113 section 6.5.2).
const fieldOverhead = 32

// head is one header list while it is decoded. A connection has one, of its reading goroutine.
type head struct {
	hpack     *hpack.Decoder
	maxBytes  int
	maxFields int

	part    part
	verdict verdict
	reason  string
	size    int
	pseudo  pseudo
	regular bool // a field that is no pseudo-header has been seen

	method, scheme, authority, path, protocol, status string

	host      string
	hosts     int
	length    int64 // of Content-Length
	hasLength bool
	te        bool
	expect    bool
	crumbs    int // Cookie fields after the first one
	cookie    int // the index of the first one
	fields    []message.Field
}

func (h *head) init(maxBytes, maxFields int) {
	h.maxBytes, h.maxFields = maxBytes, maxFields
	h.hpack = hpack.NewDecoder(tableSize, h.add)
	// A block may have twice the bytes of a list, and Huffman coding packs 8 bits into 5 at best: no
	// string can be longer than that, so that this bound is never met. It is there because the
	// decoder's default is none.
	h.hpack.SetMaxStringLength(4 * maxBytes)
}

// tableSize is the size of the peer's HPACK table: the default, which needs not be announced.
const tableSize = 4096

// decode reads a whole header block as a part, and appends its fields to fields. An error is of the
// connection. Otherwise the verdict says whether the list can be used.
func (h *head) decode(p part, block []byte, fields []message.Field) error {
	*h = head{hpack: h.hpack, maxBytes: h.maxBytes, maxFields: h.maxFields, part: p, fields: fields}
	h.hpack.SetEmitEnabled(p != partNothing)
	if _, err := h.hpack.Write(block); err != nil {
		return connError(CompressionError, err.Error())
	}
	if err := h.hpack.Close(); err != nil {
		return connError(CompressionError, err.Error())
	}
	return nil
}

// refuse notes why the list cannot be used; the worst reason stands.
func (h *head) refuse(v verdict, reason string) {
	if v > h.verdict {
		h.verdict, h.reason = v, reason
	}
}

// add takes a field in. It is the decoder's callback.
func (h *head) add(f hpack.HeaderField) {
	h.size += len(f.Name) + len(f.Value) + fieldOverhead
	if h.size > h.maxBytes {
		h.refuse(verdictLarge, "header list too large")
		h.hpack.SetEmitEnabled(false) // the rest is decoded for the table's sake, and not kept
		return
	}
	if len(f.Name) > 0 && f.Name[0] == ':' {
		h.addPseudo(f.Name, f.Value)
		return
	}
	h.regular = true
	h.addField(f.Name, f.Value)
}

// addPseudo takes a pseudo-header field in (RFC 9113 section 8.3).
func (h *head) addPseudo(name, value string) {
	var bit pseudo
	var at *string
	switch name {
	case ":method":
		bit, at = pseudoMethod, &h.method
	case ":scheme":
		bit, at = pseudoScheme, &h.scheme
	case ":authority":
		bit, at = pseudoAuthority, &h.authority
	case ":path":
		bit, at = pseudoPath, &h.path
	case ":protocol":
		bit, at = pseudoProtocol, &h.protocol
	case ":status":
		bit, at = pseudoStatus, &h.status
	default:
		h.refuse(verdictMalformed, "unknown pseudo-header field")
		return
	}
	switch {
	case h.regular:
		h.refuse(verdictMalformed, "pseudo-header field after a regular one")
	case h.pseudo&bit != 0:
		h.refuse(verdictMalformed, "pseudo-header field twice")
	case h.part == partTrailers || (h.part == partResponse) != (bit == pseudoStatus):
		h.refuse(verdictMalformed, "pseudo-header field in the wrong place")
	}
	h.pseudo |= bit
	*at = value
}

// addField takes a regular field in (RFC 9113 section 8.2).
func (h *head) addField(name, value string) {
	if !h.checkName(name) {
		return
	}
	if !cleanValue(value) {
		h.refuse(verdictMalformed, "bad character in a field value")
		return
	}
	f := message.NewField(name, value)
	if f.ID != message.Other && f.ID <= message.Expect && !h.note(f.ID, value) {
		return
	}
	if len(h.fields) >= h.maxFields {
		h.refuse(verdictLarge, "too many fields")
		h.hpack.SetEmitEnabled(false)
		return
	}
	if f.ID == message.EndToEnd && h.part == partRequest && name == "cookie" {
		h.addCookie()
	}
	h.fields = append(h.fields, f)
}

// checkName says whether a name may be kept. An underscore is a hyphen's twin to CGI and its heirs, and
// to some of them all bytes but letters and digits are: a client's is refused.
func (h *head) checkName(name string) bool {
	if name != "" && all(name, nameByte) {
		return true
	}
	switch {
	case name == "":
		h.refuse(verdictMalformed, "empty field name")
	case !all(name, tokenByte):
		h.refuse(verdictMalformed, "bad character in a field name")
	case strings.ToLower(name) != name:
		h.refuse(verdictMalformed, "upper case in a field name")
	case h.part == partResponse:
		return true
	case strings.IndexByte(name, '_') < 0 && !message.IsTwin(name):
		return true
	case h.part == partTrailers:
		h.refuse(verdictMalformed, "twin of a name in trailers")
	default:
		h.refuse(verdictBad, "twin of a field name")
	}
	return false
}

// note takes in what a field means to the message itself, and says whether it is kept.
func (h *head) note(id message.ID, value string) bool {
	switch id { //nolint:exhaustive // other fields mean nothing here
	case message.Connection, message.KeepAlive, message.ProxyConnection, message.TransferEncoding, message.UpgradeTo:
		h.refuse(verdictMalformed, "field of a connection")
		return false
	}
	if h.part == partTrailers {
		switch id { //nolint:exhaustive // other fields may be trailers
		case message.TE, message.Host, message.ContentLength, message.Expect:
			h.refuse(verdictMalformed, "framing in trailers")
			return false
		}
		return true
	}
	switch id { //nolint:exhaustive // other fields mean nothing here
	case message.TE:
		h.te = strings.EqualFold(value, "trailers")
		if !h.te {
			h.refuse(verdictMalformed, "te other than trailers")
		}
	case message.ContentLength:
		h.noteLength(value)
	case message.Expect:
		h.expect = h.expect || strings.EqualFold(value, "100-continue")
	case message.Host:
		h.hosts++
		h.host = value
		return h.part != partRequest
	}
	return true
}

func (h *head) noteLength(value string) {
	length, ok := parseLength(value)
	if !ok || h.hasLength {
		h.refuse(verdictMalformed, "bad content-length")
	}
	h.length, h.hasLength = length, true
}

// addCookie notes that a Cookie field comes next.
func (h *head) addCookie() {
	if h.cookie == 0 {
		h.cookie = len(h.fields) + 1 // so that 0 is none
		return
	}
	h.crumbs++
}

// joinCookies makes one field of all Cookie fields (RFC 9113 section 8.2.3), whose value is a view of
// the buffer that it gives back.
func (h *head) joinCookies(buffer []byte) []byte {
	if h.crumbs == 0 {
		return buffer
	}
	buffer = buffer[:0]
	first := h.cookie - 1
	kept := h.fields[:first+1]
	for i, f := range h.fields[first:] {
		if f.ID != message.EndToEnd || f.Name != "cookie" {
			kept = append(kept, f)
			continue
		}
		if i > 0 {
			buffer = append(buffer, "; "...)
		}
		buffer = append(buffer, f.Value...)
	}
	kept[first].Value = unsafe.String(unsafe.SliceData(buffer), len(buffer))
	h.fields = kept
	return buffer
}
