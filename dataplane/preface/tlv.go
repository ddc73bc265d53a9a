package preface

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

const (
	tlvHead     = 3    // type and length
	tlvChecksum = 0x03 // PP2_TYPE_CRC32C
	tlvTLS      = 0x20 // PP2_TYPE_SSL
	tlsFixed    = 5    // what comes before the TLVs within a PP2_TYPE_SSL
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	noChecksum [crc32.Size]byte
)

// checkTLVs walks the type-length-value triples from an offset to the end of a header, and verifies
// the checksum if there is one (sections 2.2.3 and 2.2.7).
func checkTLVs(header []byte, at int) error {
	checked := false
	for at < len(header) {
		kind, value, err := tlv(header[at:])
		if err != nil {
			return err
		}
		switch {
		case kind == tlvTLS:
			err = checkTLS(value)
		case kind == tlvChecksum && (checked || len(value) != crc32.Size):
			err = fmt.Errorf("%w: more than one checksum or one of %d bytes", ErrInvalid, len(value))
		case kind == tlvChecksum:
			checked = true
			err = verify(header, at+tlvHead)
		}
		if err != nil {
			return err
		}
		at += tlvHead + len(value)
	}
	return nil
}

// tlv gives the first triple of b.
func tlv(b []byte) (kind byte, value []byte, err error) {
	if len(b) < tlvHead {
		return 0, nil, fmt.Errorf("%w: %d bytes after the last TLV", ErrInvalid, len(b))
	}
	length := int(binary.BigEndian.Uint16(b[1:]))
	if len(b)-tlvHead < length {
		return 0, nil, fmt.Errorf("%w: TLV %#x of %d bytes is cut short", ErrInvalid, b[0], length)
	}
	return b[0], b[tlvHead : tlvHead+length], nil
}

// checkTLS walks the triples within a PP2_TYPE_SSL.
func checkTLS(b []byte) error {
	if len(b) < tlsFixed {
		return fmt.Errorf("%w: TLV %#x of %d bytes", ErrInvalid, tlvTLS, len(b))
	}
	for b = b[tlsFixed:]; len(b) > 0; {
		_, value, err := tlv(b)
		if err != nil {
			return err
		}
		b = b[tlvHead+len(value):]
	}
	return nil
}

// verify compares the checksum at an offset to that of the header with zeros in its place.
func verify(header []byte, at int) error {
	sum := crc32.Update(0, castagnoli, header[:at])
	sum = crc32.Update(sum, castagnoli, noChecksum[:])
	sum = crc32.Update(sum, castagnoli, header[at+crc32.Size:])
	if sum != binary.BigEndian.Uint32(header[at:]) {
		return ErrChecksum
	}
	return nil
}
