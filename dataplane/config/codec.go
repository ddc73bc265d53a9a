package config

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	jsonv2 "encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"sync"
)

// MaxDecoded bounds the JSON of one part: what a reader decompresses at most, and what a writer refuses to exceed.
const MaxDecoded = 32 << 20

// Faults that Decode tells apart with errors.Is.
var (
	ErrChecksum = errors.New("the checksum does not match the data")
	ErrVersion  = errors.New("unknown format version")
	ErrTooLarge = errors.New("the part is too large")
)

// writers are compressors, which are large and expensive to make. The default level takes three times as long as the fastest one
// and saves an eighth of a chunk; the best one takes ten times as long and saves no more.
var writers = sync.Pool{New: func() any {
	writer, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // it fails for levels that there are not
	return writer
}}

// buffers are for the JSON of a part, before it is compressed.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Encode gives the gzip-compressed JSON of v, a Root or a Chunk, and the SHA-256 of these bytes in
// hexadecimal. Equal values give equal bytes.
func Encode(v any) (data []byte, checksum string, err error) {
	buffer, ok := buffers.Get().(*bytes.Buffer)
	if !ok {
		return nil, "", fmt.Errorf("encode %T: no buffer", v)
	}
	defer buffers.Put(buffer)
	buffer.Reset()
	if err := json.NewEncoder(buffer).Encode(v); err != nil {
		return nil, "", fmt.Errorf("encode %T: %w", v, err)
	}
	plain := bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
	if len(plain) > MaxDecoded {
		return nil, "", fmt.Errorf("encode %T: %w: %d bytes of JSON, at most %d", v, ErrTooLarge, len(plain), MaxDecoded)
	}
	zip, ok := writers.Get().(*gzip.Writer)
	if !ok {
		return nil, "", fmt.Errorf("encode %T: no compressor", v)
	}
	defer writers.Put(zip)
	var out bytes.Buffer
	zip.Reset(&out)
	if _, err := zip.Write(plain); err != nil {
		return nil, "", fmt.Errorf("encode %T: %w", v, err)
	}
	if err := zip.Close(); err != nil {
		return nil, "", fmt.Errorf("encode %T: %w", v, err)
	}
	return out.Bytes(), Checksum(out.Bytes()), nil
}

// Checksum is the SHA-256 of data in hexadecimal.
func Checksum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Decode reads what Encode wrote. It refuses data that does not have this checksum, that is of a
// version other than Version, or that decompresses to more than MaxDecoded bytes.
func Decode[T Root | Chunk](data []byte, checksum string) (T, error) {
	var value, none T
	r, ok := readers.Get().(*reader)
	if !ok {
		return none, fmt.Errorf("decode %T: no decompressor", value)
	}
	defer r.put()
	if err := r.decode(data, checksum, &value, versionOf(&value)); err != nil {
		return none, fmt.Errorf("decode %T: %w", value, err)
	}
	return value, nil
}

func versionOf(part any) *int {
	switch part := part.(type) {
	case *Root:
		return &part.Version
	case *Chunk:
		return &part.Version
	}
	return new(int)
}

func versionIn(plain []byte) (int, error) {
	var head struct {
		Version int `json:"version"`
	}
	err := json.Unmarshal(plain, &head)
	return head.Version, err //nolint:wrapcheck // the caller does
}

// reader decompresses one part after the other.
type reader struct {
	zip   gzip.Reader
	plain bytes.Buffer
}

// readers spare a proxy that gets a few parts a second most of what decoding leaves to the collector.
var readers = sync.Pool{New: func() any { return &reader{} }}

// mostKept bounds the memory that a reader keeps for the next part.
const mostKept = 1 << 20

func (r *reader) put() {
	if r.plain.Cap() <= mostKept {
		readers.Put(r)
	}
}

// decode reads a part into what has that version.
func (r *reader) decode(data []byte, checksum string, into any, version *int) error {
	plain, err := r.unpack(data, checksum)
	if err != nil {
		return err
	}
	// What another version says may be of other types, so its number is looked for alone then.
	fault := jsonv2.Unmarshal(plain, into, json.DefaultOptionsV1()) // as json.Unmarshal does, but in one pass
	found := *version
	if fault != nil {
		found, err = versionIn(plain)
	}
	switch {
	case err != nil:
		return err
	case found != Version:
		return fmt.Errorf("%w %d, want %d", ErrVersion, found, Version)
	}
	return fault //nolint:wrapcheck // the callers do
}

// unpack gives what is compressed in data, until it is called again.
func (r *reader) unpack(data []byte, checksum string) ([]byte, error) {
	if Checksum(data) != checksum {
		return nil, ErrChecksum
	}
	if err := r.zip.Reset(bytes.NewReader(data)); err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	r.plain.Reset()
	if _, err := r.plain.ReadFrom(io.LimitReader(&r.zip, MaxDecoded+1)); err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	if r.plain.Len() > MaxDecoded {
		return nil, fmt.Errorf("%w: more than %d bytes of JSON", ErrTooLarge, MaxDecoded)
	}
	return r.plain.Bytes(), nil
}
