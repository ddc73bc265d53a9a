package proxy_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// spy is a backend that reads with another parser than ours, net/http's, and keeps both what came on
// the wire and what that parser made of it.
type spy struct {
	*recorder
	asked []string // of recorder.mutex: "METHOD target host body" of each request, whole ones only, or the parser's complaint
}

// newSpy starts a spy that answers every request with 200 and "ok", on connections that it keeps.
func newSpy(t *testing.T) *spy {
	t.Helper()
	s := &spy{}
	s.recorder = conversing(t, func(conn net.Conn, in *bufio.Reader, r *recorder) {
		wire := bufio.NewReader(io.TeeReader(in, recording{r}))
		for s.answer(conn, wire) {
			continue
		}
	})
	return s
}

// recording notes what was read.
type recording struct{ r *recorder }

func (w recording) Write(p []byte) (int, error) {
	w.r.mutex.Lock()
	defer w.r.mutex.Unlock()
	return w.r.got.Write(p)
}

func (s *spy) answer(conn net.Conn, wire *bufio.Reader) bool {
	request, err := http.ReadRequest(wire)
	if err != nil {
		if !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "closed") && !strings.Contains(err.Error(), "reset") {
			s.note("unreadable: " + err.Error())
		}
		return false
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return false // a request that is cut short is none
	}
	s.note(strings.TrimSpace(fmt.Sprintf("%s %s %s %s", request.Method, request.RequestURI, request.Host, body)))
	answer := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	if request.Method == http.MethodHead {
		answer = strings.TrimSuffix(answer, "ok")
	}
	_, err = io.WriteString(conn, answer)
	return err == nil
}

func (s *spy) note(request string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.asked = append(s.asked, request)
}

// take gives the requests that came since it was asked last, and the bytes of them.
func (s *spy) take() (asked []string, wire string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	asked, wire = s.asked, s.got.String()
	s.asked = nil
	s.got.Reset()
	return asked, wire
}

// exchangeRaw sends bytes and reads until the proxy closes, or until there have been as many final
// responses as are awaited and nothing more comes. It says whether the connection was closed.
func (b *bed) exchangeRaw(request string, responses int) (statuses []string, closed bool) {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		b.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		b.t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	for len(statuses) < responses {
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			return statuses, true
		}
		_, _ = io.Copy(io.Discard, response.Body)
		if response.StatusCode >= 200 {
			statuses = append(statuses, fmt.Sprint(response.StatusCode))
		}
		closed = response.Close
	}
	if !closed {
		// Whoever answers what was not asked has read it as a request.
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if line, err := in.ReadString('\n'); line != "" || err == io.EOF {
			return append(statuses, "and "+line), err == io.EOF
		}
		return statuses, false
	}
	if rest, err := io.ReadAll(in); len(rest) > 0 || err != nil {
		statuses = append(statuses, fmt.Sprintf("and %q, %v", rest, err))
	}
	return statuses, true
}
