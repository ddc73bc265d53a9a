package preface

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net/netip"
	"strings"
	"testing"
)

// v2 makes a header of version 2 with everything but the right values left to the caller.
func v2(command, family byte, rest ...[]byte) []byte {
	block := bytes.Join(rest, nil)
	b := append([]byte(signature2), command, family)
	b = binary.BigEndian.AppendUint16(b, uint16(len(block)))
	return append(b, block...)
}

// triple makes a TLV.
func triple(kind byte, value ...byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{kind}, uint16(len(value))), value...)
}

// summed puts the checksum in its place at an offset.
func summed(header []byte, at int) []byte {
	binary.BigEndian.PutUint32(header[at:], crc32.Checksum(header, castagnoli))
	return header
}

var (
	ends4 = []byte{192, 0, 2, 1, 198, 51, 100, 7, 0xdc, 4, 1, 187}
	ends6 = append(append(netip.MustParseAddr("2001:db8::1").AsSlice(), netip.MustParseAddr("2001:db8::2").AsSlice()...), 0xdc, 4, 1, 187)
	// mapped are IPv4 addresses in IPv6 form.
	mapped = append(append(netip.MustParseAddr("::ffff:192.0.2.1").AsSlice(), netip.MustParseAddr("::ffff:198.51.100.7").AsSlice()...), 0, 1, 0, 2)
)

func TestParse(t *testing.T) {
	longest := "PROXY TCP6 " + strings.Repeat("ffff:", 7) + "ffff " + strings.Repeat("ffff:", 7) + "ffff 65535 65535\r\n"
	cases := []struct {
		name, reason        string
		b                   []byte
		source, destination string
		local               bool
	}{
		{"v1 TCP4", "", []byte("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n"), "192.0.2.1:56324", "198.51.100.7:443", false},
		{"v1 TCP6", "", []byte("PROXY TCP6 2001:DB8::1 2001:db8::2 56324 443\r\n"), "[2001:db8::1]:56324", "[2001:db8::2]:443", false},
		{"v1 TCP6, IPv4 inside", "one client has one address", []byte("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"), "192.0.2.1:1", "[::1]:2", false},
		{
			"v1 longest of TCP6", "", []byte(longest),
			"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", false,
		},
		{"v1 port 0", "the range begins there", []byte("PROXY TCP4 192.0.2.1 198.51.100.7 0 0\r\n"), "192.0.2.1:0", "198.51.100.7:0", false},
		{"v1 UNKNOWN", "", []byte("PROXY UNKNOWN\r\n"), "", "", false},
		{"v1 UNKNOWN with more", "what follows must be ignored", []byte("PROXY UNKNOWN ffff::1 \x01 x\r\n"), "", "", false},
		{"v1 longest of all", "107 bytes with the end of the line", []byte("PROXY UNKNOWN " + strings.Repeat("x", 91) + "\r\n"), "", "", false},
		{"v2 TCP4", "", v2(proxy, tcp4, ends4), "192.0.2.1:56324", "198.51.100.7:443", false},
		{"v2 TCP6", "", v2(proxy, tcp6, ends6), "[2001:db8::1]:56324", "[2001:db8::2]:443", false},
		{"v2 TCP6, IPv4 inside", "one client has one address", v2(proxy, tcp6, mapped), "192.0.2.1:1", "198.51.100.7:2", false},
		{"v2 UNIX", "names of sockets are no address", v2(proxy, unix, make([]byte, unixAddresses)), "", "", false},
		{"v2 UNSPEC", "", v2(proxy, unspec), "", "", false},
		{"v2 UNSPEC with more", "nothing says what it is", v2(proxy, unspec, []byte{1, 2, 3}), "", "", false},
		{"v2 LOCAL", "", v2(local, unspec), "", "", true},
		{"v2 LOCAL with a family", "it must be ignored", v2(local, tcp4, ends4), "", "", true},
		{"v2 LOCAL with a strange family", "it must be ignored", v2(local, 0xff, []byte{1}), "", "", true},
		{"v2 TLVs", "what is not known is left out", v2(proxy, tcp4, ends4, triple(0xEA, 1, 2, 3), triple(4)), "192.0.2.1:56324", "198.51.100.7:443", false},
		{"v2 TLS", "", v2(proxy, tcp4, ends4, triple(tlvTLS, append([]byte{1, 0, 0, 0, 0}, triple(0x21, 'x')...)...)), "192.0.2.1:56324", "198.51.100.7:443", false},
		{
			"v2 checksum", "over the header with zeros in its place",
			summed(v2(proxy, tcp4, ends4, triple(4, 9), triple(tlvChecksum, 0, 0, 0, 0), triple(5, 1)), 16+12+4+3),
			"192.0.2.1:56324", "198.51.100.7:443", false,
		},
		{"v2 longest", "", v2(proxy, tcp4, ends4, triple(4, make([]byte, MaxV2-16-12-3)...)), "192.0.2.1:56324", "198.51.100.7:443", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			header, n, err := Parse(append(bytes.Clone(c.b), "GET /"...))
			if err != nil || n != len(c.b) || header.Local != c.local {
				t.Fatalf("%s: got %+v, %d, %v, want %d bytes", c.reason, header, n, err, len(c.b))
			}
			if told(header.Source) != c.source || told(header.Destination) != c.destination {
				t.Fatalf("%s: got %+v", c.reason, header)
			}
			for i := range c.b {
				if header, n, err := Parse(c.b[:i]); n != 0 || err != nil || header != (Header{}) {
					t.Fatalf("of %d bytes %d say %+v, %d, %v: more are needed", len(c.b), i, header, n, err)
				}
			}
		})
	}
}

func told(end netip.AddrPort) string {
	if !end.IsValid() {
		return ""
	}
	return end.String()
}

func TestParseRefuses(t *testing.T) {
	v1 := func(rest string) []byte { return []byte("PROXY " + rest) }
	long := strings.Repeat("x", 93)
	wrong := summed(v2(proxy, tcp4, ends4, triple(tlvChecksum, 0, 0, 0, 0)), 16+12+3)
	wrong[16]++
	cases := []struct {
		name, reason string
		b            []byte
		want         error
	}{
		{"HTTP", "", []byte("GET / HTTP/1.1\r\n"), ErrAbsent},
		{"HTTP/2", "it begins as a version 1 header does", []byte("PRI * HTTP/2.0\r\n"), ErrAbsent},
		{"TLS", "", []byte{22, 3, 1}, ErrAbsent},
		{"blank lines", "they begin as a version 2 header does", []byte("\r\n\r\nGET"), ErrAbsent},
		{"lower case", "", []byte("proxy TCP4"), ErrAbsent},
		{"v1 of another kind", "", v1("TCP5 1.1.1.1 1.1.1.1 1 1\r\n"), ErrInvalid},
		{"v1 UNKNOWN with a tail", "", v1("UNKNOWNX\r\n"), ErrInvalid},
		{"v1 IPv6 for IPv4", "", v1("TCP4 ::1 ::1 1 1\r\n"), ErrInvalid},
		{"v1 IPv4 for IPv6", "", v1("TCP6 1.1.1.1 1.1.1.1 1 1\r\n"), ErrInvalid},
		{"v1 one of each", "", v1("TCP4 1.1.1.1 ::1 1 1\r\n"), ErrInvalid},
		{"v1 leading zero in an address", "some read it as octal", v1("TCP4 01.1.1.1 1.1.1.1 1 1\r\n"), ErrInvalid},
		{"v1 leading zero in a port", "some read it as octal", v1("TCP4 1.1.1.1 1.1.1.1 01 1\r\n"), ErrInvalid},
		{"v1 signed port", "", v1("TCP4 1.1.1.1 1.1.1.1 +1 1\r\n"), ErrInvalid},
		{"v1 port out of range", "", v1("TCP4 1.1.1.1 1.1.1.1 1 65536\r\n"), ErrInvalid},
		{"v1 zone", "", v1("TCP6 fe80::1%eth0 ::1 1 1\r\n"), ErrInvalid},
		{"v1 two spaces", "", v1("TCP4  1.1.1.1 1.1.1.1 1 1\r\n"), ErrInvalid},
		{"v1 space at the end", "", v1("TCP4 1.1.1.1 1.1.1.1 1 1 \r\n"), ErrInvalid},
		{"v1 no port", "", v1("TCP4 1.1.1.1 1.1.1.1 1\r\n"), ErrInvalid},
		{"v1 line feed alone", "", v1("TCP4 1.1.1.1 1.1.1.1 1 1\n"), ErrInvalid},
		{"v1 line feed within", "", v1("UNKNOWN \n\r\n"), ErrInvalid},
		{"v1 carriage return alone", "", v1("UNKNOWN\r \r\n"), ErrInvalid},
		{"v1 without end", "", v1("UNKNOWN " + long), ErrTooLong},
		{"v1 one byte too long", "", v1("UNKNOWN " + long[1:] + "\r\n"), ErrTooLong},
		{"v2 version 1", "", v2(0x11, tcp4, ends4), ErrInvalid},
		{"v2 command 2", "", v2(0x22, tcp4, ends4), ErrInvalid},
		{"v2 datagrams", "they are not what came", v2(proxy, 0x12, ends4), ErrInvalid},
		{"v2 family without transport", "", v2(proxy, 0x10, ends4), ErrInvalid},
		{"v2 unknown family", "", v2(proxy, 0x41, ends4), ErrInvalid},
		{"v2 short TCP4", "", v2(proxy, tcp4, ends4[:11]), ErrInvalid},
		{"v2 short TCP6", "", v2(proxy, tcp6, ends6[:35]), ErrInvalid},
		{"v2 short UNIX", "", v2(proxy, unix, make([]byte, unixAddresses-1)), ErrInvalid},
		{"v2 rest of a TLV", "", v2(proxy, tcp4, ends4, []byte{4, 0}), ErrInvalid},
		{"v2 TLV cut short", "", v2(proxy, tcp4, ends4, []byte{4, 0, 1}), ErrInvalid},
		{"v2 TLS cut short", "", v2(proxy, tcp4, ends4, triple(tlvTLS, 1, 0, 0, 0)), ErrInvalid},
		{"v2 TLV within TLS cut short", "", v2(proxy, tcp4, ends4, triple(tlvTLS, 1, 0, 0, 0, 0, 0x21, 0, 1)), ErrInvalid},
		{"v2 checksum of 3 bytes", "", v2(proxy, tcp4, ends4, triple(tlvChecksum, 0, 0, 0)), ErrInvalid},
		{"v2 two checksums", "", summed(v2(proxy, tcp4, ends4, triple(tlvChecksum, 0, 0, 0, 0), triple(tlvChecksum, 0, 0, 0, 0)), 16+12+3), ErrInvalid},
		{"v2 wrong checksum", "a byte changed on the way", wrong, ErrChecksum},
		{"v2 too long", "it is refused before it is read", v2(proxy, tcp4, make([]byte, MaxV2-16+1))[:16], ErrTooLong},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			header, n, err := Parse(c.b)
			if !errors.Is(err, c.want) || n != 0 || header != (Header{}) {
				t.Fatalf("%s: got %+v, %d, %v, want %v", c.reason, header, n, err, c.want)
			}
		})
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	for _, b := range [][]byte{
		[]byte("PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n"),
		v2(proxy, tcp6, ends6, triple(4, 1)), v2(proxy, tcp6, ends6)[:20], []byte("GET / HTTP/1.1\r\n"),
	} {
		if n := testing.AllocsPerRun(100, func() { _, _, _ = Parse(b) }); n != 0 {
			t.Errorf("%q: %v allocations", b, n)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n"))
	f.Add([]byte("PROXY TCP6 2001:db8::1 ::ffff:1.2.3.4 56324 443\r\n"))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Add(v2(proxy, tcp4, ends4, triple(4, 1)))
	f.Add(v2(proxy, tcp6, ends6, triple(tlvTLS, append([]byte{1, 0, 0, 0, 0}, triple(0x21, 'x')...)...)))
	f.Add(summed(v2(proxy, tcp4, ends4, triple(tlvChecksum, 0, 0, 0, 0)), 16+12+3))
	f.Add(v2(local, unspec))
	f.Fuzz(func(t *testing.T, b []byte) {
		header, n, err := Parse(b)
		if err != nil || n == 0 {
			if n != 0 || header != (Header{}) || err == nil && len(b) >= MaxV2 {
				t.Fatalf("%q: got %+v, %d, %v", b, header, n, err)
			}
			return
		}
		if n > len(b) || n > MaxV2 || header.Version == 1 && (n > MaxV1 || b[n-1] != '\n') {
			t.Fatalf("%q: got %d bytes", b, n)
		}
		if header.Source.IsValid() != header.Destination.IsValid() || header.Local && header.Source.IsValid() {
			t.Fatalf("%q: got %+v", b, header)
		}
		if again, m, err := Parse(b[:n]); err != nil || m != n || again != header {
			t.Fatalf("%q: got %+v, and without what follows %+v, %d, %v", b, header, again, m, err)
		}
		if _, m, err := Parse(b[:n-1]); err != nil || m != 0 {
			t.Fatalf("%q: one byte less gives %d, %v", b, m, err)
		}
	})
}
