package responder_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/e2e/backend/responder"
)

func TestACallIsAnsweredWithOneMessage(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- responder.Serve(ctx, l, &responder.Responder{Identity: responder.Identity{Service: "echo"}}, time.Second)
	}()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	defer func() {
		transport.CloseIdleConnections()
		stop()
		<-ended
	}()
	for path, want := range map[string]string{"/a.B/C": "0", "/a.B/C?status=503": "14"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+l.Addr().String()+path, strings.NewReader("\x00\x00\x00\x00\x02{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/grpc+json")
		res, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || len(body) < 5 || int(body[3])<<8+int(body[4]) != len(body)-5 {
			t.Fatalf("%s: message %q, %v", path, body, err)
		}
		var got responder.Answer
		if err := json.Unmarshal(body[5:], &got); err != nil || got.Service != "echo" || got.Path != "/a.B/C" {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
		if code := res.Trailer.Get("Grpc-Status"); code != want || res.StatusCode != http.StatusOK {
			t.Errorf("%s: grpc-status %q with HTTP %d, want %s", path, code, res.StatusCode, want)
		}
	}
}

func TestADatagramIsAnsweredWithItsText(t *testing.T) {
	c, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- responder.ServePackets(ctx, c, responder.Identity{Service: "packets"}) }()
	client, err := (&net.Dialer{}).DialContext(t.Context(), "udp", c.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	_ = client.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(client, "hello"); err != nil {
		t.Fatal(err)
	}
	in := make([]byte, 1024)
	n, err := client.Read(in)
	if err != nil {
		t.Fatal(err)
	}
	var got responder.Datagram
	if err := json.Unmarshal(in[:n], &got); err != nil || got.Service != "packets" || got.Text != "hello" || got.Remote != client.LocalAddr().String() {
		t.Errorf("got %+v, %v", got, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}
