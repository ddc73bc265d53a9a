package upstream

import (
	"fmt"
	"net/netip"
	"sync"

	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// Flow is datagrams of one session to and from an endpoint.
type Flow struct {
	*socket.UDPFlow
	endpoint *Endpoint
	once     sync.Once
}

// Flow makes a Flow, and sends nothing. The caller closes it; it outlives the endpoint. See socket.Exhausted for
// errors that are not of the endpoint.
func (e *Endpoint) Flow() (*Flow, error) {
	address, err := netip.ParseAddrPort(e.address)
	if err != nil {
		return nil, fmt.Errorf("an endpoint of UDP: %w", err)
	}
	flow, err := socket.DialUDP(address)
	if err != nil {
		return nil, err
	}
	e.connector.open.Add(1)
	return &Flow{UDPFlow: flow, endpoint: e}, nil
}

// Close closes the Flow, as often as one likes.
func (f *Flow) Close() (err error) {
	f.once.Do(func() {
		f.endpoint.connector.open.Add(-1)
		err = f.UDPFlow.Close()
	})
	return err
}

// Gone says whether the endpoint was closed: nobody knows it any more.
func (e *Endpoint) Gone() bool {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.gone
}
