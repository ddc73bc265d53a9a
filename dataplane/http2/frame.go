package http2

import "encoding/binary"

const (
	// frameHeaderLen is the length of what every frame begins with (RFC 9113 section 4.1).
	frameHeaderLen = 9
	// maxFrameLen is the longest payload that is sent and taken: the value that every peer takes
	// without asking (section 4.2). Longer ones would only let one stream hold up the others.
	maxFrameLen = 16384
	maxWindow   = 1<<31 - 1
	// defaultWindow is what windows are before anybody says otherwise (section 6.9.2).
	defaultWindow = 65535
)

// preface is what a client sends first (RFC 9113 section 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// kind is the type of a frame (RFC 9113 section 6).
type kind uint8

const (
	kindData kind = iota
	kindHeaders
	kindPriority
	kindReset
	kindSettings
	kindPushPromise
	kindPing
	kindGoAway
	kindWindowUpdate
	kindContinuation
	kinds
)

const (
	flagAck        = 0x1
	flagEndStream  = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20
)

// frameHeader is what every frame begins with.
type frameHeader struct {
	length int
	kind   kind
	flags  uint8
	stream uint32
	// selfish says that a priority in HEADERS makes the stream depend on itself.
	selfish bool
}

func (f frameHeader) has(flag uint8) bool { return f.flags&flag != 0 }

// parseFrameHeader reads a header from nine bytes. The reserved bit is ignored, as it must be.
func parseFrameHeader(b []byte) frameHeader {
	_ = b[8]
	return frameHeader{
		length: int(b[0])<<16 | int(b[1])<<8 | int(b[2]),
		kind:   kind(b[3]),
		flags:  b[4],
		stream: binary.BigEndian.Uint32(b[5:]) & maxWindow,
	}
}

func appendFrameHeader(b []byte, length int, k kind, flags uint8, stream uint32) []byte {
	return append(b, byte(length>>16), byte(length>>8), byte(length), byte(k), flags,
		byte(stream>>24), byte(stream>>16), byte(stream>>8), byte(stream))
}

func appendReset(b []byte, stream uint32, code ErrCode) []byte {
	b = appendFrameHeader(b, 4, kindReset, 0, stream)
	return binary.BigEndian.AppendUint32(b, uint32(code))
}

func appendWindowUpdate(b []byte, stream uint32, increment int32) []byte {
	b = appendFrameHeader(b, 4, kindWindowUpdate, 0, stream)
	return binary.BigEndian.AppendUint32(b, uint32(increment))
}

func appendPing(b []byte, flags uint8, data []byte) []byte {
	b = appendFrameHeader(b, pingLen, kindPing, flags, 0)
	return append(b, data...)
}

func appendGoAway(b []byte, last uint32, code ErrCode) []byte {
	b = appendFrameHeader(b, 8, kindGoAway, 0, 0)
	b = binary.BigEndian.AppendUint32(b, last)
	return binary.BigEndian.AppendUint32(b, uint32(code))
}

// unpad takes the padding off a payload of DATA or HEADERS (RFC 9113 sections 6.1 and 6.2).
func unpad(f frameHeader, payload []byte) ([]byte, error) {
	if !f.has(flagPadded) {
		return payload, nil
	}
	if len(payload) == 0 {
		return nil, connError(FrameSizeError, "no room for the length of the padding")
	}
	padding, rest := int(payload[0]), payload[1:]
	if padding > len(rest) {
		return nil, connError(ProtocolError, "more padding than payload")
	}
	return rest[:len(rest)-padding], nil
}
