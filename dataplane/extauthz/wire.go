package extauthz

import (
	"encoding/binary"
	"errors"
)

// Wire types of protocol buffers.
const (
	varint    = 0
	fixed64   = 1
	delimited = 2
	fixed32   = 5
)

var errWire = errors.New("the message is not of protocol buffers")

// appendTag, appendNumber, appendText and appendMessage add a field. What is zero is left out, as proto3 has it.
func appendTag(b []byte, field, kind int) []byte {
	return binary.AppendUvarint(b, uint64(field)<<3|uint64(kind))
}

func appendNumber(b []byte, field int, value uint64) []byte {
	if value == 0 {
		return b
	}
	return binary.AppendUvarint(appendTag(b, field, varint), value)
}

func appendText[T string | []byte](b []byte, field int, value T) []byte {
	if len(value) == 0 {
		return b
	}
	b = binary.AppendUvarint(appendTag(b, field, delimited), uint64(len(value)))
	return append(b, value...)
}

func appendMessage(b []byte, field int, message []byte) []byte {
	b = binary.AppendUvarint(appendTag(b, field, delimited), uint64(len(message)))
	return append(b, message...)
}

// fieldValue is a field of a message: its number, or its bytes.
type fieldValue struct {
	field  int
	number uint64
	bytes  []byte
}

// each gives the fields of a message in order; those of kinds that no message here has are left out.
func each(message []byte, visit func(fieldValue) error) error {
	for len(message) > 0 {
		tag, n := binary.Uvarint(message)
		if n <= 0 || tag>>3 == 0 || tag>>3 > 1<<29-1 {
			return errWire
		}
		value, size, err := read(message[n:], tag&7)
		if err != nil {
			return err
		}
		message = message[n+size:]
		if kind := tag & 7; kind != varint && kind != delimited {
			continue
		}
		value.field = int(tag >> 3)
		if err := visit(value); err != nil {
			return err
		}
	}
	return nil
}

// read gives the value at the beginning of bytes, and how many of them it is.
func read(b []byte, kind uint64) (value fieldValue, size int, err error) {
	switch kind {
	case varint:
		value.number, size = binary.Uvarint(b)
		if size <= 0 {
			return value, 0, errWire
		}
	case delimited:
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) {
			return value, 0, errWire
		}
		size = n + int(length)
		value.bytes = b[n:size]
	case fixed32:
		size = 4
	case fixed64:
		size = 8
	default:
		return value, 0, errWire
	}
	if size > len(b) {
		return value, 0, errWire
	}
	return value, size, nil
}
