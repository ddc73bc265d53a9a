package load

import (
	"bytes"
	"errors"
	"strconv"
)

// answer reads one response of HTTP/1.1 with a Content-Length after the other.
type answer struct {
	// body is how much of a body is still to come; head says that the head has come.
	body int
	head bool
}

var (
	headEnd    = []byte("\r\n\r\n")
	lengthName = []byte("\r\ncontent-length:")

	errStatus = errors.New("the status is not the one that was wanted")
	errLength = errors.New("no Content-Length")
)

// read takes bytes of a response with a status, and says whether it is over with them.
func (a *answer) read(data []byte, status string) (taken int, over bool, err error) {
	if !a.head {
		end := bytes.Index(data, headEnd)
		if end < 0 {
			return 0, false, nil
		}
		if a.body, err = readHead(data[:end], status); err != nil {
			return 0, false, err
		}
		a.head, taken = true, end+len(headEnd)
	}
	n := min(a.body, len(data)-taken)
	a.body -= n
	if over = a.body == 0; over {
		a.head = false
	}
	return taken + n, over, nil
}

func readHead(head []byte, status string) (length int, err error) {
	const version = "HTTP/1.1 "
	if len(head) < len(version)+3 || string(head[len(version):len(version)+3]) != status {
		return 0, errStatus
	}
	if status == "101" {
		return 0, nil
	}
	at := indexFold(head, lengthName)
	if at < 0 {
		return 0, errLength
	}
	value, _, _ := bytes.Cut(head[at+len(lengthName):], []byte("\r"))
	return strconv.Atoi(string(bytes.TrimSpace(value)))
}

// indexFold finds a part that is in lower case and starts with "\r\n".
func indexFold(text, part []byte) int {
	for at := 0; ; at++ {
		next := bytes.IndexByte(text[at:], '\r')
		if next < 0 || len(text)-at-next < len(part) {
			return -1
		}
		if at += next; bytes.EqualFold(text[at:at+len(part)], part) {
			return at
		}
	}
}
