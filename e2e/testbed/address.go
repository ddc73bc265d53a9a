package testbed

import "net/netip"

// The address plan. Of the network A.B.0.0/16:
//
//	A.B.0.0/24          the bridge: .1 is the host (API servers listen here), .10+i is node i
//	A.B.4(i+1).0/22     pods of cluster i
//	A.B.128+4i.0/22     Services of cluster i
//	A.B.224+i.0/24      load balancers of cluster i
//	127.A.B.1           etcd, on the host's loopback: one address per network

const (
	bridgeBits  = 24
	clusterBits = 22
	// clusterStep is the size of a cluster's range, in /24.
	clusterStep = 1 << (bridgeBits - clusterBits)
	firstNode   = 10
	services    = 128
	balancers   = 224
	// balancerBits is the size of the range of a cluster's load balancers.
	balancerBits = 24

	etcdPort      = 2379
	firstAPIPort  = 6443
	kubeletPort   = 10250
	proxyMetrics  = 10249
	proxyHealth   = 10256
	kubeletHealth = 10248
)

// address is A.B.third.fourth.
func (o Options) address(third, fourth int) netip.Addr {
	bytes := o.Network.Addr().As4()
	bytes[2], bytes[3] = byte(third), byte(fourth)
	return netip.AddrFrom4(bytes)
}

func (o Options) hostIP() netip.Addr            { return o.address(0, 1) }
func (o Options) nodeIP(cluster int) netip.Addr { return o.address(0, firstNode+cluster) }

func (o Options) podCIDR(cluster int) netip.Prefix {
	if cidr, ok := o.PodCIDRs[o.clusters()[cluster]]; ok {
		return cidr
	}
	return netip.PrefixFrom(o.address(clusterStep*(cluster+1), 0), clusterBits)
}

func (o Options) serviceCIDR(cluster int) netip.Prefix {
	return netip.PrefixFrom(o.address(services+clusterStep*cluster, 0), clusterBits)
}

func (o Options) balancerCIDR(cluster int) netip.Prefix {
	return netip.PrefixFrom(o.address(balancers+cluster, 0), balancerBits)
}

func (o Options) apiPort(cluster int) int { return firstAPIPort + cluster }

func (o Options) etcdIP() netip.Addr {
	bytes := o.Network.Addr().As4()
	return netip.AddrFrom4([4]byte{127, bytes[0], bytes[1], 1})
}
