package socket_test

import (
	"io"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/socket"
)

func TestUnread(t *testing.T) {
	cases := []struct {
		name, reason string
		class, again *socket.Class
		used         int
		same         bool
	}{
		{"all", "nothing was used, so the buffer itself goes on", socket.SmallBuffers, socket.SmallBuffers, 0, true},
		{"some", "what was used is not given again", socket.SmallBuffers, socket.SmallBuffers, 2, true},
		{"larger", "a buffer of another size is filled by copying", socket.SmallBuffers, socket.LargeBuffers, 2, false},
		{"smaller", "so is a smaller one", socket.LargeBuffers, socket.SmallBuffers, 2, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			near, far := pair(t)
			if _, err := io.WriteString(far, "hello"); err != nil {
				t.Fatal(err)
			}
			first, n, err := near.Take(c.class)
			if err != nil || n != 5 {
				t.Fatalf("got %d, %v", n, err)
			}
			near.Unread(first, c.used, n)
			if err := near.WaitRead(); err != nil {
				t.Fatal(err)
			}
			second, n, err := near.Take(c.again)
			if err != nil || string(second.Bytes[:n]) != "hello"[c.used:] || (first == second) != c.same {
				t.Fatalf("%s: got %q, %v", c.reason, second.Bytes[:n], err)
			}
			second.Free()
			if _, err := io.WriteString(far, "more"); err != nil {
				t.Fatal(err)
			}
			var more [8]byte
			if n, err := near.Read(more[:]); err != nil || string(more[:n]) != "more" {
				t.Fatalf("got %q, %v", more[:n], err)
			}
		})
	}
}

func TestUnreadIsReadInPieces(t *testing.T) {
	near, far := pair(t)
	if _, err := io.WriteString(far, "hello"); err != nil {
		t.Fatal(err)
	}
	b, n, err := near.Take(socket.SmallBuffers)
	if err != nil {
		t.Fatal(err)
	}
	near.Unread(b, 1, n)
	far.Close()
	var got []byte
	for piece := make([]byte, 3); ; {
		n, err := near.Read(piece)
		if err != nil {
			break
		}
		got = append(got, piece[:n]...)
	}
	if string(got) != "ello" {
		t.Fatalf("got %q", got)
	}
}
