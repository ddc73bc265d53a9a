package http3

import (
	"github.com/quic-go/quic-go/quicvarint"
)

// kind is the type of a frame (RFC 9114 section 7.2).
type kind uint64

// Frames that mean something to a server.
const (
	kindData        kind = 0x0
	kindHeaders     kind = 0x1
	kindCancelPush  kind = 0x3
	kindSettings    kind = 0x4
	kindPushPromise kind = 0x5
	kindGoAway      kind = 0x7
	kindMaxPushID   kind = 0xd
)

// isHTTP2 says whether the type is one of HTTP/2's that HTTP/3 has not, and that must not come (RFC 9114
// section 7.2.8).
func (k kind) isHTTP2() bool {
	return k == 0x2 || k == 0x6 || k == 0x8 || k == 0x9
}

// isControl says whether the frame is of the control stream alone, or of servers alone.
func (k kind) isControl() bool {
	switch k { //nolint:exhaustive // others are of requests, or unknown
	case kindCancelPush, kindSettings, kindPushPromise, kindGoAway, kindMaxPushID:
		return true
	}
	return false
}

// setting is the name of a setting (RFC 9114 section 7.2.4.1, RFC 9220 section 5).
type setting uint64

const (
	settingMaxFieldSection setting = 0x6
	settingConnectProtocol setting = 0x8
)

// isHTTP2 says whether the setting is one of HTTP/2's that must not come (RFC 9114 section 7.2.4.1).
func (s setting) isHTTP2() bool { return s == 0x0 || 0x2 <= s && s <= 0x5 }

// Types of unidirectional streams (RFC 9114 section 6.2, RFC 9204 section 4.2).
const (
	streamControl uint64 = 0x0
	streamPush    uint64 = 0x1
	streamEncoder uint64 = 0x2
	streamDecoder uint64 = 0x3
)

// longLength is in how many bytes the length of a frame is written that is not known before its payload.
const longLength = 4

// parseFrameHeader reads type and length of a frame; n is how many bytes they take, 0 when they are not
// here whole.
func parseFrameHeader(b []byte) (k kind, length uint64, n int) {
	name, n1, err := quicvarint.Parse(b)
	if err != nil {
		return 0, 0, 0
	}
	length, n2, err := quicvarint.Parse(b[n1:])
	if err != nil {
		return 0, 0, 0
	}
	return kind(name), length, n1 + n2
}

func appendFrameHeader(b []byte, k kind, length int) []byte {
	return quicvarint.Append(quicvarint.Append(b, uint64(k)), uint64(length))
}

// appendSettings appends the SETTINGS frame of this side.
func appendSettings(b []byte, maxFieldSection int) []byte {
	var payload [16]byte
	p := quicvarint.Append(payload[:0], uint64(settingMaxFieldSection))
	p = quicvarint.Append(p, uint64(maxFieldSection))
	p = quicvarint.Append(p, uint64(settingConnectProtocol))
	p = quicvarint.Append(p, 1)
	return append(appendFrameHeader(b, kindSettings, len(p)), p...)
}

// appendGoAway appends a GOAWAY frame: streams from id on are not served.
func appendGoAway(b []byte, id uint64) []byte {
	return quicvarint.Append(appendFrameHeader(b, kindGoAway, quicvarint.Len(id)), id)
}
