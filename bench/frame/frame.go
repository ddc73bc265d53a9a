// Package frame is as much of HTTP/2 (RFC 9113) as a backend and a client of gRPC need that know
// each other: frames, and field blocks that are fixed bytes.
package frame

import "encoding/binary"

// Type is the type of a frame (RFC 9113 section 6).
type Type uint8

// Types of frames.
const (
	Data         Type = 0
	Headers      Type = 1
	Reset        Type = 3
	Settings     Type = 4
	Ping         Type = 6
	GoAway       Type = 7
	WindowUpdate Type = 8
)

// Flags of frames.
const (
	EndStream  = 0x1 // of Data and Headers
	Ack        = 0x1 // of Settings and Ping
	EndHeaders = 0x4
	Padded     = 0x8
)

const (
	// HeaderSize is the size of the header of a frame.
	HeaderSize = 9
	// Preface is what a client sends first.
	Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	// DefaultWindow is a window's size before anything was said of it.
	DefaultWindow = 65535
	// LargestWindow is the size that a window may have at most.
	LargestWindow = 1<<31 - 1
)

// Identifiers of settings (RFC 9113 section 6.5.2).
const (
	HeaderTableSize      = 1
	MaxConcurrentStreams = 3
	InitialWindowSize    = 4
)

// Frame is one frame.
type Frame struct {
	Type    Type
	Flags   uint8
	Stream  uint32
	Payload []byte
}

// Has says whether a flag is set.
func (f *Frame) Has(flag uint8) bool { return f.Flags&flag != 0 }

// Content is the payload of a Data frame without padding.
func (f *Frame) Content() []byte {
	if !f.Has(Padded) || len(f.Payload) == 0 {
		return f.Payload
	}
	return f.Payload[1:max(1, len(f.Payload)-int(f.Payload[0]))]
}

// Next gives the first frame of data, and its size: 0 when it is not all there. The payload is a
// part of data.
func Next(data []byte) (f Frame, size int) {
	if len(data) < HeaderSize {
		return f, 0
	}
	size = HeaderSize + int(data[0])<<16 + int(data[1])<<8 + int(data[2])
	if len(data) < size {
		return f, 0
	}
	return Frame{
		Type: Type(data[3]), Flags: data[4], Stream: binary.BigEndian.Uint32(data[5:]) & LargestWindow, Payload: data[HeaderSize:size],
	}, size
}

// Append adds a frame to b.
func Append(b []byte, f Frame) []byte {
	n := len(f.Payload)
	b = append(b, byte(n>>16), byte(n>>8), byte(n), byte(f.Type), f.Flags)
	b = binary.BigEndian.AppendUint32(b, f.Stream)
	return append(b, f.Payload...)
}

// AppendWindow adds a WindowUpdate frame.
func AppendWindow(b []byte, stream, increment uint32) []byte {
	return Append(b, Frame{Type: WindowUpdate, Stream: stream, Payload: binary.BigEndian.AppendUint32(nil, increment)})
}

// Setting is a pair of a Settings frame.
type Setting struct {
	ID    uint16
	Value uint32
}

// AppendSettings adds a Settings frame.
func AppendSettings(b []byte, settings ...Setting) []byte {
	var payload []byte
	for _, s := range settings {
		payload = binary.BigEndian.AppendUint16(payload, s.ID)
		payload = binary.BigEndian.AppendUint32(payload, s.Value)
	}
	return Append(b, Frame{Type: Settings, Payload: payload})
}

// ReadSettings gives the pairs of a Settings frame.
func ReadSettings(payload []byte) (settings []Setting) {
	for ; len(payload) >= 6; payload = payload[6:] {
		settings = append(settings, Setting{binary.BigEndian.Uint16(payload), binary.BigEndian.Uint32(payload[2:])})
	}
	return settings
}

// Increment is the number of a WindowUpdate frame.
func Increment(payload []byte) int64 {
	if len(payload) < 4 {
		return 0
	}
	return int64(binary.BigEndian.Uint32(payload) & LargestWindow)
}
