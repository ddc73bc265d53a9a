package testbed

import (
	"net/netip"
	"strings"
	"testing"
)

func TestDefaults(t *testing.T) {
	got, err := Options{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	if got.Dir != "/var/lib/fleetgate-testbed/fg" || strings.Join(got.clusters(), " ") != "hub member-a member-b" {
		t.Errorf("got %+v", got)
	}
	alone, err := Options{Members: []string{}}.withDefaults()
	if err != nil || len(alone.clusters()) != 1 {
		t.Errorf("a hub alone: got %v, %v", alone.clusters(), err)
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	pods := func(name, cidr string) map[string]netip.Prefix {
		return map[string]netip.Prefix{name: netip.MustParsePrefix(cidr)}
	}
	tests := []struct {
		name, want string
		options    Options
	}{
		{"long folder", "longer than", Options{Dir: "/" + strings.Repeat("x", maxDirLength)}},
		{"prefix with a hyphen", "prefix", Options{Prefix: "a-b"}},
		{"network of another size", "network", Options{Network: netip.MustParsePrefix("10.0.0.0/8")}},
		{"network with host bits", "network", Options{Network: netip.MustParsePrefix("10.1.2.0/16")}},
		{"IPv6 network", "network", Options{Network: netip.MustParsePrefix("fd00::/16")}},
		{"same name twice", "used twice", Options{Members: []string{"hub"}}},
		{"name that leaves the folder", "cluster name", Options{Members: []string{"../x"}}},
		{"too many", "at most", Options{Members: strings.Split(strings.Repeat("x,", maxClusters), ",")}},
		{"pods of nobody", "no such cluster", Options{PodCIDRs: pods("other", "10.9.0.0/24")}},
		{"few pods", "64 addresses", Options{PodCIDRs: pods("hub", "10.9.0.0/30")}},
		{"pods of two clusters overlap", "overlap", Options{PodCIDRs: pods("hub", "10.213.8.0/24")}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.options.withDefaults()
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error about %q", err, test.want)
			}
		})
	}
}

// No address is given twice, up to the largest testbed.
func TestAddressPlanIsFreeOfOverlaps(t *testing.T) {
	options := Options{Members: []string{}}
	for i := 1; i < maxClusters; i++ {
		options.Members = append(options.Members, "m"+strings.Repeat("x", i))
	}
	options, err := options.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	ranges := []netip.Prefix{netip.PrefixFrom(options.address(0, 0), bridgeBits)}
	for i := range options.clusters() {
		if !ranges[0].Contains(options.nodeIP(i)) {
			t.Errorf("node %d at %s is not on the bridge", i, options.nodeIP(i))
		}
		ranges = append(ranges, options.podCIDR(i), options.serviceCIDR(i), options.balancerCIDR(i))
	}
	for i, a := range ranges {
		if !options.Network.Overlaps(a) || a.Masked() != a {
			t.Errorf("%s is not a range of %s", a, options.Network)
		}
		for _, b := range ranges[:i] {
			if a.Overlaps(b) {
				t.Errorf("%s and %s overlap", a, b)
			}
		}
	}
}
