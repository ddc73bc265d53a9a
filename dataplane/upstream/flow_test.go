package upstream_test

import (
	"net"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

func TestFlow(t *testing.T) {
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	connector := upstream.NewConnector(upstream.Options{})
	defer connector.Close()
	endpoint := connector.Endpoint(packets.LocalAddr().String())
	flow, err := endpoint.Flow()
	if err != nil {
		t.Fatal(err)
	}
	if connector.Open() != 1 || endpoint.Gone() {
		t.Fatalf("%d open, gone: %v", connector.Open(), endpoint.Gone())
	}
	endpoint.Close()
	if !endpoint.Gone() {
		t.Fatal("the endpoint is still there")
	}
	if _, err := flow.Write([]byte("x")); err != nil {
		t.Fatalf("a flow outlives its endpoint: %v", err)
	}
	got := make([]byte, 10)
	if n, _, err := packets.ReadFrom(got); err != nil || string(got[:n]) != "x" {
		t.Fatalf("got %q, %v", got[:n], err)
	}
	for range 2 {
		_ = flow.Close()
	}
	if connector.Open() != 0 {
		t.Fatalf("%d open", connector.Open())
	}
	if _, err := connector.Endpoint("a name:53").Flow(); err == nil {
		t.Fatal("endpoints have addresses, not names")
	}
}
