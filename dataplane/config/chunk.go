package config

import (
	"crypto/sha256"
	"encoding/json"
	"encoding/json/jsontext"
	"fmt"
)

// ReadChunk is a Chunk that was read, with what of it need not be read again when another one comes in its place.
type ReadChunk struct {
	Chunk

	hosts, pools []fragment
}

// fragment is half of the SHA-256 of the bytes that a value was read from: nobody finds two values of one fragment.
type fragment [sha256.Size / 2]byte

// DecodeChunk is Decode of a Chunk that comes in the place of before, which may be nil. Hosts and pools that are written as they were
// there are not read again, and share its memory: most often that is all but one. Of names that a chunk repeats, one copy is kept.
func DecodeChunk(data []byte, checksum string, before *ReadChunk) (*ReadChunk, error) {
	if before == nil {
		before = &ReadChunk{}
	}
	known := names{map[string]string{}, &before.Chunk}
	into := chunkReader{
		Hosts: newPieces(before.Hosts, before.hosts, known.host),
		Pools: newPieces(before.Pools, before.pools, known.pool),
	}
	r, ok := readers.Get().(*reader)
	if !ok {
		return nil, fmt.Errorf("decode %T: no decompressor", before.Chunk)
	}
	defer r.put()
	if err := r.decode(data, checksum, &into, &into.Version); err != nil {
		return nil, fmt.Errorf("decode %T: %w", before.Chunk, err)
	}
	return &ReadChunk{
		Chunk: Chunk{Version: into.Version, Index: into.Index, Hosts: exact(into.Hosts.values), Pools: exact(into.Pools.values)},
		hosts: exact(into.Hosts.fragments), pools: exact(into.Pools.fragments),
	}, nil
}

// chunkReader reads what a Chunk is written as.
type chunkReader struct {
	Version int          `json:"version"`
	Index   int          `json:"index"`
	Hosts   pieces[Host] `json:"hosts"`
	Pools   pieces[Pool] `json:"pools"`
}

// pieces read the values of a list that are not known.
type pieces[T any] struct {
	known map[fragment]*T
	// made is called with each value that was not known.
	made      func(*T)
	values    []T
	fragments []fragment
}

func newPieces[T any](values []T, from []fragment, made func(*T)) pieces[T] {
	p := pieces[T]{
		known: make(map[fragment]*T, len(values)), made: made,
		values: make([]T, 0, len(values)+1), fragments: make([]fragment, 0, len(values)+1),
	}
	for i := range values {
		p.known[from[i]] = &values[i]
	}
	return p
}

// UnmarshalJSONFrom implements encoding/json/v2.UnmarshalerFrom.
func (p *pieces[T]) UnmarshalJSONFrom(in *jsontext.Decoder) error {
	opening, err := in.ReadToken()
	if err != nil {
		return err //nolint:wrapcheck // it says where in the text
	}
	if opening.Kind() != jsontext.KindBeginArray {
		return fmt.Errorf("%s in the place of a list", opening.Kind())
	}
	for in.PeekKind() != jsontext.KindEndArray {
		text, err := in.ReadValue()
		if err != nil {
			return err //nolint:wrapcheck // it says where in the text
		}
		if err := p.add(text); err != nil {
			return err
		}
	}
	_, err = in.ReadToken()
	return err //nolint:wrapcheck // it says where in the text
}

func (p *pieces[T]) add(text []byte) error {
	sum := sha256.Sum256(text)
	from := fragment(sum[:len(fragment{})])
	p.fragments = append(p.fragments, from)
	if known := p.known[from]; known != nil {
		p.values = append(p.values, *known)
		return nil
	}
	var value T
	if err := json.Unmarshal(text, &value); err != nil {
		return err //nolint:wrapcheck // the caller does
	}
	p.made(&value)
	p.values = append(p.values, value)
	return nil
}

// exact gives a slice without room for more; nil for an empty one.
func exact[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	if cap(list) == len(list) {
		return list
	}
	return append(make([]T, 0, len(list)), list...)
}
