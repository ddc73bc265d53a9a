package config_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"reflect"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

func sample() config.Chunk {
	prefix := "/new"
	return config.Chunk{Version: config.Version, Index: 3, Hosts: []config.Host{{
		Listener: "web", Hostname: "a.example.com",
		Rules: []config.Rule{{
			Route:   "shop/cart",
			Matches: []config.Match{{PathKind: config.PathPrefix, Path: "/"}},
			Filters: config.Filters{Rewrite: &config.Rewrite{Path: &config.PathEdit{Prefix: &prefix}}},
			Backends: []config.Backend{
				{Pool: "shop/cart:80", Weight: 1},
			},
		}},
	}}, Pools: []config.Pool{{Key: "shop/cart:80", Namespace: "shop", Service: "cart", Port: 80}}}
}

func TestEncodeIsDeterministicAndDecodeReadsItBack(t *testing.T) {
	first, sum, err := config.Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	second, again, err := config.Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) || sum != again {
		t.Fatal("equal values gave different bytes")
	}
	got, err := config.Decode[config.Chunk](first, sum)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, sample()) {
		t.Fatalf("got %+v", got)
	}
}

func TestDecodeRefuses(t *testing.T) {
	future := sample()
	future.Version = config.Version + 1
	futureData, _, err := config.Encode(future)
	if err != nil {
		t.Fatal(err)
	}
	good, _, err := config.Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, reason string
		data         []byte
		checksum     string
		want         error
	}{
		{"checksum", "a torn write must not become a configuration", good, config.Checksum(nil), config.ErrChecksum},
		{"version", "a newer operator's format must not be guessed at", futureData, config.Checksum(futureData), config.ErrVersion},
		{"bomb", "memory is bounded whatever the data says", bomb(t), config.Checksum(bomb(t)), config.ErrTooLarge},
		{"truncated", "half a stream is no configuration", good[:len(good)/2], config.Checksum(good[:len(good)/2]), nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.Decode[config.Chunk](c.data, c.checksum)
			if err == nil || (c.want != nil && !errors.Is(err, c.want)) {
				t.Fatalf("%s: got %v, want %v", c.reason, err, c.want)
			}
			_, err = config.DecodeChunk(c.data, c.checksum, nil)
			if err == nil || (c.want != nil && !errors.Is(err, c.want)) {
				t.Fatalf("in the place of another: %s: got %v, want %v", c.reason, err, c.want)
			}
		})
	}
}

func TestDecodeOfAnotherVersionDoesNotNeedItsShape(t *testing.T) {
	var buf bytes.Buffer
	zip := gzip.NewWriter(&buf)
	_, _ = zip.Write([]byte(`{"version":9,"hosts":"of another shape"}`))
	_ = zip.Close()
	_, err := config.Decode[config.Chunk](buf.Bytes(), config.Checksum(buf.Bytes()))
	if !errors.Is(err, config.ErrVersion) {
		t.Fatalf("got %v, want %v", err, config.ErrVersion)
	}
	_, err = config.DecodeChunk(buf.Bytes(), config.Checksum(buf.Bytes()), nil)
	if !errors.Is(err, config.ErrVersion) {
		t.Fatalf("in the place of another: got %v, want %v", err, config.ErrVersion)
	}
}

func bomb(t *testing.T) []byte {
	t.Helper()
	var buf bytes.Buffer
	zip := gzip.NewWriter(&buf)
	zeros := make([]byte, 1<<20)
	for range config.MaxDecoded>>20 + 1 {
		if _, err := zip.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func FuzzDecode(f *testing.F) {
	data, _, err := config.Encode(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := config.Decode[config.Chunk](data, config.Checksum(data))
		read, other := config.DecodeChunk(data, config.Checksum(data), nil)
		if (err == nil) != (other == nil) {
			t.Fatalf("one reader takes it, and one does not: %v, %v", err, other)
		}
		if err != nil {
			return
		}
		if now, err := config.DecodeChunk(data, config.Checksum(data), read); err != nil || !reflect.DeepEqual(now, read) {
			t.Fatalf("read again in its own place it is another: %v", err)
		}
		again, sum, err := config.Encode(got)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := config.Decode[config.Chunk](again, sum); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}
