package config

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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

// writers are compressors, which are large and expensive to make. The best level takes three times as long as the default
// one and saves a hundredth of a chunk.
var writers = sync.Pool{New: func() any { return gzip.NewWriter(io.Discard) }}

// Encode gives the gzip-compressed JSON of v, a Root or a Chunk, and the SHA-256 of these bytes in
// hexadecimal. Equal values give equal bytes.
func Encode(v any) (data []byte, checksum string, err error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, "", fmt.Errorf("encode %T: %w", v, err)
	}
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
	var value T
	plain, err := unpack(data, checksum)
	if err != nil {
		return value, fmt.Errorf("decode %T: %w", value, err)
	}
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(plain, &head); err != nil {
		return value, fmt.Errorf("decode %T: %w", value, err)
	}
	if head.Version != Version {
		return value, fmt.Errorf("decode %T: %w %d, want %d", value, ErrVersion, head.Version, Version)
	}
	if err := json.Unmarshal(plain, &value); err != nil {
		var zero T
		return zero, fmt.Errorf("decode %T: %w", value, err)
	}
	return value, nil
}

func unpack(data []byte, checksum string) ([]byte, error) {
	if Checksum(data) != checksum {
		return nil, ErrChecksum
	}
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(zip, MaxDecoded+1))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	if len(plain) > MaxDecoded {
		return nil, fmt.Errorf("%w: more than %d bytes of JSON", ErrTooLarge, MaxDecoded)
	}
	return plain, nil
}
