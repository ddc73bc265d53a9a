package http1

import (
	"io"
	"net/http/httputil"
	"reflect"
	"strings"
	"testing"
)

// FuzzChunked holds the decoder to give the same however a body comes in, to read what net/http
// reads, and to read again what is written of it.
func FuzzChunked(f *testing.F) {
	for _, seed := range []string{
		"0\r\n\r\nGET", "5\r\nhello\r\n0\r\n\r\n", "1;a=b;c=\"d\\\"\"\r\nx\r\n0\r\nA: b\r\nC_D: e\r\nHost: f\r\n\r\n", "A\r\n0123456789\r\n0000000000000000\r\n\r\n",
	} {
		f.Add([]byte(seed), uint8(1))
	}
	f.Fuzz(compareChunked)
}

// FuzzChunkedParts does the same with bodies that are put together from parts.
func FuzzChunkedParts(f *testing.F) {
	addParts(f)
	f.Fuzz(func(t *testing.T, choices []byte) {
		compareChunked(t, pick(nil, chunkParts, choices), uint8(len(choices)))
	})
}

func compareChunked(t *testing.T, input []byte, step uint8) {
	var whole, pieces Chunks
	data, rest, err := decode(&whole, string(input), len(input)+1)
	otherData, otherRest, otherErr := decode(&pieces, string(input), int(step)+1)
	if data != otherData || rest != otherRest || !reflect.DeepEqual(err, otherErr) || !reflect.DeepEqual(whole.Trailers(), pieces.Trailers()) {
		t.Fatalf("at once: %q, %q, %v; by %d: %q, %q, %v", data, rest, err, int(step)+1, otherData, otherRest, otherErr)
	}
	wire := onWire(input)
	theirs, theirErr := io.ReadAll(httputil.NewChunkedReader(wire))
	if !strings.HasPrefix(string(theirs), data) {
		t.Fatalf("net/http reads %q, we %q", theirs, data)
	}
	if err != nil {
		return
	}
	// Its reader stops before the trailers.
	theirRest, _ := io.ReadAll(wire)
	if theirErr != nil || string(theirs) != data || !strings.HasSuffix(string(theirRest), "\r\n"+rest) {
		t.Fatalf("net/http reads %q, %v, with %q behind; we %q with %q", theirs, theirErr, theirRest, data, rest)
	}
	written := []byte{}
	if data != "" {
		written = append(append(AppendChunk(written, len(data)), data...), newline...)
	}
	written = AppendLastChunk(written, whole.Trailers())
	var again Chunks
	dataAgain, restAgain, err := decode(&again, string(written), len(written))
	if err != nil || dataAgain != data || restAgain != "" || !reflect.DeepEqual(again.Trailers(), whole.Trailers()) {
		t.Fatalf("%q written as %q is %q, %v", input, written, dataAgain, err)
	}
}
