package proxy_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// udpSnapshot is a listener of UDP on port 53 that goes to the pool "dns/udp".
func udpSnapshot(endpoints ...config.Endpoint) proxy.Snapshot {
	s := passingSnapshot(nil, config.Listener{Name: "udp", Port: 53, Protocol: config.UDP})
	s.Chunks[0].Pools = []config.Pool{{Key: "dns/udp", Namespace: "n", Service: "dns", Port: 53, Transport: config.TransportUDP}}
	s.Chunks[0].Hosts[0].Rules[0].Backends[0].Pool = "dns/udp"
	s.Endpoints = map[string][]config.Endpoint{"dns/udp": endpoints}
	return s
}

// udpBackend is a backend that answers each datagram with what answer gives, if it gives anything.
func udpBackend(t *testing.T, answer func(from string, datagram []byte) []byte) config.Endpoint {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		buffer := make([]byte, 1<<16)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if got := answer(fmt.Sprint(from), buffer[:n]); err == nil && got != nil {
				_, _ = conn.WriteTo(got, from)
			}
		}
	})
	t.Cleanup(func() { conn.Close(); running.Wait() })
	return endpointOf(t, conn.LocalAddr().String())
}

// namedUDP is a backend that puts its name before what it got.
func namedUDP(t *testing.T, name string) config.Endpoint {
	t.Helper()
	return udpBackend(t, func(_ string, datagram []byte) []byte { return append([]byte(name+":"), datagram...) })
}

// udpClient is a client of UDP with a port of its own.
type udpClient struct {
	t *testing.T
	net.Conn
}

func (b *bed) udpClient() *udpClient {
	b.t.Helper()
	conn, err := net.Dial("udp", b.addrUDP(53))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { conn.Close() })
	return &udpClient{b.t, conn}
}

// ask sends until there is an answer, which it gives.
func (c *udpClient) ask(datagram string) string {
	c.t.Helper()
	got := make([]byte, 1<<16)
	for range 100 {
		if _, err := c.Write([]byte(datagram)); err != nil {
			c.t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		if n, err := c.Read(got); err == nil {
			return string(got[:n])
		}
	}
	c.t.Fatalf("no answer to %.20q", datagram)
	return ""
}

// udpSessions waits for a number of sessions.
func (b *bed) udpSessions(want int64) {
	b.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); b.Sessions() != want; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("%d sessions, want %d", b.Sessions(), want)
		}
	}
}

// udpRecords waits for a number of records of sessions.
func (b *bed) udpRecords(n int) []map[string]any {
	b.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var found []map[string]any
		for _, record := range b.log.records(b.t) {
			if _, ok := record["datagrams_up"]; ok {
				found = append(found, record)
			}
		}
		if len(found) >= n {
			return found
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("got %d records of sessions, want %d", len(found), n)
		}
	}
}

func TestUDPIsPassedOn(t *testing.T) {
	const clients, datagrams = 200, 20
	b := start(t, udpSnapshot(namedUDP(t, "a")), func(o *proxy.Options) { o.SessionTimeout = 300 * time.Millisecond })
	var running sync.WaitGroup
	for i := range clients {
		c := b.udpClient()
		running.Go(func() {
			for j := range datagrams {
				sent := fmt.Sprintf("%d of %d", j, i)
				for got := c.ask(sent); got != "a:"+sent; got = c.ask(sent) {
					if !strings.HasSuffix(got, fmt.Sprintf(" of %d", i)) {
						t.Errorf("client %d got %q", i, got)
						return
					}
				}
			}
		})
	}
	running.Wait()
	b.udpSessions(0) // each has been idle
	up := 0.0
	for _, record := range b.udpRecords(clients) {
		if record["listener"] != "udp" || record["route"] != "n/udp" || record["backend"] != "dns/udp" || record["reason"] != "" || record["endpoint"] == "" {
			t.Fatalf("got %v", record)
		}
		up += record["datagrams_up"].(float64)
	}
	if up < clients*datagrams {
		t.Fatalf("%v datagrams were passed on", up)
	}
}

// TestDatagramsOfAnySize keeps that datagrams stay whole, those without anything in them too.
func TestDatagramsOfAnySize(t *testing.T) {
	sizes := make(chan int, 100)
	b := start(t, udpSnapshot(udpBackend(t, func(_ string, datagram []byte) []byte { sizes <- len(datagram); return datagram })))
	c := b.udpClient()
	for _, size := range []int{0, 1, 1500, 65507} {
		if got := c.ask(strings.Repeat("x", size)); len(got) != size {
			t.Fatalf("got %d bytes, want %d", len(got), size)
		}
		for got := <-sizes; got != size; got = <-sizes {
			continue
		}
	}
}

// TestUDPIsSplitByWeight keeps that sessions are shared out exactly, and that a session stays where it is.
func TestUDPIsSplitByWeight(t *testing.T) {
	s := udpSnapshot(namedUDP(t, "a"))
	split(s, []config.Backend{{Pool: "dns/udp", Weight: 7}, {Pool: "b/udp", Weight: 2}, {Pool: "none", Weight: 0}, {Pool: "gone", Weight: 1, Invalid: "it is not there"}},
		map[string][]config.Endpoint{"b/udp": {namedUDP(t, "b")}})
	b := start(t, s, func(o *proxy.Options) { o.SessionTimeout = time.Second })
	for range 1000 { // all at a time, since a port that is used again is the same session
		c := b.udpClient()
		_, _ = c.Write([]byte("x"))
		_, _ = c.Write([]byte("x"))
	}
	counts := map[any]int{}
	for _, record := range b.udpRecords(1000) {
		counts[record["backend"]]++
		up := 2.0
		if record["backend"] == "gone" {
			up = 0
		}
		if record["datagrams_up"] != up || (record["reason"] == "it is not there") != (up == 0) {
			t.Fatalf("got %v", record)
		}
	}
	if counts["dns/udp"] != 700 || counts["b/udp"] != 200 || counts["gone"] != 100 {
		t.Fatalf("got %v", counts)
	}
}

// TestUDPThatIsNotPassedOn keeps that there is one record for each client whatever it sends, and that
// a client whose backend comes is served.
func TestUDPThatIsNotPassedOn(t *testing.T) {
	cases := []struct {
		name, reason string
		change       func(*proxy.Snapshot)
	}{
		{"no rule", "no_route", func(s *proxy.Snapshot) { s.Chunks[0].Hosts = nil }},
		{"broken rule", "it is broken", func(s *proxy.Snapshot) { s.Chunks[0].Hosts[0].Rules[0].Broken = "it is broken" }},
		{"no backend", "no_backend", func(s *proxy.Snapshot) { s.Chunks[0].Hosts[0].Rules[0].Backends = nil }},
		{"no pool", "unknown_pool", func(s *proxy.Snapshot) { s.Chunks[0].Pools = nil }},
		{"no endpoint", "no_endpoint", func(s *proxy.Snapshot) { s.Endpoints = map[string][]config.Endpoint{} }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			endpoint := namedUDP(t, "a")
			s := udpSnapshot(endpoint)
			c.change(&s)
			b := start(t, s, func(o *proxy.Options) { o.SessionTimeout = 200 * time.Millisecond })
			client := b.udpClient()
			for range 3 {
				_, _ = client.Write([]byte("x"))
			}
			if record := b.udpRecords(1)[0]; record["reason"] != c.reason || record["datagrams_up"].(float64) != 0 {
				t.Fatalf("got %v", record)
			}
			_, _ = client.Write([]byte("x"))
			b.apply(udpSnapshot(endpoint))
			if got := client.ask("y"); got != "a:y" && got != "a:x" {
				t.Fatalf("got %q", got)
			}
		})
	}
}

func TestOneWayUDP(t *testing.T) {
	heard := make(chan string, 100)
	b := start(t, udpSnapshot(udpBackend(t, func(_ string, datagram []byte) []byte { heard <- string(datagram); return nil })),
		func(o *proxy.Options) { o.SessionTimeout = 200 * time.Millisecond })
	_, _ = b.udpClient().Write([]byte("a line of a log"))
	if got := <-heard; got != "a line of a log" {
		t.Fatalf("got %q", got)
	}
	if record := b.udpRecords(1)[0]; record["reason"] != "no_answer" || record["bytes_up"].(float64) != 15 {
		t.Fatalf("got %v", record)
	}
}

// TestSessionsStayWhereTheyAre keeps that a change of the configuration moves no session whose endpoint is still there, not
// even one that has its pool made anew, and that a session whose endpoint is gone gets another one.
func TestSessionsStayWhereTheyAre(t *testing.T) {
	endpoints := map[string]config.Endpoint{}
	list := []config.Endpoint{}
	for _, name := range []string{"a", "b", "c"} {
		endpoints[name] = namedUDP(t, name)
		list = append(list, endpoints[name])
	}
	b := start(t, udpSnapshot(list...))
	clients := map[*udpClient]string{}
	for range 30 {
		c := b.udpClient()
		clients[c], _, _ = strings.Cut(c.ask("x"), ":")
	}
	stay := func(when string, but ...string) {
		t.Helper()
		for c, name := range clients {
			got, _, _ := strings.Cut(c.ask("x"), ":")
			moves := len(but) > 0 && but[0] == name
			if moves == (got == name) {
				t.Fatalf("%s: a session of %s went to %s", when, name, got)
			}
			clients[c] = got
		}
	}
	b.apply(udpSnapshot(list...))
	stay("the same again")
	same := udpSnapshot(list...)
	same.Chunks[0].Hosts[0].Rules[0].Index = 3
	split(same, []config.Backend{{Pool: "other", Weight: 1}, {Pool: "dns/udp", Weight: 1}}, map[string][]config.Endpoint{"other": {endpoints["a"]}})
	b.apply(same)
	stay("another rule with the same backend")
	slow := udpSnapshot(list...)
	slow.Chunks[0].Pools[0].Balance = config.BalanceRoundRobin
	b.apply(slow)
	stay("a pool that is made anew")
	list = []config.Endpoint{endpoints["a"], endpoints["c"]}
	slow.Endpoints = map[string][]config.Endpoint{"dns/udp": list}
	b.apply(slow)
	stay("an endpoint that is gone", "b")
	if b.Sessions() != 30 {
		t.Fatalf("%d sessions", b.Sessions())
	}
	other := udpSnapshot(namedUDP(t, "other"))
	other.Chunks[0].Pools[0].Key, other.Chunks[0].Hosts[0].Rules[0].Backends[0].Pool = "other/udp", "other/udp"
	other.Endpoints["other/udp"] = other.Endpoints["dns/udp"]
	b.apply(other)
	for c := range clients {
		for got := c.ask("y"); got != "other:y"; got = c.ask("y") {
			if !strings.HasSuffix(got, ":x") { // an answer that was on its way
				t.Fatalf("got %q", got)
			}
		}
	}
}

// TestNobodyTakesDatagrams keeps that a session gets on when its endpoint says that nobody listens.
func TestNobodyTakesDatagrams(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := endpointOf(t, conn.LocalAddr().String())
	conn.Close()
	s := udpSnapshot(nobody, namedUDP(t, "a"))
	s.Chunks[0].Pools[0].Balance = config.BalanceRoundRobin
	b := start(t, s)
	for range 10 {
		if got := b.udpClient().ask("x"); got != "a:x" {
			t.Fatalf("got %q", got)
		}
	}
}
