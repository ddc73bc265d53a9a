package socket_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// sleeper notes how it was woken.
type sleeper chan bool

func (s sleeper) Wake(over bool) { s <- over }

func newLot(t *testing.T, period time.Duration) *socket.Lot {
	t.Helper()
	l := socket.NewLot(period)
	t.Cleanup(l.Close)
	return l
}

// woken gives what the waiter was told.
func (s sleeper) woken(t *testing.T) (over bool) {
	t.Helper()
	select {
	case over = <-s:
		return over
	case <-time.After(10 * time.Second):
		t.Fatal("the waiter was not told")
		return false
	}
}

func TestParkedConnectionsAreWoken(t *testing.T) {
	cases := []struct {
		name, reason string
		before       bool // before it is parked
		do           func(*net.TCPConn) error
		until        time.Duration
		over         bool
	}{
		{
			name: "bytes", reason: "a request comes while the connection is parked", until: time.Hour,
			do: func(far *net.TCPConn) error { _, err := far.Write([]byte("x")); return err },
		},
		{
			name: "bytes before", reason: "a request that came just before must not be slept through", until: time.Hour, before: true,
			do: func(far *net.TCPConn) error { _, err := far.Write([]byte("x")); return err },
		},
		{
			name: "end", reason: "a connection that the client has closed must not be kept", until: time.Hour,
			do: (*net.TCPConn).CloseWrite,
		},
		{
			name: "reset", reason: "nor one that it has reset", until: time.Hour,
			do: func(far *net.TCPConn) error { _ = far.SetLinger(0); return far.Close() },
		},
		{
			name: "time", reason: "nor one that is idle for too long", until: 20 * time.Millisecond, over: true,
			do: func(*net.TCPConn) error { return nil },
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := newLot(t, 10*time.Millisecond)
			near, far := pair(t)
			for round := range 2 {
				s := make(sleeper, 2)
				if c.before {
					if err := c.do(far); err != nil {
						t.Fatal(err)
					}
				}
				if err := l.Park(near, s, time.Now().Add(c.until)); err != nil {
					t.Fatalf("%s: round %d: %v", c.reason, round, err)
				}
				if !c.before {
					_ = c.do(far) // fails in the second round, when the first has closed it
				}
				if over := s.woken(t); over != c.over {
					t.Fatalf("%s: over is %v", c.reason, over)
				}
				if l.Parked() != 0 || l.Leave(near) {
					t.Fatalf("%s: it is parked still", c.reason)
				}
				if len(s) > 0 {
					t.Fatalf("%s: the waiter was told twice", c.reason)
				}
			}
		})
	}
}

func TestLeavingTheLot(t *testing.T) {
	l := newLot(t, time.Millisecond)
	near, far := pair(t)
	other, otherFar := pair(t)
	s, otherSleeper := make(sleeper, 1), make(sleeper, 1)
	if l.Leave(near) {
		t.Fatal("it was never parked")
	}
	for c, s := range map[*socket.Conn]sleeper{near: s, other: otherSleeper} {
		if err := l.Park(c, s, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if !l.Leave(near) || l.Leave(near) || l.Parked() != 1 {
		t.Fatal("it leaves once")
	}
	for _, end := range []*net.TCPConn{far, otherFar} {
		if _, err := end.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	otherSleeper.woken(t)
	if len(s) > 0 {
		t.Fatal("who has left must not be told")
	}
	if n, err := near.Read(make([]byte, 8)); n != 1 || err != nil {
		t.Fatalf("got %d, %v: the connection is as it was", n, err)
	}
}

// TestClosedWhileParked keeps that whoever closes a parked connection can take it out, and that another one
// with the same descriptor is not taken for it.
func TestClosedWhileParked(t *testing.T) {
	l := newLot(t, time.Millisecond)
	near, _ := pair(t)
	if err := l.Park(near, make(sleeper, 1), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := near.Close(); err != nil {
		t.Fatal(err)
	}
	next, far := pair(t)
	s := make(sleeper, 1)
	if err := l.Park(next, s, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if !l.Leave(near) {
		t.Fatal("a closed connection is parked until it is taken out")
	}
	if _, err := far.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	s.woken(t)
}

func TestNoParking(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	l := socket.NewLot(time.Second)
	if err := l.Park(socket.New(near), make(sleeper, 1), time.Now()); !errors.Is(err, socket.ErrNoSocket) {
		t.Fatalf("got %v for what is no socket", err)
	}
	l.Close()
	conn, _ := pair(t)
	if err := l.Park(conn, make(sleeper, 1), time.Now()); !errors.Is(err, socket.ErrLotClosed) {
		t.Fatalf("got %v", err)
	}
	if _, err := conn.Write([]byte("x")); err != nil || errors.Is(err, io.EOF) {
		t.Fatalf("the connection is still the caller's, but %v", err)
	}
}
