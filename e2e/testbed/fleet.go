package testbed

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"reflect"
	"sync"

	"github.com/fleetgate/fleetgate/e2e/testbed/daemon"
)

// Fleet is a testbed: one hub and its members.
type Fleet struct {
	// Hub is the cluster that the operator runs in.
	Hub *Cluster
	// Members are the other clusters, in the order of Options.Members.
	Members []*Cluster
	// HostIP is the host's address on the bridge: pods reach the host by it.
	HostIP netip.Addr

	options Options
	daemons *daemon.Set

	// mu guards journal, which nodes that start side by side write to.
	mu      sync.Mutex
	journal *journal
}

// Clusters are all clusters, the hub first.
func (f *Fleet) Clusters() []*Cluster {
	return append([]*Cluster{f.Hub}, f.Members...)
}

// Cluster returns the cluster of that name.
func (f *Fleet) Cluster(name string) (*Cluster, error) {
	for _, c := range f.Clusters() {
		if c.Name == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("no cluster %q in this testbed: it has %v", name, f.options.clusters())
}

// Options returns the options of the testbed, with the defaults filled in.
func (f *Fleet) Options() Options { return f.options }

// Daemons are the processes of the testbed, for status and for fault tests.
func (f *Fleet) Daemons() *daemon.Set { return f.daemons }

// Open attaches to a running testbed. Only Dir or Prefix of the options matter; the rest
// is what it was made with.
func Open(options Options) (*Fleet, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	j, err := readJournal(options.Dir)
	if err != nil {
		return nil, err
	}
	if j.Ready.IsZero() {
		return nil, fmt.Errorf("the testbed in %s never came up: run up again", options.Dir)
	}
	f := newFleet(j.Options)
	f.journal = j
	return f, nil
}

// whole opens the testbed if every part of it runs and it was made with these options.
func whole(options Options) (*Fleet, bool) {
	f, err := Open(options)
	if err != nil || !reflect.DeepEqual(f.options, options) || f.journal.Boot != bootID() {
		return nil, false
	}
	list, err := f.daemons.List()
	if err != nil {
		return nil, false
	}
	for _, process := range list {
		if !f.daemons.Alive(process.Name) {
			return nil, false
		}
	}
	return f, true
}

func newFleet(options Options) *Fleet {
	f := &Fleet{
		HostIP:  options.hostIP(),
		options: options,
		daemons: daemon.NewSet(options.Dir),
	}
	for i, name := range options.clusters() {
		c := &Cluster{
			Name:        name,
			NodeName:    name + "-node",
			Kubeconfig:  filepath.Join(options.Dir, name, "kubeconfig"),
			NodeIP:      options.nodeIP(i),
			PodCIDR:     options.podCIDR(i),
			ServiceCIDR: options.serviceCIDR(i),
			Balancers:   options.balancerCIDR(i),
			APIServer:   netip.AddrPortFrom(options.hostIP(), uint16(options.apiPort(i))),
			index:       i,
			dir:         filepath.Join(options.Dir, name),
			daemons:     f.daemons,
		}
		if i == 0 {
			f.Hub = c
		} else {
			f.Members = append(f.Members, c)
		}
	}
	return f
}

func (f *Fleet) lockedClaim(link string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.claimLink(link)
}

// Down ends the testbed and removes everything it made.
func (f *Fleet) Down(ctx context.Context) error {
	return Down(ctx, f.options)
}
