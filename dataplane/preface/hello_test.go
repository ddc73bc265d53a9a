package preface

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// helloOf gives the records of the ClientHello that crypto/tls sends.
func helloOf(t testing.TB, config *tls.Config) []byte {
	t.Helper()
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = tls.Client(client, config).Handshake() // it fails when the other end is closed
	}()
	head := make([]byte, recordHead)
	if _, err := io.ReadFull(server, head); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, binary.BigEndian.Uint16(head[3:]))
	if _, err := io.ReadFull(server, body); err != nil {
		t.Fatal(err)
	}
	server.Close()
	<-done
	return slices.Concat(head, body)
}

// stdlib gives what crypto/tls reads of a client's first bytes.
func stdlib(b []byte) (name string, protocols []string, ok bool) {
	conn := &oneWay{Reader: bytes.NewReader(b)}
	server := tls.Server(conn, &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		name, protocols, ok = hello.ServerName, slices.Clone(hello.SupportedProtos), true
		return nil, io.EOF
	}})
	_ = server.Handshake() // the callback ends it
	return name, protocols, ok
}

// oneWay is a connection whose client has sent all that it will.
type oneWay struct{ io.Reader }

func (*oneWay) Write(b []byte) (int, error)      { return len(b), nil }
func (*oneWay) Close() error                     { return nil }
func (*oneWay) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*oneWay) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*oneWay) SetDeadline(time.Time) error      { return nil }
func (*oneWay) SetReadDeadline(time.Time) error  { return nil }
func (*oneWay) SetWriteDeadline(time.Time) error { return nil }

// split gives the same handshake in records of at most n bytes.
func split(b []byte, n int) (records []byte) {
	for piece := range slices.Chunk(b[recordHead:], n) {
		records = append(records, b[0], b[1], b[2])
		records = binary.BigEndian.AppendUint16(records, uint16(len(piece)))
		records = append(records, piece...)
	}
	return records
}

func TestClientHelloAgreesWithCryptoTLS(t *testing.T) {
	cases := []struct {
		name   string
		config *tls.Config
	}{
		{"name", &tls.Config{ServerName: "a.example.com"}},
		{"name in upper case", &tls.Config{ServerName: "A.Example.COM"}},
		{"no name", &tls.Config{InsecureSkipVerify: true}},
		{"address for a name", &tls.Config{ServerName: "192.0.2.1"}},
		{"longest name", &tls.Config{ServerName: strings.Repeat("abcdefg.", 31) + "abcdefg"}},
		{"HTTP/2 and 1.1", &tls.Config{ServerName: "a.example.com", NextProtos: []string{"h2", "http/1.1"}}},
		{"many protocols", &tls.Config{ServerName: "a", NextProtos: []string{"acme-tls/1", "h2", strings.Repeat("p", 255), "\x0a\x0a"}}},
		{"TLS 1.2 only", &tls.Config{ServerName: "a.example.com", MaxVersion: tls.VersionTLS12}},
		{"TLS 1.0", &tls.Config{ServerName: "a.example.com", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}},
		{"TLS 1.3 only", &tls.Config{ServerName: "a.example.com", MinVersion: tls.VersionTLS13}},
		{"one curve", &tls.Config{ServerName: "a.example.com", CurvePreferences: []tls.CurveID{tls.X25519}}},
		{"post-quantum", &tls.Config{ServerName: "a.example.com", CurvePreferences: []tls.CurveID{tls.X25519MLKEM768}}},
		{"no tickets", &tls.Config{ServerName: "a.example.com", SessionTicketsDisabled: true}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.config.InsecureSkipVerify = true
			b := helloOf(t, c.config)
			for _, size := range []int{len(b), 1000, 100, 64} {
				records := split(b, size)
				if len(records)/(size+recordHead) >= maxRecords {
					continue
				}
				compare(t, append(records, 20, 3, 3, 0, 1, 1), len(records))
			}
		})
	}
}

// compare holds what ClientHello says of b, of which length bytes are the hello, to crypto/tls.
func compare(t *testing.T, b []byte, length int) {
	t.Helper()
	name, protocols, ok := stdlib(b)
	hello, need, err := ClientHello(b)
	if !ok || need || err != nil {
		t.Fatalf("need %v, %v, crypto/tls %v", need, err, ok)
	}
	if hello.ServerName != strings.ToLower(name) || !slices.Equal(hello.Protocols(), protocols) || hello.Length != length {
		t.Fatalf("got %q %q %d, crypto/tls %q %q, want %d bytes", hello.ServerName, hello.Protocols(), hello.Length, name, protocols, length)
	}
	for _, p := range protocols {
		if !hello.Offers(p) || hello.Offers(p+"x") {
			t.Fatalf("protocol %q of %q", p, protocols)
		}
	}
	for i := range length {
		if _, need, err := ClientHello(b[:i]); !need || err != nil {
			t.Fatalf("%d of %d bytes: need %v, %v", i, length, need, err)
		}
	}
}

// message makes a ClientHello of its extensions, in one record.
func message(extensions ...[]byte) []byte {
	block := bytes.Join(extensions, nil)
	body := append([]byte{3, 3}, make([]byte, 32)...)
	body = append(body, 0, 0, 2, 0x13, 1, 1, 0)
	body = binary.BigEndian.AppendUint16(body, uint16(len(block)))
	return record(handshake(append(body, block...)))
}

func handshake(body []byte) []byte {
	return append([]byte{1, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
}

func record(b []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{22, 3, 1}, uint16(len(b))), b...)
}

func extension(kind uint16, value ...byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, kind)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(value))), value...)
}

func TestClientHello(t *testing.T) {
	cases := []struct {
		name, reason string
		b            []byte
		server       string
		protocols    []string
	}{
		{"empty extensions", "", message(), "", nil},
		{"no extensions", "TLS 1.2 allows it", record(handshake(append(append([]byte{3, 3}, make([]byte, 32)...), 0, 0, 2, 0x13, 1, 1, 0))), "", nil},
		{
			"GREASE", "such values mean nothing, wherever they are",
			message(extension(0x0a0a), extension(0, 0, 5, 0, 0, 2, 'O', 'k'), extension(16, 0, 6, 2, 0xa, 0xa, 2, 'h', '2'), extension(0xfafa, 0)),
			"ok",
			[]string{"\x0a\x0a", "h2"},
		},
		{"a name of another kind", "only host_name was ever defined", message(extension(0, 0, 4, 9, 0, 1, 'x')), "", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			hello, need, err := ClientHello(c.b)
			if err != nil || need || hello.ServerName != c.server || !slices.Equal(hello.Protocols(), c.protocols) {
				t.Fatalf("%s: got %q %q, %v, %v", c.reason, hello.ServerName, hello.Protocols(), need, err)
			}
		})
	}
}

func TestClientHelloRefuses(t *testing.T) {
	name := extension(0, 0, 4, 0, 0, 1, 'x')
	body := append([]byte{3, 3}, make([]byte, 32)...)
	many := make([][]byte, 0, maxExtensions+1)
	for i := range maxExtensions + 1 {
		many = append(many, extension(uint16(1000+i)))
	}
	with := func(rest ...byte) []byte { return record(handshake(append(slices.Clone(body), rest...))) }
	cases := []struct {
		name, reason string
		b            []byte
		want         error
	}{
		{"HTTP", "", []byte("GET / HTTP/1.1\r\n"), ErrNotTLS},
		{"alert", "", []byte{21, 3, 1, 0, 2, 1, 0}, ErrNotTLS},
		{"SSL 2", "", []byte{22, 2}, ErrNotTLS},
		{"ServerHello", "", record([]byte{2}), ErrNotTLS},
		{"empty record", "it would never end", []byte{22, 3, 1, 0, 0}, ErrHello},
		{"record too long", "refused before it is read", []byte{22, 3, 1, 0x40, 0}, ErrHelloTooLong},
		{"message too long", "refused before it is read", record([]byte{1, 0, 0x40, 0}), ErrHelloTooLong},
		{"too many records", "", split(message(extension(21, make([]byte, 100)...)), 1), ErrHelloTooLong},
		{"too many extensions", "", message(many...), ErrHelloTooLong},
		{"something in the same record", "", record(append(message()[recordHead:], 0)), ErrHello},
		{"nothing in it", "", record(handshake(nil)), ErrHello},
		{"long session", "RFC 8446: at most 32 bytes", with(append(append([]byte{33}, make([]byte, 33)...), 0, 2, 0, 1, 1, 0)...), ErrHello},
		{"no cipher suites", "", with(0, 0, 0, 1, 0), ErrHello},
		{"half a cipher suite", "", with(0, 0, 3, 0, 1, 0, 1, 0), ErrHello},
		{"no compression method", "", with(0, 0, 2, 0, 1, 0), ErrHello},
		{"half a length of extensions", "", with(0, 0, 2, 0, 1, 1, 0, 0), ErrHello},
		{"extensions too short", "", with(0, 0, 2, 0, 1, 1, 0, 0, 0, 0), ErrHello},
		{"extensions too long", "", with(0, 0, 2, 0, 1, 1, 0, 0, 1), ErrHello},
		{"extension cut short", "", message([]byte{0, 0, 0, 1}), ErrHello},
		{"name twice", "two readers may take different ones", message(name, name), ErrHello},
		{"GREASE twice", "", message(extension(0x0a0a), extension(0x0a0a)), ErrHello},
		{"two names", "two readers may take different ones", message(extension(0, 0, 8, 0, 0, 1, 'x', 0, 0, 1, 'y')), ErrHello},
		{"no names", "", message(extension(0, 0, 0)), ErrHello},
		{"empty name", "", message(extension(0, 0, 3, 0, 0, 0)), ErrHello},
		{"name cut short", "", message(extension(0, 0, 3, 0, 0, 1)), ErrHello},
		{"bytes after the names", "", message(extension(0, 0, 4, 0, 0, 1, 'x', 0)), ErrHello},
		{"name with a dot at its end", "RFC 6066 section 3", message(extension(0, 0, 5, 0, 0, 2, 'x', '.')), ErrHello},
		{"name with a line feed", "it would end up in logs", message(extension(0, 0, 4, 0, 0, 1, '\n')), ErrHello},
		{"name with a slash", "", message(extension(0, 0, 4, 0, 0, 1, '/')), ErrHello},
		{"name of 256 bytes", "", message(extension(0, append([]byte{1, 3, 0, 1, 0}, bytes.Repeat([]byte{'a'}, 256)...)...)), ErrHello},
		{"no protocols", "", message(extension(16, 0, 0)), ErrHello},
		{"empty protocol", "", message(extension(16, 0, 1, 0)), ErrHello},
		{"protocol cut short", "", message(extension(16, 0, 2, 2, 'h')), ErrHello},
		{"bytes after the protocols", "", message(extension(16, 0, 2, 1, 'h', 0)), ErrHello},
		{"pre-shared keys not last", "RFC 8446 section 4.2.11", message(extension(41), name), ErrHello},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			hello, need, err := ClientHello(c.b)
			if !errors.Is(err, c.want) || need || hello.ServerName != "" || hello.Length != 0 {
				t.Fatalf("%s: got %+v, %v, %v, want %v", c.reason, hello, need, err, c.want)
			}
		})
	}
}

func TestClientHelloAllocatesTheNameAlone(t *testing.T) {
	b := helloOf(t, &tls.Config{ServerName: "a.example.com", NextProtos: []string{"h2", "http/1.1"}})
	for _, b := range [][]byte{b, split(b, 100)} {
		n := testing.AllocsPerRun(100, func() {
			hello, _, _ := ClientHello(b)
			hello.Offers("http/1.1")
		})
		if n != 1 {
			t.Errorf("%v allocations", n)
		}
	}
}

func FuzzClientHello(f *testing.F) {
	b := helloOf(f, &tls.Config{ServerName: "a.example.com", NextProtos: []string{"h2", "http/1.1"}})
	f.Add(b)
	f.Add(split(b, 100))
	f.Add(message(extension(0x0a0a), extension(0, 0, 5, 0, 0, 2, 'O', 'k'), extension(16, 0, 3, 2, 'h', '2'), extension(41)))
	f.Add(message(extension(0, 0, 8, 9, 0, 1, 'x', 0, 0, 1, 'y'), extension(43, 2, 3, 4)))
	f.Fuzz(func(t *testing.T, b []byte) {
		hello, need, err := ClientHello(b)
		if need || err != nil {
			if hello.Length != 0 || need && (err != nil || len(b) >= MaxHello) {
				t.Fatalf("%x: got %+v, %v, %v", b, hello, need, err)
			}
			return
		}
		if again, _, err := ClientHello(b[:hello.Length]); err != nil || again.ServerName != hello.ServerName {
			t.Fatalf("%x: got %+v, and without what follows %+v, %v", b, hello, again, err)
		}
		if _, need, _ := ClientHello(b[:hello.Length-1]); !need {
			t.Fatalf("%x: %d bytes are enough", b, hello.Length-1)
		}
		name, protocols, ok := stdlib(b)
		if ok && (hello.ServerName != strings.ToLower(name) || !slices.Equal(hello.Protocols(), protocols)) {
			t.Fatalf("%x: got %q %q, crypto/tls %q %q", b, hello.ServerName, hello.Protocols(), name, protocols)
		}
	})
}
