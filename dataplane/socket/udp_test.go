package socket_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// udpPort gives a port that was taken over, and its number.
func udpPort(t *testing.T, network, address string) (*socket.UDPPort, uint16) {
	t.Helper()
	packets, err := net.ListenPacket(network, address)
	if err != nil {
		t.Skipf("no %s here: %v", network, err)
	}
	number := packets.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	port, err := socket.TakeUDP(packets.(*net.UDPConn))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = port.Close() })
	return port, number
}

// udpSet gives a set that a port is in as number 0.
func udpSet(t *testing.T, port *socket.UDPPort) *socket.UDPSet {
	t.Helper()
	set, err := socket.NewUDPSet()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	if err := set.AddPort(port, 0); err != nil {
		t.Fatal(err)
	}
	_ = set.SetDeadline(time.Now().Add(20 * time.Second))
	return set
}

func awaited(t *testing.T, set *socket.UDPSet, token uint64) {
	t.Helper()
	tokens, err := set.Wait()
	if err != nil || len(tokens) != 1 || tokens[0] != token {
		t.Fatalf("got %v, %v, want %d", tokens, err, token)
	}
}

// TestUDPTellsWhereItWasAsked keeps that a port of all addresses knows which one a datagram was sent to, and that
// it can answer from there.
func TestUDPTellsWhereItWasAsked(t *testing.T) {
	cases := []struct{ name, network, address, to, local string }{
		{"IPv4", "udp4", ":0", "127.0.0.2", "127.0.0.2"},
		{"one address", "udp4", "127.0.0.3:0", "127.0.0.3", "127.0.0.3"},
		{"IPv4 on both", "udp", ":0", "127.0.0.2", "::ffff:127.0.0.2"},
		{"IPv6 on both", "udp", ":0", "::1", "::1"},
		{"IPv6", "udp6", "[::1]:0", "::1", "::1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			port, number := udpPort(t, c.network, c.address)
			set := udpSet(t, port)
			buffer := make([]byte, 1<<16)
			if _, err := port.Receive(buffer); !errors.Is(err, socket.ErrNothing) {
				t.Fatalf("got %v", err)
			}
			flow, err := socket.DialUDP(netip.AddrPortFrom(netip.MustParseAddr(c.to), number))
			if err != nil {
				t.Skip(err)
			}
			t.Cleanup(func() { _ = flow.Close() })
			if err := set.AddFlow(flow, 1<<40); err != nil {
				t.Fatal(err)
			}
			for _, sent := range []string{"hello", ""} {
				if _, err := flow.Write([]byte(sent)); err != nil {
					t.Fatal(err)
				}
				awaited(t, set, 0)
				d, err := port.Receive(buffer)
				if err != nil || string(buffer[:d.Size]) != sent || d.Local.String() != c.local {
					t.Fatalf("got %+v, %v", d, err)
				}
				if err := port.Send([]byte("answer to "+sent), d.From, d.Local); err != nil {
					t.Fatal(err)
				}
				awaited(t, set, 1<<40)
				n, err := flow.Read(buffer)
				if err != nil || string(buffer[:n]) != "answer to "+sent {
					t.Fatalf("got %q, %v", buffer[:n], err)
				}
			}
		})
	}
}

// TestUDPFlowThatNobodyTakes keeps that it is told as something to read.
func TestUDPFlowThatNobodyTakes(t *testing.T) {
	port, _ := udpPort(t, "udp4", "127.0.0.1:0")
	nobody, number := udpPort(t, "udp4", "127.0.0.1:0")
	_ = nobody.Close()
	set := udpSet(t, port)
	flow, err := socket.DialUDP(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), number))
	if err != nil {
		t.Fatal(err)
	}
	defer flow.Close()
	if err := set.AddFlow(flow, 7); err != nil {
		t.Fatal(err)
	}
	_, _ = flow.Write([]byte("x"))
	awaited(t, set, 7)
	if _, err := flow.Read(make([]byte, 10)); !socket.Unreachable(err) {
		t.Fatalf("got %v", err)
	}
	if _, err := flow.Write(make([]byte, 1<<16)); !errors.Is(err, syscall.EMSGSIZE) || socket.Unreachable(err) || socket.Exhausted(err) {
		t.Fatalf("what is too large is nobody's fault: got %v", err)
	}
}

// TestUDPSetWakes keeps that a wait ends by its deadline, set by another goroutine, whatever is there to read.
func TestUDPSetWakes(t *testing.T) {
	port, number := udpPort(t, "udp4", "127.0.0.1:0")
	set := udpSet(t, port)
	go func() { _ = set.SetDeadline(time.Unix(1, 0)) }()
	if _, err := set.Wait(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	flow, err := socket.DialUDP(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), number))
	if err != nil {
		t.Fatal(err)
	}
	defer flow.Close()
	_, _ = flow.Write([]byte("x"))
	if _, err := set.Wait(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	_ = set.SetDeadline(time.Time{})
	awaited(t, set, 0)
}

// TestUDPAllocatesNothing keeps that a datagram costs no memory.
func TestUDPAllocatesNothing(t *testing.T) {
	port, number := udpPort(t, "udp", ":0")
	set := udpSet(t, port)
	flow, err := socket.DialUDP(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), number))
	if err != nil {
		t.Fatal(err)
	}
	defer flow.Close()
	buffer, sent := make([]byte, 1<<16), make([]byte, 100)
	allocated := testing.AllocsPerRun(100, func() {
		_, _ = flow.Write(sent)
		_, _ = set.Wait()
		d, err := port.Receive(buffer)
		if err == nil {
			_ = port.Send(buffer[:d.Size], d.From, d.Local)
			_, _ = flow.Read(buffer)
		}
	})
	if allocated > 0 {
		t.Fatalf("%v allocations", allocated)
	}
}
