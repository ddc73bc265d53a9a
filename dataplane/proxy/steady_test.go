package proxy_test

import (
	"bufio"
	"net"
	"strconv"
)

// steady answers every request with the same bytes. It reads heads only.
type steady struct {
	answer []byte
}

func newSteady(size int) *steady {
	head := "HTTP/1.1 200 OK\r\nContent-Length: " + strconv.Itoa(size) + "\r\n\r\n"
	return &steady{append([]byte(head), make([]byte, size)...)}
}

func (s *steady) speak(conn net.Conn, in *bufio.Reader, _ *recorder) {
	for {
		for line := []byte(nil); string(line) != "\r\n"; {
			var err error
			if line, err = in.ReadSlice('\n'); err != nil {
				return
			}
		}
		if _, err := conn.Write(s.answer); err != nil {
			return
		}
	}
}
