package http2

import (
	"golang.org/x/net/http2/hpack"

	"github.com/fleetgate/fleetgate/dataplane/head"
	"github.com/fleetgate/fleetgate/dataplane/message"
)

// decoder decodes header blocks into its list. A connection has one, of its reading goroutine.
type decoder struct {
	head.List
	hpack *hpack.Decoder
}

func (d *decoder) init(maxBytes, maxFields int) {
	d.MaxBytes, d.MaxFields = maxBytes, maxFields
	d.hpack = hpack.NewDecoder(tableSize, d.add)
	// A block may have twice the bytes of a list, and Huffman coding packs 8 bits into 5 at best: no
	// string can be longer than that, so that this bound is never met. It is there because the
	// decoder's default is none.
	d.hpack.SetMaxStringLength(4 * maxBytes)
}

// tableSize is the size of the peer's HPACK table: the default, which needs not be announced.
const tableSize = 4096

// decode reads a whole header block as a part, and appends its fields to fields. An error is of the
// connection. Otherwise the verdict says whether the list can be used.
func (d *decoder) decode(p head.Part, block []byte, fields []message.Field) error {
	d.Begin(p, fields)
	d.hpack.SetEmitEnabled(p != head.Nothing)
	if _, err := d.hpack.Write(block); err != nil {
		return connError(CompressionError, err.Error())
	}
	if err := d.hpack.Close(); err != nil {
		return connError(CompressionError, err.Error())
	}
	return nil
}

// add takes a field in. It is the callback of HPACK's decoder.
func (d *decoder) add(f hpack.HeaderField) {
	if !d.Add(f.Name, f.Value) {
		d.hpack.SetEmitEnabled(false) // the rest is decoded for the table's sake, and not kept
	}
}
