package preface

import "encoding/binary"

// cursor walks the contents of checked, consecutive records as if they were one piece.
type cursor struct {
	// b begins at the next byte of a record, or at the head of the next one when record is 0.
	b []byte
	// record is how much of the current record is left.
	record int
	// left is how much may be walked; the records hold at least as much.
	left int
}

// piece gives the next bytes, up to n and up to the end of a record, and walks past them. There
// must be some left.
func (c *cursor) piece(n int) []byte {
	if c.record == 0 {
		c.record = int(binary.BigEndian.Uint16(c.b[3:]))
		c.b = c.b[recordHead:]
	}
	n = min(n, c.record)
	piece := c.b[:n]
	c.b, c.record, c.left = c.b[n:], c.record-n, c.left-n
	return piece
}

func (c *cursor) skip(n int) bool {
	if n > c.left {
		return false
	}
	for n > 0 {
		n -= len(c.piece(n))
	}
	return true
}

// read fills to, for which there must be enough left.
func (c *cursor) read(to []byte) {
	for len(to) > 0 {
		to = to[copy(to, c.piece(len(to))):]
	}
}

func (c *cursor) uint8() (byte, bool) {
	if c.left < 1 {
		return 0, false
	}
	return c.piece(1)[0], true
}

func (c *cursor) uint16() (uint16, bool) {
	if c.left < 2 {
		return 0, false
	}
	high, low := c.piece(1)[0], c.piece(1)[0]
	return uint16(high)<<8 | uint16(low), true
}

// vector walks past a vector whose length comes first, in 1 or 2 bytes, and gives its inside.
func (c *cursor) vector(width int) (inside cursor, ok bool) {
	var length int
	if width == 1 {
		var short byte
		short, ok = c.uint8()
		length = int(short)
	} else {
		var long uint16
		long, ok = c.uint16()
		length = int(long)
	}
	inside = *c
	inside.left = length
	return inside, ok && c.skip(length)
}

// is walks to the end and says whether what was left is this text.
func (c *cursor) is(text string) bool {
	if c.left != len(text) {
		return false
	}
	for c.left > 0 {
		piece := c.piece(c.left)
		if string(piece) != text[:len(piece)] {
			return false
		}
		text = text[len(piece):]
	}
	return true
}

// text walks to the end and gives what was left.
func (c *cursor) text() string {
	all := make([]byte, c.left)
	c.read(all)
	return string(all)
}
