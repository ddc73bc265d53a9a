package local

import (
	"fmt"
	"net/netip"
	"os"
	"sync/atomic"

	"github.com/fleetgate/fleetgate/internal/world"
)

const (
	maxMembers = 50
	// maxAddresses is how many proxies one run can have had.
	maxAddresses = 254
)

// runs counts the runs of this process.
var runs atomic.Int32

// place is one proxy's.
type place struct {
	gateway world.Name
	member  string
}

// addresses gives each Gateway of each member a loopback address of its own, so that proxies can bind the
// listeners' real ports. An address is not given twice while the run lives.
type addresses struct {
	mode   Mode
	listen netip.Addr
	base   [4]byte
	given  map[place]int
}

// newAddresses takes 127.32.0.0/12 in blocks of 256, by process, so that runs do not meet.
func newAddresses(o Options) *addresses {
	block := (os.Getpid() + int(runs.Add(1)) - 1) % (16 * 256)
	return &addresses{
		mode: o.Mode, listen: o.Listen, given: map[place]int{},
		base: [4]byte{127, byte(32 + block/256), byte(block % 256), 0},
	}
}

// of is the address of a Gateway's proxy in a member.
func (a *addresses) of(gateway world.Name, member string) (netip.Addr, error) {
	p := place{gateway, member}
	n, known := a.given[p]
	if !known {
		n = len(a.given)
		if n >= maxAddresses {
			return netip.Addr{}, fmt.Errorf("no address is left for Gateway %s: restart after %d proxies", gateway, maxAddresses)
		}
		a.given[p] = n
	}
	if a.mode == Emulator {
		next := a.base
		next[3] = byte(n + 1)
		return netip.AddrFrom4(next), nil
	}
	address := a.listen
	for range n {
		address = address.Next()
	}
	return address, nil
}
