package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// reading is what a parser makes of a message: the parts on which parsers must not differ.
type reading struct {
	start  []string            // the parts of the first line
	length int64               // of the body, Unknown for chunks
	fields map[string][]string // by canonical name
	body   string
	whole  bool // the body is all there
	rest   int  // how many bytes are behind the message
}

// known are fields that an oracle takes out of a head, or adds to it.
var known = []string{"Host", "Transfer-Encoding", "Trailer", "Content-Length", "Connection", "Cache-Control"}

func fieldValues(fields []message.Field) map[string][]string {
	values := map[string][]string{}
	for _, f := range fields {
		name := textproto.CanonicalMIMEHeaderKey(f.Name)
		if !slices.Contains(known, name) {
			values[name] = append(values[name], f.Value)
		}
	}
	return values
}

func headerValues(header http.Header) map[string][]string {
	values := map[string][]string{}
	for name, list := range header {
		if !slices.Contains(known, name) {
			values[name] = list
		}
	}
	return values
}

// readBody reads the body behind a head as the engine does. length is Unknown for a chunked body.
func (r *reading) readBody(length int64, rest []byte) (*Chunks, error) {
	r.length = length
	if length != message.Unknown {
		n := min(length, int64(len(rest)))
		r.body, r.whole, r.rest = string(rest[:n]), n == length, len(rest)-int(n)
		return nil, nil
	}
	chunks := &Chunks{}
	for {
		data, used, err := chunks.Next(rest)
		rest = rest[used:]
		r.body += string(data)
		switch {
		case errors.Is(err, io.EOF):
			r.whole, r.rest = true, len(rest)
			return chunks, nil
		case err != nil:
			return chunks, err
		case data == nil:
			return chunks, nil
		}
	}
}

// compare says how an oracle's reading differs. What is behind a body is compared only if it is whole.
func (r *reading) compare(t *testing.T, oracle string, other *reading) {
	t.Helper()
	if !slices.Equal(r.start, other.start) || r.length != other.length {
		t.Fatalf("%s reads %q, length %d, we %q, length %d", oracle, other.start, other.length, r.start, r.length)
	}
	if r.whole != other.whole || r.whole && (r.body != other.body || r.rest != other.rest) || !strings.HasPrefix(other.body, r.body) {
		t.Fatalf("%s reads the body %q, whole: %v, %d bytes behind; we %q, %v, %d", oracle, other.body, other.whole, other.rest, r.body, r.whole, r.rest)
	}
	compareFields(t, oracle, other.fields, r.fields)
}

func compareFields(t *testing.T, oracle string, theirs, ours map[string][]string) {
	t.Helper()
	if len(theirs) != len(ours) {
		t.Fatalf("%s has the fields %q, we %q", oracle, theirs, ours)
	}
	for name, values := range ours {
		if !slices.Equal(values, theirs[name]) {
			t.Fatalf("%s has %s: %q, we %q", oracle, name, theirs[name], values)
		}
	}
}

// readAll reads an oracle's body and what is behind it.
func (r *reading) readAll(body io.Reader, behind *bufio.Reader) {
	data, err := io.ReadAll(body)
	r.body, r.whole = string(data), err == nil
	rest, _ := io.ReadAll(behind)
	r.rest = len(rest)
}

// onWire gives a reader whose buffer holds everything, so that the oracles' limits play no role.
func onWire(b []byte) *bufio.Reader { return bufio.NewReaderSize(bytes.NewReader(b), len(b)+16) }

// fastHeader gives the values of fields by name, in fasthttp's header.
type fastHeader interface {
	PeekAll(name string) [][]byte
}

// compareFast compares the values of fields with those in fasthttp's header.
func compareFast(t *testing.T, header fastHeader, ours map[string][]string, except ...string) {
	t.Helper()
	for name, values := range ours {
		if slices.Contains(except, name) {
			continue
		}
		var theirs []string
		for _, value := range header.PeekAll(name) {
			theirs = append(theirs, string(value))
		}
		if !slices.Equal(theirs, values) {
			t.Fatalf("fasthttp has %s: %q, we %q", name, theirs, values)
		}
	}
}

// addParts adds inputs that are put together at random, but the same ones each time.
func addParts(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		choices := make([]byte, random.IntN(30))
		for i := range choices {
			choices[i] = byte(random.Uint32())
		}
		f.Add(choices)
	}
}

// assemble puts a message together: the first choice is for one of the first lines, and each other one
// adds a part, to the head or to the body. So a fuzzer gets past the first line, which it hardly does
// by itself.
func assemble(lines []string, choices []byte) []byte {
	if len(choices) < 2 {
		return nil
	}
	line, fields := int(choices[0])%len(lines), int(choices[1])%4
	choices = choices[2:]
	fields = min(fields, len(choices))
	message := pick([]byte(lines[line]), fieldParts, choices[:fields])
	return pick(append(message, "\r\n"...), chunkParts, choices[fields:])
}

// pick appends a part for each choice. Half of the choices are among the first parts.
func pick(message []byte, parts []string, choices []byte) []byte {
	for _, choice := range choices {
		among := len(parts)
		if choice >= 128 {
			among = min(among, 12)
		}
		message = append(message, parts[int(choice)%among]...)
	}
	return message
}

// fieldParts are for heads, chunkParts for bodies; those that are sound come first.
var (
	fieldParts = []string{
		"Transfer-Encoding: chunked\r\n", "A: b\r\n", "Content-Length: 5\r\n", "a:c \r\n", "X-A: \t\r\n", "Connection: x-a, close\r\n", "Connection: keep-alive\r\n",
		"TE: trailers\r\n", "transfer-encoding:CHUNKED\r\n", "Connection: upgrade, X-A\r\n", "Upgrade: websocket\r\n", "Expect: 100-continue\r\n",
		"\r\n", "\r\n\r\n", "\n", "\r", " ", "\t", ":", ",", ";", "\x00", "\x7f", "\xff", "a", "_", "X_A: b\r\n",
		"Content-Length: 0\r\n", "content-length:05\r\n", "Content-Length: ", "Content-Length: 5, 5\r\n", "Content-Length: +5\r\n",
		"Transfer-Encoding: ", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: identity\r\n",
		"Connection: close\r\n", "Connection: ", "Connection: content-length, transfer-encoding\r\n",
		"Upgrade: h2c\r\n", "Keep-Alive: timeout=5\r\n", "Proxy-Connection: close\r\n", "HTTP2-Settings: AA\r\n",
		"Trailer: A\r\n", "Host: a\r\n", "host:b:80\r\n", "Host: ", "Cookie: a=b; c=d\r\n", "Content-Type: text/plain\r\n",
		"X-Forwarded-For: 1\r\n", "Pragma: no-cache\r\n", "Set-Cookie: a=b\r\n", "Date: now\r\n", "Server: a\r\n", "chunked", "close", "keep-alive", "5", "0",
	}
	chunkParts = []string{
		"5\r\nhello\r\n", "5;a=b\r\nhello\r\n", "0\r\n\r\n", "0\r\n", "\r\n", "A: b\r\n", "C:d \r\n", "5;a=\"b\"\r\nhello\r\n", "0000000000000005\r\nhello\r\n",
		"0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "0\r\nA: b\r\nHost: c\r\n\r\n", "2\r\n\r\n\r\n",
		"00\r\n", "hello", "a\r\n", "A\r\n0123456789", "5 \r\nhello\r\n", "5\nhello\n", "0x5\r\nhello\r\n", "ffffffffffffffff\r\n", "10000000000000005\r\nhello\r\n",
		";", "\"", "\\", "Host: a\r\n", "Content-Length: 5\r\n", "\r", "\n", "\t", " ", "_: b\r\n", "a", "=", "1", ":", "\x00",
	}
)

// fastRefuses says whether fasthttp refuses a body on purpose: it reads 15 digits of a chunk's size at
// most, and refuses trailers that we drop.
func fastRefuses(err error) bool {
	return strings.Contains(err.Error(), "trailer") || strings.Contains(err.Error(), "too large hex number")
}
