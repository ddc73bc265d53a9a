package backend

import (
	"encoding/binary"

	"github.com/fleetgate/fleetgate/bench/counter"
	"github.com/fleetgate/fleetgate/bench/loop"
)

// socket is the server's side of a WebSocket that sends every message back.
type socket struct {
	counters *counter.Counters
	reply    []byte
}

const (
	opcodeClose = 8
	maskSize    = 4
	// shortFrame is the longest payload whose length fits into the second byte (RFC 6455 section 5.2).
	shortFrame = 125
	mediumSize = 126 // in place of a length: the next two bytes are it
)

// echo answers all frames that are whole, and tells how many bytes they were.
func (s *socket) echo(c *loop.Conn, data []byte) (taken int) {
	if c.Pending() {
		s.reply = nil // the bytes before still wait to be written
	}
	s.reply = s.reply[:0]
	for {
		first, payload, size := clientFrame(data[taken:])
		if size == 0 {
			break
		}
		taken += size
		s.reply = appendFrame(s.reply, first, payload)
		if first&15 == opcodeClose {
			c.Write(s.reply)
			c.Close()
			return taken
		}
		s.counters.Messages.Add(1)
	}
	c.Write(s.reply)
	return taken
}

// clientFrame gives the first byte and the unmasked payload of the first frame, and its size: 0
// when it is not all there. Frames of 64 KiB and more are not for this server.
func clientFrame(data []byte) (first byte, payload []byte, size int) {
	if len(data) < 2 {
		return 0, nil, 0
	}
	length, at := int(data[1]&0x7f), 2
	if length == mediumSize {
		if len(data) < 4 {
			return 0, nil, 0
		}
		length, at = int(binary.BigEndian.Uint16(data[2:])), 4
	}
	if len(data) < at+maskSize+length {
		return 0, nil, 0
	}
	mask := data[at : at+maskSize]
	payload = data[at+maskSize : at+maskSize+length]
	for i := range payload {
		payload[i] ^= mask[i&3]
	}
	return data[0], payload, at + maskSize + length
}

func appendFrame(b []byte, first byte, payload []byte) []byte {
	if len(payload) <= shortFrame {
		b = append(b, first, byte(len(payload)))
	} else {
		b = binary.BigEndian.AppendUint16(append(b, first, mediumSize), uint16(len(payload)))
	}
	return append(b, payload...)
}
