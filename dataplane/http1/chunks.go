package http1

import (
	"bytes"
	"io"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// Limits of a chunked body.
const (
	// MaxChunkLine is how long a chunk's size line may be, its CRLF included.
	MaxChunkLine = 256
	// MaxExtensions is how many bytes the chunk extensions of a body may take in all. They mean
	// nothing here, and a body of chunks of one byte would be nothing but extensions.
	MaxExtensions = 16 << 10
	// MaxTrailerBytes is how long the trailer section may be, the empty line included.
	MaxTrailerBytes = 8 << 10
	// MaxTrailers is how many trailer fields there may be.
	MaxTrailers = 32
)

// Chunks decodes a chunked body (RFC 9112 section 7.1), strictly. The zero value is ready for use.
type Chunks struct {
	part       part
	left       uint64 // of the chunk's data
	extensions int    // bytes so far
	trailer    int    // bytes of the trailer section so far
	fields     int    // of the trailer section so far
	trailers   []message.Field
	fault      flaw
}

// part is what of a chunked body comes next.
type part uint8

const (
	sizePart part = iota
	dataPart
	endPart
	trailerPart
	nothingPart
)

// Reset makes c ready for another body. What Trailers gave is no longer valid.
func (c *Chunks) Reset() {
	clear(c.trailers)
	*c = Chunks{trailers: c.trailers[:0]}
}

// Trailers are the trailer fields, once Next has given io.EOF, without those that may not be
// trailers. Their strings are copies; the slice is valid until Reset.
func (c *Chunks) Trailers() []message.Field { return c.trailers }

// Next gives the next piece of data at the front of b, as a view of b, and how many bytes of b are
// done with, data included. No data and no error says that more bytes are needed behind those of b
// that are not done with; used may be more than 0 even so. b must be able to grow to MaxTrailerBytes.
// io.EOF says that the body is whole, trailers included: used then ends with the body. Any other
// error is a *Fault as of a request and is given again by every call until Reset.
func (c *Chunks) Next(b []byte) (data []byte, used int, err error) {
	for c.fault == sound {
		n := 0
		switch c.part {
		case sizePart:
			n = c.size(b[used:])
		case dataPart:
			n = int(min(c.left, uint64(len(b)-used)))
			if n > 0 {
				c.take(n)
				return b[used : used+n], used + n, nil
			}
		case endPart:
			n = c.end(b[used:])
		case trailerPart:
			n = c.line(b[used:])
		case nothingPart:
			return nil, used, io.EOF
		}
		if n == 0 {
			break
		}
		used += n
	}
	return nil, used, c.fault.ofRequest()
}

// take counts data.
func (c *Chunks) take(n int) {
	c.left -= uint64(n)
	if c.left == 0 {
		c.part = endPart
	}
}

// end reads the CRLF behind a chunk's data.
func (c *Chunks) end(b []byte) int {
	switch {
	case len(b) > 0 && b[0] != '\r' || len(b) > 1 && b[1] != '\n':
		c.fault = badChunkEnd
		return 0
	case len(b) < 2:
		return 0
	}
	c.part = sizePart
	return 2
}

// size reads a chunk's first line: the size and extensions.
func (c *Chunks) size(b []byte) int {
	size, digits := uint64(0), 0
	for digits < len(b) && digits <= maxDigits && hexadecimal[b[digits]] != notHex {
		size = size<<4 | uint64(hexadecimal[b[digits]])
		digits++
	}
	if digits == len(b) && digits <= maxDigits {
		return 0
	}
	if digits == 0 || digits > maxDigits || size > maxLength {
		c.fault = badChunkSize
		return 0
	}
	n := digits + 2
	if len(b) < n || b[digits] != '\r' || b[digits+1] != '\n' {
		if n = c.rest(b, digits); n == 0 {
			return 0
		}
	}
	c.left, c.part = size, dataPart
	if size == 0 {
		c.part = trailerPart
	}
	return n
}

// rest reads what is behind the digits of a chunk's first line, if that is not just CRLF, and gives
// the length of the line; 0 when it is not whole, or wrong.
func (c *Chunks) rest(b []byte, digits int) int {
	if b[digits] != '\r' && b[digits] != ';' {
		c.fault = badChunkSize
		return 0
	}
	line := b[:min(len(b), MaxChunkLine)]
	end := bytes.IndexByte(line, '\n')
	if end >= 0 {
		line = line[:end+1]
	}
	if f := nonsense(view(line)); f != sound {
		c.fault = f
		return 0
	}
	if end < 0 {
		if len(line) == MaxChunkLine {
			c.fault = chunkLineTooLong
		}
		return 0
	}
	extensions := view(line[digits : end-1])
	if !soundExtensions(extensions) {
		c.fault = badChunkExtension
		return 0
	}
	c.extensions += len(extensions)
	if c.extensions > MaxExtensions {
		c.fault = extensionsTooLong
		return 0
	}
	return end + 1
}

// maxDigits is how many digits a chunk's size may have; more could not fit 64 bits.
const maxDigits = 16

const notHex = 0xff

var hexadecimal = newHexadecimal()

// newHexadecimal gives the value of each byte as a digit.
func newHexadecimal() (table [256]uint8) {
	for i := range table {
		table[i] = notHex
	}
	for i := range uint8(10) {
		table['0'+i] = i
	}
	for i := range uint8(6) {
		table['a'+i], table['A'+i] = 10+i, 10+i
	}
	return table
}
