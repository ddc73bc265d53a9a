package preface

import (
	"encoding/binary"
	"fmt"
)

// frame gives the length of the records that hold the first handshake message, and that of the
// message with its head. The message must be a ClientHello and end where a record does (RFC 8446
// section 5.1). The length is 0 when more bytes are needed.
func frame(b []byte) (length, message int, err error) {
	gathered := 0
	for range maxRecords {
		size, present, err := nextRecord(b, length)
		if err != nil {
			return 0, 0, err
		}
		if message == 0 && present > 0 {
			if message, err = messageLength(cursor{b: b, left: gathered + present}); err != nil {
				return 0, 0, err
			}
		}
		if size == 0 || present < size {
			return 0, 0, nil
		}
		length += recordHead + size
		gathered += size
		switch {
		case message == 0 || gathered < message: // the next record has more of it
		case gathered == message:
			return length, message, nil
		default:
			return 0, 0, fmt.Errorf("%w: something follows in its record", ErrHello)
		}
	}
	return 0, 0, fmt.Errorf("%w: more than %d records", ErrHelloTooLong, maxRecords)
}

// nextRecord gives the size of the record that begins at an offset, 0 when it is not known yet, and
// how many bytes of it are present.
func nextRecord(b []byte, at int) (size, present int, err error) {
	if size, err = recordLength(b[at:]); err != nil {
		return 0, 0, err
	}
	if at+recordHead+max(size, 1) > MaxHello {
		return 0, 0, fmt.Errorf("%w: more than %d bytes", ErrHelloTooLong, MaxHello)
	}
	return size, min(len(b)-at-recordHead, size), nil
}

// recordLength checks the head of a record as far as it is there, and gives the length of what
// follows, 0 when it is not known yet.
func recordLength(b []byte) (int, error) {
	switch {
	case len(b) > 0 && b[0] != typeHandshake:
		return 0, fmt.Errorf("%w: record of type %d", ErrNotTLS, b[0])
	case len(b) > 1 && b[1] != 3: // the minor version means nothing (RFC 8446 appendix D)
		return 0, fmt.Errorf("%w: version %d", ErrNotTLS, b[1])
	case len(b) < recordHead:
		return 0, nil
	}
	size := int(binary.BigEndian.Uint16(b[3:]))
	if size == 0 {
		return 0, fmt.Errorf("%w: empty record", ErrHello)
	}
	return size, nil
}

// messageLength gives the length of the message that begins in the records at c, 0 when it is not
// known yet. c.left is how much of the records is there.
func messageLength(c cursor) (int, error) {
	if kind, _ := c.uint8(); kind != typeClientHello {
		return 0, fmt.Errorf("%w: message of type %d", ErrNotTLS, kind)
	}
	length := 0
	for range messageHead - 1 {
		b, ok := c.uint8()
		if !ok {
			return 0, nil
		}
		length = length<<8 | int(b)
	}
	if length > MaxHello-recordHead-messageHead {
		return 0, fmt.Errorf("%w: %d bytes", ErrHelloTooLong, length)
	}
	return messageHead + length, nil
}
