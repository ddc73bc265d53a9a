package testbed

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/fleetgate/fleetgate/e2e/testbed/kubebin"
)

// Options describe a testbed. The zero value is a hub and two members.
type Options struct {
	// Dir holds everything the testbed writes; it is made by Up and removed by Down.
	// Default: /var/lib/fleetgate-testbed/<Prefix>.
	Dir string `json:"dir"`
	// CacheDir keeps built programs between testbeds. Default: the user's cache folder.
	CacheDir string `json:"cacheDir"`
	// Prefix begins the names of network interfaces and cgroups. Two testbeds at once
	// need distinct prefixes and distinct networks. Default: fg.
	Prefix string `json:"prefix"`
	// Hub is the name of the hub cluster. Default: hub.
	Hub string `json:"hub"`
	// Members are the names of the member clusters. Default: member-a and member-b.
	// An empty list that is not nil gives the hub alone.
	Members []string `json:"members"`
	// Network is the /16 from which all addresses are taken. Default: 10.213.0.0/16.
	Network netip.Prefix `json:"network"`
	// PodCIDRs overrides the pod range of clusters, by name.
	PodCIDRs map[string]netip.Prefix `json:"podCIDRs,omitempty"`
	// Separate leaves the clusters without a way to each other's pods, as clusters in
	// networks that are not joined; nodes and API servers still reach each other.
	Separate bool `json:"separate,omitempty"`
	// Roomy has Kubernetes' processes collect garbage as they do elsewhere, for measurements: by default they
	// take half of the memory for it, and more time.
	Roomy bool `json:"roomy,omitempty"`
}

const (
	defaultPrefix  = "fg"
	defaultNetwork = "10.213.0.0/16"
	defaultRoot    = "/var/lib/fleetgate-testbed"

	// maxClusters is what the address plan has ranges for.
	maxClusters = 24
	// maxDirLength leaves room for the Unix sockets below Dir (108 bytes at most).
	maxDirLength = 60
	// maxPrefixLength leaves room for "v" and two digits in an interface name (15 at most).
	maxPrefixLength = 12
)

var (
	clusterName = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$`)
	prefixName  = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
)

// withDefaults fills in what is not set.
func (o Options) withDefaults() (Options, error) {
	if o.Prefix == "" {
		o.Prefix = defaultPrefix
	}
	if o.Dir == "" {
		o.Dir = filepath.Join(defaultRoot, o.Prefix)
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return o, err
	}
	o.Dir = dir
	if o.CacheDir == "" {
		if o.CacheDir, err = kubebin.DefaultCache(); err != nil {
			return o, err
		}
	}
	if o.Hub == "" {
		o.Hub = "hub"
	}
	if o.Members == nil {
		o.Members = []string{"member-a", "member-b"}
	}
	if !o.Network.IsValid() {
		o.Network = netip.MustParsePrefix(defaultNetwork)
	}
	return o, o.validate()
}

func (o Options) validate() error {
	var faults []error
	if len(o.Dir) > maxDirLength {
		faults = append(faults, fmt.Errorf("dir %s: longer than %d characters", o.Dir, maxDirLength))
	}
	if len(o.Prefix) > maxPrefixLength || !prefixName.MatchString(o.Prefix) {
		faults = append(faults, fmt.Errorf("prefix %q: want at most %d lower-case letters and digits", o.Prefix, maxPrefixLength))
	}
	if !o.Network.Addr().Is4() || o.Network.Bits() != 16 || o.Network.Masked() != o.Network {
		faults = append(faults, fmt.Errorf("network %s: want an IPv4 range such as %s", o.Network, defaultNetwork))
	}
	names := o.clusters()
	if len(names) > maxClusters {
		faults = append(faults, fmt.Errorf("%d clusters: at most %d", len(names), maxClusters))
	}
	for i, name := range names {
		if !clusterName.MatchString(name) {
			faults = append(faults, fmt.Errorf("cluster name %q: want lower-case letters, digits and hyphens", name))
		}
		if slices.Contains(names[:i], name) {
			faults = append(faults, fmt.Errorf("cluster name %q: used twice", name))
		}
	}
	if len(faults) == 0 {
		faults = o.validatePodCIDRs()
	}
	return errors.Join(faults...)
}

func (o Options) validatePodCIDRs() []error {
	var faults []error
	names := o.clusters()
	for name, cidr := range o.PodCIDRs {
		if !slices.Contains(names, name) {
			faults = append(faults, fmt.Errorf("pod range of %q: no such cluster", name))
		}
		if !cidr.Addr().Is4() || cidr.Bits() > 26 || cidr.Masked() != cidr {
			faults = append(faults, fmt.Errorf("pod range %s of %s: want an IPv4 range of 64 addresses or more", cidr, name))
		}
	}
	if len(faults) > 0 {
		return faults
	}
	for i, name := range names {
		for j, other := range names[:i] {
			if a, b := o.podCIDR(i), o.podCIDR(j); a.Overlaps(b) {
				faults = append(faults, fmt.Errorf("pod ranges %s of %s and %s of %s overlap", a, name, b, other))
			}
		}
	}
	return faults
}

// clusters are the names of all clusters, the hub first.
func (o Options) clusters() []string {
	return append([]string{o.Hub}, o.Members...)
}
