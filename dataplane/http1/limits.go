package http1

import "bytes"

// DefaultFields is how many fields a head may have when Limits do not say.
const DefaultFields = 100

// Limits of a head.
type Limits struct {
	// Bytes is how long a head may be, start line and empty line included; 0 leaves it to the
	// caller's buffer, which is the hard limit anyway.
	Bytes int
	// Fields is how many fields a head may have; 0 for DefaultFields.
	Fields int
}

// fields is the number of fields that are allowed.
func (l Limits) fields() int {
	if l.Fields == 0 {
		return DefaultFields
	}
	return l.Fields
}

// tooLong says whether the head is over the limit.
func (l Limits) tooLong(head []byte) bool { return l.Bytes > 0 && len(head) > l.Bytes }

// TooLarge is the fault of a request whose head has no end within the caller's buffer b: 414 when
// not even the request line has ended, else 431.
func TooLarge(b []byte) error { return oversize(b).ofRequest() }

func oversize(b []byte) flaw {
	if bytes.IndexByte(bytes.TrimPrefix(b, newline), '\n') < 0 {
		return targetTooLong
	}
	return headTooLarge
}
