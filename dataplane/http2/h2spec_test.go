package http2

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/summerwind/h2spec/config"
	"github.com/summerwind/h2spec/generic"
	"github.com/summerwind/h2spec/hpack"
	"github.com/summerwind/h2spec/http2"
	"github.com/summerwind/h2spec/spec"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// greet answers with a few bytes when the request has come whole.
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

// TestConformance runs all of h2spec, its strict part included.
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
			c := &config.Config{
				Host: "127.0.0.1", Port: address.Port, Path: "/", Timeout: 3 * time.Second, MaxHeaderLen: 4000,
				Strict: true, TLS: test.secure, Insecure: true,
			}
			count := 0
			for _, group := range []*spec.TestGroup{generic.Spec(), http2.Spec(), hpack.Spec()} {
				conform(t, c, group, &count)
			}
			t.Log(count, "cases")
			if count < 140 {
				t.Errorf("%d cases: some were left out", count)
			}
		})
	}
}

func conform(t *testing.T, c *config.Config, group *spec.TestGroup, count *int) {
	for _, test := range append(group.Tests, group.StrictTests...) {
		*count++
		t.Run(strings.ReplaceAll(group.ID()+": "+test.Desc, "/", " "), func(t *testing.T) {
			conn, err := spec.Dial(c)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			err = test.Run(c, conn)
			if err != nil {
				t.Errorf("%s\n%v", test.Requirement, err)
			}
			if errors.Is(err, spec.ErrSkipped) {
				t.Error("skipped")
			}
		})
	}
	for _, sub := range group.Groups {
		conform(t, c, sub, count)
	}
}
