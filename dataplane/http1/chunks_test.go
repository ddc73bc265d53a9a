package http1

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// decode reads a chunked body that comes in pieces of step bytes, as a connection would, and gives
// its data and what is left of the input.
func decode(c *Chunks, input string, step int) (data, rest string, err error) {
	var pending []byte
	for {
		piece, used, err := c.Next(pending)
		data += string(piece)
		pending = pending[used:]
		switch {
		case errors.Is(err, io.EOF):
			return data, string(pending) + input, nil
		case err != nil:
			return data, "", err
		case len(piece) > 0:
			continue
		case input == "":
			return data, "", io.ErrUnexpectedEOF
		}
		n := min(step, len(input))
		pending, input = append(pending, input[:n]...), input[n:]
	}
}

var steps = []int{1, 2, 3, 7, 1 << 20}

func TestChunks(t *testing.T) {
	cases := []struct{ name, reason, given, data string }{
		{"empty", "", "0\r\n\r\n", ""},
		{"one", "", "5\r\nhello\r\n0\r\n\r\n", "hello"},
		{"more", "", "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n", "hello, world"},
		{"line ends as data", "", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"},
		{"hexadecimal", "of either case", "A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n", "01234567890123456789a"},
		{"zeros before", "", "0000000000000001\r\na\r\n0000000000000000\r\n\r\n", "a"},
		{"extension", "means nothing here", "1;a\r\nx\r\n0;b=c;d=\"e \\\"f\t\xe9\"\r\n\r\n", "x"},
		{"trailer", "", "1\r\nx\r\n0\r\nA: b\r\n\r\n", "x"},
		{"long line", "", "1;a=" + strings.Repeat("b", MaxChunkLine-6) + "\r\nx\r\n0\r\n\r\n", "x"},
	}
	for _, c := range cases {
		for _, step := range steps {
			t.Run(fmt.Sprint(c.name, step), func(t *testing.T) {
				var chunks Chunks
				data, rest, err := decode(&chunks, c.given+"GET", step)
				if err != nil || data != c.data || rest != "GET" {
					t.Fatalf("%s: got %q, %v, rest %q", c.reason, data, err, rest)
				}
				if _, used, err := chunks.Next([]byte("GET")); used != 0 || !errors.Is(err, io.EOF) {
					t.Errorf("used %d, %v behind the end", used, err)
				}
			})
		}
	}
}

func TestChunksRefuses(t *testing.T) {
	const smuggling = "where a chunk ends is told by two parsers in two ways"
	cases := []struct{ name, reason, given, want string }{
		{"no size", "", "\r\n", "bad_chunk_size"},
		{"no digit", "", "g\r\n", "bad_chunk_size"},
		{"prefix", "", "0x5\r\n", "bad_chunk_size"},
		{"sign", "", "+5\r\n", "bad_chunk_size"},
		{"minus", "", "-5\r\n", "bad_chunk_size"},
		{"underscore", "", "1_0\r\n", "bad_chunk_size"},
		{"space before", smuggling, " 5\r\n", "bad_chunk_size"},
		{"space behind", smuggling, "5 \r\n", "bad_chunk_size"},
		{"tab behind", "", "5\t\r\n", "bad_chunk_size"},
		{"space before an extension", "", "5 ;a\r\n", "bad_chunk_size"},
		{"letters behind", "", "5h\r\n", "bad_chunk_size"},
		{"too many digits", "", "00000000000000005\r\n", "bad_chunk_size"},
		{"overflow", "", "ffffffffffffffff\r\n", "bad_chunk_size"},
		{"negative as a signed number", "", "8000000000000000\r\n", "bad_chunk_size"},
		{"just too great", "", "4000000000000001\r\n", "bad_chunk_size"},
		{"bare LF", smuggling, "5\nhello\r\n", "bad_chunk_size"},
		{"bare CR", smuggling, "5\rhello\r\n", "bare_cr"},
		{"bare LF in an extension", smuggling, "5;a\nhello\r\n", "bare_lf"},
		{"bare CR in an extension", smuggling, "5;a\rb\r\n", "bare_cr"},
		{"NUL in an extension", "", "5;a\x00\r\n", "control_character"},
		{"extension without name", "", "5;\r\n", "bad_chunk_extension"},
		{"extension without value", "", "5;a=\r\n", "bad_chunk_extension"},
		{"second extension without name", "", "5;a;;b\r\n", "bad_chunk_extension"},
		{"space in an extension", "", "5; a\r\n", "bad_chunk_extension"},
		{"open quote", "", "5;a=\"b\r\n", "bad_chunk_extension"},
		{"open escape", "", "5;a=\"b\\\r\n", "bad_chunk_extension"},
		{"control in a quote", "", "5;a=\"\x01\"\r\n", "control_character"},
		{"escaped control", "", "5;a=\"\\\x01\"\r\n", "control_character"},
		{"text behind a quote", "", "5;a=\"b\"c\r\n", "bad_chunk_extension"},
		{"line too long", "", "5;a=" + strings.Repeat("b", MaxChunkLine) + "\r\n", "chunk_line_too_long"},
		{"line without end", "", "5;a=" + strings.Repeat("b", MaxChunkLine), "chunk_line_too_long"},
		{"extensions without end", "one byte of data for each", strings.Repeat("1;a="+strings.Repeat("b", 200)+"\r\nx\r\n", MaxExtensions/200), "chunk_extensions_too_long"},
		{"data too long", smuggling, "5\r\nhello!\r\n", "bad_chunk_end"},
		{"data too long by a CR", "", "5\r\nhello\r\r\n", "bad_chunk_end"},
		{"other byte for the CR", "", "5\r\nhello!\n0\r\n\r\n", "bad_chunk_end"},
		{"bare LF behind data", smuggling, "5\r\nhello\n0\r\n\r\n", "bad_chunk_end"},
		{"data too short", "", "5\r\nhell\r\n0\r\n\r\n", "bad_chunk_end"},

		{"bare LF as the end", smuggling, "0\r\n\n", "bare_lf"},
		{"bare LF in a trailer", "", "0\r\nA: b\n\r\n", "bare_lf"},
		{"bare CR in a trailer", "", "0\r\nA: b\rc\r\n\r\n", "bare_cr"},
		{"fold in a trailer", "", "0\r\nA: b\r\n c\r\n\r\n", "obsolete_fold"},
		{"space before the colon", "", "0\r\nA : b\r\n\r\n", "space_before_colon"},
		{"no colon", "a request where a trailer should be", "0\r\nGET / HTTP/1.1\r\n\r\n", "space_before_colon"},
		{"NUL in a trailer", "", "0\r\nA: \x00\r\n\r\n", "control_character"},
		{"trailers too long", "", "0\r\nA: " + strings.Repeat("b", MaxTrailerBytes) + "\r\n\r\n", "trailers_too_large"},
		{"trailers too long together", "", "0\r\n" + strings.Repeat("A: "+strings.Repeat("b", 500)+"\r\n", 20) + "\r\n", "trailers_too_large"},
		{"too many trailers", "dropped ones count", "0\r\n" + strings.Repeat("Host: b\r\n", MaxTrailers+1) + "\r\n", "too_many_trailers"},
	}
	for _, c := range cases {
		for _, step := range steps {
			t.Run(fmt.Sprint(c.name, step), func(t *testing.T) {
				var chunks Chunks
				_, _, err := decode(&chunks, c.given, step)
				if word(err) != c.want {
					t.Fatalf("%s: got %v, want %s", c.reason, err, c.want)
				}
				if _, used, again := chunks.Next([]byte("0\r\n\r\n")); used != 0 || !errors.Is(again, err) {
					t.Errorf("the fault does not last: %d, %v", used, again)
				}
				chunks.Reset()
				if data, _, err := decode(&chunks, "1\r\na\r\n0\r\n\r\n", step); err != nil || data != "a" {
					t.Errorf("after Reset: %q, %v", data, err)
				}
			})
		}
	}
}

func TestChunksTrailers(t *testing.T) {
	cases := []struct{ name, reason, given, want string }{
		{"kept", "", "Grpc-Status: 0\r\nGrpc-Message:\t a b \r\nServer-Timing: a;dur=1\r\n", "Grpc-Status=0 Grpc-Message=a b Server-Timing=a;dur=1"},
		{"framing", "the body has been framed already", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\nB: c\r\n", "B=c"},
		{"routing", "the request has been routed already", "Host: a\r\nMax-Forwards: 1\r\nB: c\r\n", "B=c"},
		{"authentication", "it has been checked already", "Authorization: a\r\nCookie: b\r\nset-cookie: c\r\nWWW-Authenticate: d\r\nProxy-Authorization: e\r\nB: c\r\n", "B=c"},
		{"origin", "only we say where a request comes from", "X-Forwarded-For: a\r\nX-FORWARDED-HOST: b\r\nForwarded: c\r\nX-Real-IP: d\r\nX-Request-ID: e\r\nB: c\r\n", "B=c"},
		{"content", "it would change how the data is read", "Content-Type: a\r\nContent-Encoding: b\r\nCONTENT-RANGE: c\r\nB: c\r\n", "B=c"},
		{"control", "", "Cache-Control: a\r\nExpect: b\r\nIf-Match: c\r\nRange: d\r\nTE: e\r\nB: c\r\n", "B=c"},
		{"connection", "", "Connection: B\r\nKeep-Alive: a\r\nUpgrade: b\r\nProxy-Connection: c\r\nB: c\r\n", "B=c"},
		{"underscore", "a twin of a name with a hyphen", "X_Forwarded_For: a\r\nB: c\r\n", "B=c"},
		{"other twin", "", "X.Forwarded.For: a\r\nB.c: d\r\n", "B.c=d"},
		{"almost", "names that only begin so", "Hosts: a\r\nIf: b\r\nContents: c\r\n", "Hosts=a If=b Contents=c"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var chunks Chunks
			input := []byte("0\r\n" + c.given + "\r\n")
			if _, used, err := chunks.Next(input); used != len(input) || !errors.Is(err, io.EOF) {
				t.Fatalf("used %d of %d, %v", used, len(input), err)
			}
			clear(input)
			var got []string
			for _, f := range chunks.Trailers() {
				got = append(got, f.Name+"="+f.Value)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
			out := AppendLastChunk(nil, append(chunks.Trailers(), message.NewField("Host", "a"), message.NewField("Connection", "B")))
			var again Chunks
			if _, _, err := again.Next(out); !errors.Is(err, io.EOF) || !reflect.DeepEqual(again.Trailers(), chunks.Trailers()) {
				t.Errorf("written as %q", out)
			}
			chunks.Reset()
			if len(chunks.Trailers()) != 0 {
				t.Error("trailers outlive Reset")
			}
		})
	}
}
