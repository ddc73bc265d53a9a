package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"

	"github.com/fleetgate/fleetgate/internal/world"
)

const (
	maxMembers = 50
	// maxAddresses is how many proxies one run can have had.
	maxAddresses = 254
	// blocks of 256 addresses are in 127.32.0.0/12. Runs take one each, so that they do not meet.
	blocks = 16 * 256
	// claimPort is bound on the last address of a block by the run that has it.
	claimPort = 15019
)

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
	given  map[place]int

	block [4]byte
	claim net.Listener
}

// newAddresses claims a block of loopback addresses for proxies that stand behind load balancers.
func newAddresses(ctx context.Context, o Options) (*addresses, error) {
	a := &addresses{mode: o.Mode, listen: o.Listen, given: map[place]int{}}
	if o.Mode != Emulator {
		return a, nil
	}
	for i := range blocks {
		n := (os.Getpid() + i) % blocks
		a.block = [4]byte{127, byte(32 + n/256), byte(n % 256), 0}
		last := a.block
		last[3] = 255
		at := net.JoinHostPort(netip.AddrFrom4(last).String(), strconv.Itoa(claimPort))
		claim, err := (&net.ListenConfig{}).Listen(ctx, "tcp", at)
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("claiming loopback addresses: %s", bindProblem(err))
		}
		a.claim = claim
		return a, nil
	}
	return nil, errors.New("claiming loopback addresses: all of 127.32.0.0/12 are taken by other runs")
}

func (a *addresses) close() {
	if a.claim != nil {
		_ = a.claim.Close() // nothing was sent through it
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
		next := a.block
		next[3] = byte(n + 1)
		return netip.AddrFrom4(next), nil
	}
	address := a.listen
	for range n {
		address = address.Next()
	}
	return address, nil
}
