package source

import (
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"
)

// TestAddressesThatNoPodHas keeps that a slice made by hand leads neither to the machine itself, where the
// admin port is, nor to its cloud's metadata, in whatever form the address is written.
func TestAddressesThatNoPodHas(t *testing.T) {
	cases := []struct {
		address, reason string
		want            bool
	}{
		{"10.0.0.1", "a pod", true},
		{"100.64.0.1", "a pod of a cluster with shared address space", true},
		{"fd00::1", "a pod", true},
		{"2001:db8::1", "a pod", true},
		{"127.0.0.1", "loopback", false},
		{"127.9.9.9", "loopback", false},
		{"::1", "loopback", false},
		{"::ffff:127.0.0.1", "loopback, as IPv6", false},
		{"64:ff9b::7f00:1", "loopback, through a translator", false},
		{"169.254.169.254", "metadata", false},
		{"::ffff:169.254.169.254", "metadata, as IPv6", false},
		{"64:ff9b::a9fe:a9fe", "metadata, through a translator", false},
		{"fe80::1", "link-local", false},
		{"fe80::1%eth0", "link-local, with a zone", false},
		{"fd00::1%eth0", "a zone means something to one machine only", false},
		{"fd00:ec2::254", "metadata of AWS", false},
		{"fd20:ce::254", "metadata of Google", false},
		{"100.100.100.200", "metadata of Alibaba", false},
		{"168.63.129.16", "the machine's agent of Azure", false},
		{"192.0.0.192", "metadata of Oracle", false},
		{"0.0.0.0", "unspecified: the machine itself", false},
		{"::", "unspecified", false},
		{"::ffff:0.0.0.0", "unspecified, as IPv6", false},
		{"0.1.2.3", "this network", false},
		{"224.0.0.1", "multicast", false},
		{"ff02::1", "multicast", false},
		{"255.255.255.255", "broadcast", false},
		{"metadata.google.internal", "a name", false},
		{"2130706433", "a number", false},
		{"0x7f.1", "a number", false},
		{"", "nothing", false},
	}
	for _, c := range cases {
		if _, got := newEndpoint(&discoveryv1.Endpoint{Addresses: []string{c.address}}); got != c.want {
			t.Errorf("%s, %s: taken: %v", c.address, c.reason, got)
		}
	}
}
