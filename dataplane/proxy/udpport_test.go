package proxy_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// TestFloodFromForgedPorts keeps that a flood of clients who are never answered is bounded, costs those who are
// answered nothing, and lets new ones in.
func TestFloodFromForgedPorts(t *testing.T) {
	const limit = 64
	b := start(t, udpSnapshot(udpBackend(t, func(_ string, datagram []byte) []byte {
		if string(datagram) == "flood" {
			return nil
		}
		return datagram
	})), func(o *proxy.Options) { o.MaxSessions = limit })
	old := b.udpClient()
	old.ask("old")
	port := old.LocalAddr().String()
	var running sync.WaitGroup
	stop := make(chan struct{})
	running.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if conn, err := net.Dial("udp", b.addrUDP(53)); err == nil {
				_, _ = conn.Write([]byte("flood"))
				conn.Close()
			}
			if i%8 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
	})
	for i := range 20 {
		sent := fmt.Sprint("new ", i)
		if got := b.udpClient().ask(sent); got != sent {
			t.Fatalf("got %q", got)
		}
		if n := b.Sessions(); n > limit {
			t.Fatalf("%d sessions", n)
		}
	}
	b.udpRecords(3 * limit)
	old.ask("old")
	close(stop)
	running.Wait()
	evicted := 0
	for _, record := range b.udpRecords(0) {
		if record["reason"] == "evicted" {
			evicted++
		}
		if record["datagrams_down"].(float64) > 0 {
			t.Fatalf("a session that was answered went for a flood: %v", record)
		}
	}
	if evicted < limit {
		t.Fatalf("%d sessions were evicted", evicted)
	}
	if got := old.LocalAddr().String(); got != port {
		t.Fatal("not the same client")
	}
}

// TestPortsShareSessions keeps that the bound is one for all ports.
func TestPortsShareSessions(t *testing.T) {
	s := udpSnapshot(namedUDP(t, "a"))
	b := start(t, s, func(o *proxy.Options) { o.MaxSessions = 10 })
	for range 10 {
		b.udpClient().ask("x")
	}
	b.udpSessions(10)
	two := udpSnapshot(s.Endpoints["dns/udp"]...)
	two.Root.Listeners = append(two.Root.Listeners, config.Listener{Name: "more", Port: 54, Protocol: config.UDP})
	b.apply(two)
	b.udpSessions(5)
}

// TestTCPAndUDPOfOneNumber keeps that a port of TCP and one of UDP have nothing in common.
func TestTCPAndUDPOfOneNumber(t *testing.T) {
	s := udpSnapshot(namedUDP(t, "a"))
	s.Root.Listeners = append([]config.Listener{{Name: "tcp", Port: 53, Protocol: config.TCP}}, s.Root.Listeners...)
	s.Chunks[0].Hosts = append(s.Chunks[0].Hosts, config.Host{Listener: "tcp", Rules: []config.Rule{prefixRule("n/tcp", "/", "tcp")}})
	s.Chunks[0].Pools = append(s.Chunks[0].Pools, config.Pool{Key: "tcp", Namespace: "n", Service: "tcp", Port: 53})
	s.Endpoints["tcp"] = []config.Endpoint{saying(t, "tcp")}
	b := start(t, s)
	if got := b.udpClient().ask("x"); got != "a:x" {
		t.Fatalf("got %q", got)
	}
	conn, err := net.Dial("tcp", b.addr(53))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	got := make([]byte, 3)
	if _, err := conn.Read(got); err != nil || string(got) != "tcp" {
		t.Fatalf("got %q, %v", got, err)
	}
	b.apply(udpSnapshot(s.Endpoints["dns/udp"]...))
	if conn, err := net.Dial("tcp", b.addr(53)); err == nil {
		conn.Close()
		t.Fatal("the port of TCP is still open")
	}
	if got := b.udpClient().ask("x"); got != "a:x" {
		t.Fatalf("got %q", got)
	}
}

// TestUDPPortThatIsGone keeps that a port is free when its listener is gone, and its sessions are over.
func TestUDPPortThatIsGone(t *testing.T) {
	s := udpSnapshot(namedUDP(t, "a"))
	b := start(t, s)
	b.udpClient().ask("x")
	address := b.addrUDP(53)
	b.apply(proxy.Snapshot{Root: config.Root{Version: 1, Gateway: "n/gw"}})
	if b.Sessions() != 0 {
		t.Fatalf("%d sessions", b.Sessions())
	}
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if record := b.udpRecords(1)[0]; record["reason"] != "drained" {
		t.Fatalf("got %v", record)
	}
	b.apply(s)
	if got := b.udpClient().ask("x"); got != "a:x" {
		t.Fatalf("got %q", got)
	}
}

// TestDrainOfUDP keeps that those who speak are served while there is time, and that nobody else holds the end up.
func TestDrainOfUDP(t *testing.T) {
	b := start(t, udpSnapshot(namedUDP(t, "a")), func(o *proxy.Options) { o.DrainTimeout = time.Minute })
	speaking, silent := b.udpClient(), b.udpClient()
	speaking.ask("x")
	silent.ask("x")
	ended := b.runAndStop()
	for deadline := time.Now().Add(20 * time.Second); b.Sessions() != 1; time.Sleep(50 * time.Millisecond) {
		speaking.ask("y")
		if time.Now().After(deadline) {
			t.Fatalf("%d sessions", b.Sessions())
		}
	}
	if _, err := b.udpClient().Write([]byte("z")); err != nil {
		t.Fatal(err)
	}
	speaking.ask("y")
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Fatal("silent sessions hold the end up")
	}
}

// TestAnswersComeFromWhereTheyWereAsked keeps that a socket of all addresses answers from the one that a client knows.
func TestAnswersComeFromWhereTheyWereAsked(t *testing.T) {
	for _, network := range []string{"udp4", "udp"} {
		t.Run(network, func(t *testing.T) {
			var port string
			b := start(t, udpSnapshot(namedUDP(t, "a")), func(o *proxy.Options) {
				o.ListenPacket = func(ctx context.Context, _ int32) (net.PacketConn, error) {
					var config net.ListenConfig
					conn, err := config.ListenPacket(ctx, network, ":0")
					if err == nil {
						_, port, _ = net.SplitHostPort(conn.LocalAddr().String())
					}
					return conn, err
				}
			})
			addresses := []string{"127.0.0.1", "127.0.0.2"}
			if network == "udp" {
				addresses = append(addresses, "::1")
			}
			for _, address := range addresses {
				conn, err := net.Dial("udp", net.JoinHostPort(address, port))
				if err != nil {
					t.Skipf("no %s here: %v", address, err)
				}
				defer conn.Close()
				// A socket that is connected takes nothing that comes from another address.
				if got := (&udpClient{b.t, conn}).ask("x"); got != "a:x" {
					t.Fatalf("%s: got %q", address, got)
				}
			}
		})
	}
}
