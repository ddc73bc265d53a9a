package head

import (
	"strings"
	"unsafe"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// Verdict is what becomes of a header list. A worse one is a greater number.
type Verdict uint8

// Verdicts.
const (
	Sound     Verdict = iota
	Bad               // well-formed, but refused with 400
	Large             // refused with 431
	Malformed         // an error of the stream (RFC 9113 section 8.1.1, RFC 9114 section 4.1.2)
)

// Part is what a header list is of.
type Part uint8

// Parts.
const (
	Nothing Part = iota // looked at by nobody
	Request
	Response
	Trailers
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

// fieldOverhead is what each field counts beside its bytes (RFC 9113 section 6.5.2, RFC 9114 section 4.2.2).
const fieldOverhead = 32

// List is one header list while it is decoded. It is used again for the next one.
type List struct {
	// MaxBytes and MaxFields bound a list; bytes are those of names and values, and 32 for each field.
	MaxBytes, MaxFields int
	// Fields are the fields so far, but those that the message itself is made of.
	Fields []message.Field
	// Verdict is on what has come so far, and Reason says why it is not Sound.
	Verdict Verdict
	Reason  string

	state
}

// state is empty when a list begins.
type state struct {
	part    Part
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
}

// Begin begins a list, whose fields are appended to fields.
func (h *List) Begin(p Part, fields []message.Field) {
	h.Fields, h.Verdict, h.Reason = fields, Sound, ""
	h.state = state{part: p}
}

// refuse notes why the list cannot be used; the worst reason stands.
func (h *List) refuse(v Verdict, reason string) {
	if v > h.Verdict {
		h.Verdict, h.Reason = v, reason
	}
}

// Add takes a field in, and says whether it is worth while to add more: not when the list is too large.
// The strings belong to the list.
func (h *List) Add(name, value string) bool {
	h.size += len(name) + len(value) + fieldOverhead
	switch {
	case h.size > h.MaxBytes:
		h.refuse(Large, "header list too large")
		return false
	case len(name) > 0 && name[0] == ':':
		h.addPseudo(name, value)
		return true
	}
	h.regular = true
	return h.addField(name, value)
}

// addPseudo takes a pseudo-header field in (RFC 9113 section 8.3).
func (h *List) addPseudo(name, value string) {
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
		h.refuse(Malformed, "unknown pseudo-header field")
		return
	}
	switch {
	case h.regular:
		h.refuse(Malformed, "pseudo-header field after a regular one")
	case h.pseudo&bit != 0:
		h.refuse(Malformed, "pseudo-header field twice")
	case h.part == Trailers || (h.part == Response) != (bit == pseudoStatus):
		h.refuse(Malformed, "pseudo-header field in the wrong place")
	}
	h.pseudo |= bit
	*at = value
}

// addField takes a regular field in (RFC 9113 section 8.2), and is false when there are too many.
func (h *List) addField(name, value string) bool {
	if !h.checkName(name) {
		return true
	}
	if !cleanValue(value) {
		h.refuse(Malformed, "bad character in a field value")
		return true
	}
	f := message.NewField(name, value)
	if f.ID != message.Other && f.ID <= message.Expect && !h.note(f.ID, value) {
		return true
	}
	if len(h.Fields) >= h.MaxFields {
		h.refuse(Large, "too many fields")
		return false
	}
	if f.ID == message.EndToEnd && h.part == Request && name == "cookie" {
		h.addCookie()
	}
	h.Fields = append(h.Fields, f)
	return true
}

// checkName says whether a name may be kept. An underscore is a hyphen's twin to CGI and its heirs, and
// to some of them all bytes but letters and digits are: a client's is refused.
func (h *List) checkName(name string) bool {
	if name != "" && all(name, nameByte) {
		return true
	}
	switch {
	case name == "":
		h.refuse(Malformed, "empty field name")
	case !all(name, tokenByte):
		h.refuse(Malformed, "bad character in a field name")
	case strings.ToLower(name) != name:
		h.refuse(Malformed, "upper case in a field name")
	case h.part == Response:
		return true
	case strings.IndexByte(name, '_') < 0 && !message.IsTwin(name):
		return true
	case h.part == Trailers:
		h.refuse(Malformed, "twin of a name in trailers")
	default:
		h.refuse(Bad, "twin of a field name")
	}
	return false
}

// note takes in what a field means to the message itself, and says whether it is kept.
func (h *List) note(id message.ID, value string) bool {
	switch id { //nolint:exhaustive // other fields mean nothing here
	case message.Connection, message.KeepAlive, message.ProxyConnection, message.TransferEncoding, message.UpgradeTo:
		h.refuse(Malformed, "field of a connection")
		return false
	}
	if h.part == Trailers {
		switch id { //nolint:exhaustive // other fields may be trailers
		case message.TE, message.Host, message.ContentLength, message.Expect:
			h.refuse(Malformed, "framing in trailers")
			return false
		}
		return true
	}
	switch id { //nolint:exhaustive // other fields mean nothing here
	case message.TE:
		h.te = strings.EqualFold(value, "trailers")
		if !h.te {
			h.refuse(Malformed, "te other than trailers")
		}
	case message.ContentLength:
		h.noteLength(value)
	case message.Expect:
		h.expect = h.expect || strings.EqualFold(value, "100-continue")
	case message.Host:
		h.hosts++
		h.host = value
		return h.part != Request
	}
	return true
}

func (h *List) noteLength(value string) {
	length, ok := parseLength(value)
	if !ok || h.hasLength {
		h.refuse(Malformed, "bad content-length")
	}
	h.length, h.hasLength = length, true
}

// addCookie notes that a Cookie field comes next.
func (h *List) addCookie() {
	if h.cookie == 0 {
		h.cookie = len(h.Fields) + 1 // so that 0 is none
		return
	}
	h.crumbs++
}

// joinCookies makes one field of all Cookie fields (RFC 9113 section 8.2.3), whose value is a view of
// the buffer that it gives back.
func (h *List) joinCookies(buffer []byte) []byte {
	if h.crumbs == 0 {
		return buffer
	}
	buffer = buffer[:0]
	first := h.cookie - 1
	kept := h.Fields[:first+1]
	for i, f := range h.Fields[first:] {
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
	h.Fields = kept
	return buffer
}
