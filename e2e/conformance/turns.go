package conformance

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"sigs.k8s.io/gateway-api/conformance/utils/roundtripper"
)

// turns sends the suite's requests to all members: each test's requests for a Gateway go to the Gateway's addresses
// in turn, and there is one in each member. Since the suite is content with an answer only if it comes three times in a row, what
// it expects of one address it then expects of three members.
type turns struct {
	roundtripper.RoundTripper

	members int
	// addresses are those of the Gateway that has this one.
	addresses func(address string) ([]string, error)

	mu    sync.Mutex
	taken map[turn]int
	// sent counts requests by address.
	sent map[string]int
}

// turn is a test and the Gateway that it asks.
type turn struct {
	t    *testing.T
	host string
}

// CaptureRoundTrip is as the suite's own, and fails while a Gateway has not got an address in each member.
func (r *turns) CaptureRoundTrip(request roundtripper.Request) (*roundtripper.CapturedRequest, *roundtripper.CapturedResponse, error) {
	host, port := request.URL.Hostname(), request.URL.Port()
	all, err := r.addresses(host)
	if err != nil {
		return nil, nil, err
	}
	if len(all) != r.members {
		return nil, nil, fmt.Errorf("the Gateway of %s has the addresses %v: want one in each of %d members", host, all, r.members)
	}
	slices.Sort(all)
	// The suite sees to it that the Host of a request is its URL's where it names none.
	if request.Host == "" {
		request.Host = request.URL.Host
	}
	request.URL.Host = r.next(turn{request.T, host}, all)
	if port != "" {
		request.URL.Host = net.JoinHostPort(request.URL.Host, port)
	}
	return r.RoundTripper.CaptureRoundTrip(request)
}

func (r *turns) next(whose turn, all []string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.taken == nil {
		r.taken, r.sent = map[turn]int{}, map[string]int{}
	}
	address := all[r.taken[whose]%len(all)]
	r.taken[whose]++
	r.sent[address]++
	return address
}

// within is how many requests went to addresses in a range.
func (r *turns) within(addresses netip.Prefix) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := 0
	for address, n := range r.sent {
		if ip, err := netip.ParseAddr(address); err == nil && addresses.Contains(ip) {
			sum += n
		}
	}
	return sum
}
