package frame

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestNext(t *testing.T) {
	whole := Append(nil, Frame{Type: Data, Flags: EndStream, Stream: 7, Payload: []byte("hello")})
	for n := range whole {
		if _, size := Next(whole[:n]); size != 0 {
			t.Errorf("%d bytes of %d make a frame", n, len(whole))
		}
	}
	f, size := Next(append(whole, 1, 2, 3))
	if size != len(whole) || f.Type != Data || !f.Has(EndStream) || f.Stream != 7 || string(f.Content()) != "hello" {
		t.Errorf("%+v, %d", f, size)
	}
}

func TestContent(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		given        Frame
		want         string
	}{
		{"plain", "all of it", Frame{Payload: []byte("abc")}, "abc"},
		{"padded", "without its length and the padding", Frame{Flags: Padded, Payload: []byte("\x02abcxx")}, "abc"},
		{"only padding", "nothing is left", Frame{Flags: Padded, Payload: []byte("\x02xx")}, ""},
		{"too much padding", "a fault of the sender, not a crash", Frame{Flags: Padded, Payload: []byte("\x09xx")}, ""},
		{"empty", "a fault too", Frame{Flags: Padded}, ""},
	} {
		if got := string(c.given.Content()); got != c.want {
			t.Errorf("%s: %q, want %q: %s", c.name, got, c.want, c.reason)
		}
	}
}

func TestSettings(t *testing.T) {
	f, _ := Next(AppendSettings(nil, Setting{HeaderTableSize, 0}, Setting{InitialWindowSize, LargestWindow}))
	if got := ReadSettings(f.Payload); !slices.Equal(got, []Setting{{HeaderTableSize, 0}, {InitialWindowSize, LargestWindow}}) {
		t.Errorf("%v", got)
	}
	f, _ = Next(AppendWindow(nil, 3, 1000))
	if f.Stream != 3 || Increment(f.Payload) != 1000 || Increment(nil) != 0 {
		t.Errorf("%+v", f)
	}
}

func TestBlocks(t *testing.T) {
	request := GRPCRequest("h.example", "/s/m")
	if want := "\x83\x86\x04\x04/s/m\x01\x09h.example\x0f\x10\x10application/grpc\x00\x02te\x08trailers"; string(request) != want {
		t.Errorf("%q, want %q", request, want)
	}
	if long := appendString(nil, strings.Repeat("x", 200)); !bytes.HasPrefix(long, []byte{127, 73, 'x'}) {
		t.Errorf("%q: a length of 200 is 127 and 73", long[:3])
	}
}

func FuzzNext(f *testing.F) {
	f.Add(Append(nil, Frame{Type: Data, Stream: 1, Payload: []byte("abc")}))
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, size := Next(data)
		if size > len(data) || size > 0 && len(frame.Payload) != size-HeaderSize {
			t.Errorf("size %d of %d", size, len(data))
		}
		_ = frame.Content()
	})
}
