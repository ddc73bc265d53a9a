package source

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// TestPortsByProtocol keeps that a pool gets the port of its name and protocol, whatever numbers there are.
func TestPortsByProtocol(t *testing.T) {
	port := func(name string, protocol corev1.Protocol, number int32) discoveryv1.EndpointPort {
		return discoveryv1.EndpointPort{Name: &name, Protocol: &protocol, Port: &number}
	}
	unsaid := func(number int32) discoveryv1.EndpointPort { return discoveryv1.EndpointPort{Port: &number} }
	cases := []struct {
		name, reason string
		ports        []discoveryv1.EndpointPort
		pool         config.Pool
		want         []int32
	}{
		{"TCP", "UDP of the same number is another port", []discoveryv1.EndpointPort{port("dns", "UDP", 53), port("dns-tcp", "TCP", 53)}, config.Pool{PortName: "dns-tcp"}, []int32{53}},
		{"UDP", "TCP of the same number is another port", []discoveryv1.EndpointPort{port("dns", "UDP", 53), port("dns-tcp", "TCP", 53)}, config.Pool{PortName: "dns", Transport: config.TransportUDP}, []int32{53}},
		{"one name", "the protocol tells ports of one name apart", []discoveryv1.EndpointPort{port("dns", "UDP", 5353), port("dns", "TCP", 53)}, config.Pool{PortName: "dns", Transport: config.TransportUDP}, []int32{5353}},
		{"one name, TCP", "the protocol tells ports of one name apart", []discoveryv1.EndpointPort{port("dns", "UDP", 5353), port("dns", "TCP", 53)}, config.Pool{PortName: "dns"}, []int32{53}},
		{"another name", "a pool of UDP takes no port of TCP for want of one", []discoveryv1.EndpointPort{port("dns", "TCP", 53)}, config.Pool{PortName: "dns", Transport: config.TransportUDP}, nil},
		{"without a protocol", "what is not said is TCP", []discoveryv1.EndpointPort{unsaid(80)}, config.Pool{}, []int32{80}},
		{"without a protocol, UDP", "what is not said is TCP", []discoveryv1.EndpointPort{unsaid(80)}, config.Pool{Transport: config.TransportUDP}, nil},
		{"SCTP", "nothing is made of what nobody speaks", []discoveryv1.EndpointPort{port("a", "SCTP", 80)}, config.Pool{PortName: "a"}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.pool.Service = "dns"
			s := newServices(map[string]bool{"dns": true})
			s.put(&discoveryv1.EndpointSlice{
				ObjectMeta: metav1.ObjectMeta{Name: "dns-1", Labels: map[string]string{discoveryv1.LabelServiceName: "dns"}},
				Ports:      c.ports, Endpoints: []discoveryv1.Endpoint{{Addresses: []string{"10.0.0.1"}}},
			})
			var got []int32
			for _, e := range s.endpoints(&c.pool) {
				got = append(got, e.Port)
			}
			if !slices.Equal(got, c.want) {
				t.Fatalf("%s: got %v, want %v", c.reason, got, c.want)
			}
		})
	}
}

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
