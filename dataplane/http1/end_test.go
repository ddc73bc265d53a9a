package http1

import (
	"errors"
	"strings"
	"testing"
)

func TestHeadEnd(t *testing.T) {
	cases := []struct {
		name, reason, given string
		end                 int
		fault               string
	}{
		{"nothing", "", "", 0, ""},
		{"whole", "", "GET / HTTP/1.1\r\n\r\n", 18, ""},
		{"more behind", "a pipelined request is not looked at", "GET / HTTP/1.1\r\n\r\nGET /\n", 18, ""},
		{"line", "a field or the empty line is to come", "GET / HTTP/1.1\r\n", 0, ""},
		{"half a line end", "the LF may come yet", "GET / HTTP/1.1\r", 0, ""},
		{"half an empty line", "", "GET / HTTP/1.1\r\nA: b\r\n\r", 0, ""},
		{"empty line first", "old clients send one behind a body; the head goes on", "\r\nGET / HTTP/1.1\r\n\r\n", 20, ""},
		{"empty line alone", "", "\r\n", 0, ""},
		{"two empty lines", "a head all the same, which ParseRequest refuses", "\r\n\r\n", 4, ""},
		{"tab", "a value may have it", "GET / HTTP/1.1\r\nA: b\tc\r\n", 0, ""},
		{"obs-text", "a value may have it", "GET / HTTP/1.1\r\nA: \xff\xfe\x80~~\r\n", 0, ""},
		{"bare LF", "one parser's line is another's text", "GET / HTTP/1.1\nHost: a\r\n", 0, "bare_lf"},
		{"bare LF first", "", "\nGET / HTTP/1.1\r\n", 0, "bare_lf"},
		{"two bare LF", "no end of a head", "GET / HTTP/1.1\n\n", 0, "bare_lf"},
		{"bare LF behind a CRLF", "no end of a head", "GET / HTTP/1.1\r\n\n", 0, "bare_lf"},
		{"bare CR", "", "GET / HTTP/1.1\rHost: a\r\n", 0, "bare_cr"},
		{"two CR", "", "GET / HTTP/1.1\r\r\n", 0, "bare_cr"},
		{"ClientHello", "TLS sent to a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 0, "control_character"},
		{"NUL", "", "GET /\x00", 0, "control_character"},
		{"DEL", "", "GET /\x7f", 0, "control_character"},
		{"late control", "long lines are looked at by eights", "GET /" + strings.Repeat("a", 100) + "\x01", 0, "control_character"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			end, err := HeadEnd([]byte(c.given), 0)
			if end != c.end || word(err) != c.fault {
				t.Fatalf("%s: got %d, %v, want %d, %q", c.reason, end, err, c.end, c.fault)
			}
		})
	}
}

// TestHeadEndSlow gives heads byte by byte: the end, or the fault, is found as soon as it is there.
func TestHeadEndSlow(t *testing.T) {
	cases := []struct {
		name, given, fault string
		at                 int
	}{
		{"whole", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET", "", 27},
		{"empty line first", "\r\nGET / HTTP/1.1\r\n\r\nGET", "", 20},
		{"bare LF", "GET / HTTP/1.1\r\nHost: a\nB: c\r\n\r\n", "bare_lf", 24},
		{"bare LF behind a CRLF", "GET / HTTP/1.1\r\n\nGET\r\n\r\n", "bare_lf", 17},
		{"bare CR", "GET / HTTP/1.1\r\nHost: a\rB: c\r\n\r\n", "bare_cr", 25},
		{"NUL", "GET / HTTP/1.1\r\nHost: \x00\r\n\r\n", "control_character", 23},
	}
	for _, c := range cases {
		for step := 1; step <= 5; step++ {
			t.Run(c.name, func(t *testing.T) {
				seen, given := 0, []byte(c.given)
				for n := 0; ; n += step {
					n = min(n, len(given))
					end, err := HeadEnd(given[:n], seen)
					seen = n
					if end == 0 && err == nil && n < len(given) {
						continue
					}
					if word(err) != c.fault || c.fault == "" && end != c.at || n < c.at || n >= c.at+step {
						t.Fatalf("by %d: after %d bytes: %d, %v", step, n, end, err)
					}
					return
				}
			})
		}
	}
}

// asFault is the error as a fault, nil if it is none.
func asFault(err error) *Fault {
	var fault *Fault
	errors.As(err, &fault)
	return fault
}

// word is a fault's reason, "" for none.
func word(err error) string {
	if fault := asFault(err); fault != nil {
		return fault.Reason
	}
	return ""
}
