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
		value, size := fieldValue{field: int(tag >> 3)}, 0
		message = message[n:]
		switch tag & 7 {
		case varint:
			if value.number, size = binary.Uvarint(message); size <= 0 {
				return errWire
			}
		case delimited:
			length, n := binary.Uvarint(message)
			if n <= 0 || length > uint64(len(message)-n) {
				return errWire
			}
			size = n + int(length)
			value.bytes = message[n:size]
		case fixed32:
			size = 4
		case fixed64:
			size = 8
		default:
			return errWire
		}
		if size > len(message) {
			return errWire
		}
		kind := tag & 7
		message = message[size:]
		if kind == fixed32 || kind == fixed64 {
			continue
		}
		if err := visit(value); err != nil {
			return err
		}
	}
	return nil
}
