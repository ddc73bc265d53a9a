package http2

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// echo answers with the request's body, piece by piece.
func echo(st *Stream) {
	r := &message.Response{Status: 200, Fields: fields("X-Method", st.Request.Method, "x-target", st.Request.Target), ContentLength: message.Unknown}
	if !st.Request.HasBody() {
		r.ContentLength = 0
		_ = st.Respond(r, nil, true)
		return
	}
	if st.Respond(r, nil, false) != nil {
		return
	}
	for {
		piece, err := st.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || st.Body(piece, false) != nil {
			return
		}
	}
	if trailers := st.Trailers(); len(trailers) > 0 {
		_ = st.Trail(trailers)
		return
	}
	_ = st.Body(nil, true)
}

func TestServerWithOracle(t *testing.T) {
	for _, secure := range []bool{false, true} {
		config, scheme := certificate(), "https"
		if !secure {
			config, scheme = nil, "http"
		}
		t.Run(scheme, func(t *testing.T) {
			l := listen(t, config, ServerOptions{}, echo)
			client := oracle(t, secure)
			for _, size := range []int{0, 1, 1000, 16384, 70000, 1 << 20, 5 << 20} {
				sent := bytes.Repeat([]byte("abcdefghij"), size/10+1)[:size]
				request, _ := http.NewRequest("POST", fmt.Sprintf("%s://%s/path?size=%d", scheme, l.Addr(), size), bytes.NewReader(sent))
				response, err := client.Do(request)
				if err != nil {
					t.Fatalf("%d bytes: %v", size, err)
				}
				got, err := io.ReadAll(response.Body)
				if err != nil || !bytes.Equal(got, sent) {
					t.Fatalf("%d bytes: got %d, %v", size, len(got), err)
				}
				if response.ProtoMajor != 2 || response.Header.Get("X-Method") != "POST" {
					t.Fatalf("%d bytes: %v", size, response)
				}
			}
		})
	}
}
