package http2

import (
	"errors"
	"io"
	"net"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/http2/http2test"
	"github.com/fleetgate/fleetgate/dataplane/message"
)

// greetHandler answers with a few bytes when the request has come whole.
func greetHandler(st *Stream) {
	for {
		if _, err := st.Next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return
		}
	}
	const body = "hello, world"
	_ = st.Respond(&message.Response{Status: 200, ContentLength: int64(len(body))}, []byte(body), true)
}

func TestConformance(t *testing.T) {
	tests := []struct {
		name   string
		secure bool
		reason string
	}{
		{name: "h2c", reason: "prior knowledge"},
		{name: "h2", secure: true, reason: "TLS with ALPN"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tlsConfig := certificate()
			if !test.secure {
				tlsConfig = nil
			}
			l := listen(t, tlsConfig, ServerOptions{}, greetHandler)
			address, _ := l.Addr().(*net.TCPAddr)
			http2test.Conform(t, address.Port, test.secure)
		})
	}
}
