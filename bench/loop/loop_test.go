package loop

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// pieceSize divides what is sent.
const pieceSize = 4 << 10

// last is the piece that ends a conversation.
var last = bytes.Repeat([]byte{'!'}, pieceSize)

// echo sends back what comes, in pieces, and finishes after the last one.
type echo struct{ closed *int }

func (echo) Opened(*Conn)              {}
func (e echo) Closed(_ *Conn, _ error) { *e.closed++ }
func (echo) Data(c *Conn, data []byte) (taken int) {
	for ; len(data)-taken >= pieceSize; taken += pieceSize {
		piece := bytes.Clone(data[taken : taken+pieceSize])
		c.Write(piece)
		if bytes.Equal(piece, last) {
			c.Finish()
			return len(data)
		}
	}
	return taken
}

func start(t *testing.T) (*Loop, func()) {
	t.Helper()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	return l, func() {
		go func() { ended <- l.Run() }()
		t.Cleanup(func() {
			l.Stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			l.Close()
		})
	}
}

func TestEcho(t *testing.T) {
	l, run := start(t)
	closed := 0
	address, err := l.Listen(netip.MustParseAddrPort("127.0.0.1:0"), func() Handler { return echo{&closed} })
	if err != nil {
		t.Fatal(err)
	}
	run()
	conn, err := net.Dial("tcp", address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// More than sockets hold: the loop has to wait for room, and what is pending must not get lost.
	const size = 16 << 20
	sent := bytes.Repeat([]byte("0123456789abcde\n"), size/16)
	go func() {
		for half := range slices.Chunk(sent, size/2) {
			time.Sleep(20 * time.Millisecond)
			_, _ = conn.Write(half)
		}
		_, _ = conn.Write(last)
	}()
	time.Sleep(100 * time.Millisecond) // in which nothing is read
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, append(sent, last...)) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
}

func TestTimers(t *testing.T) {
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var order []int
	now := time.Now()
	l.At(now.Add(30*time.Millisecond), func() { order = append(order, 3); l.Stop() })
	l.At(now.Add(10*time.Millisecond), func() { order = append(order, 1) })
	l.At(now.Add(20*time.Millisecond), func() { order = append(order, 2) })
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(order, []int{1, 2, 3}) || time.Since(now) < 30*time.Millisecond {
		t.Errorf("%v after %v", order, time.Since(now))
	}
}
