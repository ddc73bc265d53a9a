package datagram_test

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fleetgate/fleetgate/dataplane/datagram"
)

var began = time.Unix(1000, 0)

func key(n int) datagram.Key {
	return datagram.Key{Client: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 1000)}
}

// full adds sessions in order, one a millisecond, and answers those that are named. It gives the time after it.
func full(t *datagram.Table[int], n int, answered func(int) bool) time.Time {
	now := began
	for i := range n {
		now = now.Add(time.Millisecond)
		s := t.Add(key(i), now)
		s.Value = i
		if answered(i) {
			t.Answer(s, now)
		}
	}
	return now
}

func TestWhoGoesFirst(t *testing.T) {
	all := func(int) bool { return true }
	none := func(int) bool { return false }
	cases := []struct {
		name, reason string
		answered     func(int) bool
		change       func(*datagram.Table[int], time.Time)
		later        time.Duration
		want         int
	}{
		{"flood", "the oldest that never had an answer", func(i int) bool { return i < 3 }, nil, 0, 3},
		{"few wait", "who waits for an answer is no flood yet", func(i int) bool { return i != 5 }, nil, 0, 0},
		{"few waited too long", "who got none for long", func(i int) bool { return i != 5 }, nil, datagram.Patience, 5},
		{"all answered", "the one that was silent longest", all, func(t *datagram.Table[int], now time.Time) { t.Heard(t.Find(key(0)), now) }, 0, 1},
		{"none answered", "the one that was silent longest", none, func(t *datagram.Table[int], now time.Time) { t.Heard(t.Find(key(0)), now) }, 0, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			table := datagram.NewTable[int](10)
			now := full(table, 10, c.answered)
			if c.change != nil {
				c.change(table, now)
			}
			if s := table.Surplus(now); s != nil {
				t.Fatalf("session %d is said to be too many", s.Value)
			}
			now = now.Add(c.later + time.Millisecond)
			table.Add(key(10), now)
			if s := table.Surplus(now); s == nil || s.Value != c.want {
				t.Fatalf("%s: got %+v, want %d", c.reason, s, c.want)
			}
		})
	}
}

// TestFloods keeps that clients that are answered keep their sessions in a flood without answers, and that new
// clients live to see theirs in a flood that is answered, as one of questions to a name server is.
func TestFloods(t *testing.T) {
	for name, answered := range map[string]bool{"without answers": false, "with answers": true} {
		t.Run(name, func(t *testing.T) {
			const limit, latency = 1000, 50
			table := datagram.NewTable[int](limit)
			now := full(table, limit/10, func(int) bool { return true })
			var waiting []datagram.Key
			for i := range 20 * limit {
				now = now.Add(10 * time.Microsecond)
				table.Add(key(limit+i), now)
				waiting = append(waiting, key(limit+i))
				for s := table.Surplus(now); s != nil; s = table.Surplus(now) {
					table.Remove(s)
				}
				if i < latency {
					continue
				}
				// The answer to who came some datagrams ago.
				s := table.Find(waiting[i-latency])
				if s == nil {
					t.Fatalf("session %d went before its answer came", i-latency)
				}
				if answered || i%100 == 0 {
					table.Answer(s, now)
				}
			}
			for i := range limit / 10 {
				if !answered && table.Find(key(i)) == nil {
					t.Fatalf("session %d, which was answered, went for those that were not", i)
				}
			}
			if table.Len() != limit {
				t.Fatalf("%d sessions", table.Len())
			}
		})
	}
}

func TestIdle(t *testing.T) {
	table := datagram.NewTable[int](10)
	now := full(table, 4, func(i int) bool { return i%2 == 0 })
	table.Heard(table.Find(key(1)), now.Add(time.Minute))
	table.Answer(table.Find(key(2)), now.Add(time.Minute))
	gone := map[int]bool{}
	for s := table.Idle(now); s != nil; s = table.Idle(now) {
		gone[s.Value] = true
		table.Remove(s)
	}
	if len(gone) != 2 || !gone[0] || !gone[3] || table.Len() != 2 {
		t.Fatalf("got %v", gone)
	}
}

// TestTableProperties holds the table against a plain map, whatever is done with it.
func TestTableProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := datagram.NewTable[int](8)
		known, now := map[datagram.Key]bool{}, began
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 800).Draw(t, "wait")) * time.Millisecond)
			k := key(rapid.IntRange(0, 20).Draw(t, "key"))
			s := table.Find(k)
			if (s != nil) != known[k] {
				t.Fatalf("%v is there: %v, want %v", k, s != nil, known[k])
			}
			switch what := rapid.IntRange(0, 3).Draw(t, "what"); {
			case s == nil:
				table.Add(k, now)
				known[k] = true
			case what == 0:
				table.Remove(s)
				delete(known, k)
			case what == 1:
				table.Answer(s, now)
			default:
				table.Heard(s, now)
			}
			for s := table.Surplus(now); s != nil; s = table.Surplus(now) {
				table.Remove(s)
				delete(known, s.Key)
			}
			if table.Len() != len(known) || table.Len() > 8 {
				t.Fatalf("%d sessions, want %d", table.Len(), len(known))
			}
		}
	})
}
