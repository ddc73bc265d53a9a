package testbed

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// The host's side of the network: one bridge, on which the API servers listen and to which
// each node is tied by a veth pair.

func (o Options) bridge() string          { return o.Prefix + "0" }
func (o Options) veth(cluster int) string { return o.Prefix + "v" + strconv.Itoa(cluster) }

// makeBridge makes the bridge and the host's routes to the pods behind it.
func (f *Fleet) makeBridge(ctx context.Context) error {
	name := f.options.bridge()
	if err := f.options.checkFree(); err != nil {
		return err
	}
	if err := f.claimLink(name); err != nil {
		return err
	}
	address := fmt.Sprintf("%s/%d", f.options.hostIP(), bridgeBits)
	for _, args := range [][]string{
		{"link", "add", name, "type", "bridge", "forward_delay", "0"},
		{"address", "add", address, "dev", name},
		{"link", "set", name, "up"},
	} {
		if _, err := run(ctx, "ip", args...); err != nil {
			return fmt.Errorf("making the bridge: %w", err)
		}
	}
	for i := range f.options.clusters() {
		// The routes go with the bridge, so they are not entered in the journal.
		for _, to := range []netip.Prefix{f.options.podCIDR(i), f.options.balancerCIDR(i)} {
			_, err := run(ctx, "ip", "route", "add", to.String(), "via", f.options.nodeIP(i).String(), "dev", name)
			if err != nil {
				return fmt.Errorf("making the bridge: %w", err)
			}
		}
	}
	return f.openFirewall(ctx)
}

// checkFree refuses ranges in which the host already has an address: our routes would cut
// off whoever is reached there.
func (o Options) checkFree() error {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return err
	}
	ranges := []netip.Prefix{o.Network}
	for i := range o.clusters() {
		ranges = append(ranges, o.podCIDR(i))
	}
	for _, address := range addresses {
		used, err := netip.ParsePrefix(address.String())
		if err != nil {
			continue // not an IP network
		}
		for _, ours := range ranges {
			if used.Masked().Overlaps(ours) {
				return fmt.Errorf("range %s overlaps with %s of this machine: choose another network", ours, used)
			}
		}
	}
	return nil
}

// claimLink enters an interface in the journal, unless somebody else has one of that name.
func (f *Fleet) claimLink(name string) error {
	if _, err := net.InterfaceByName(name); err == nil {
		return fmt.Errorf("network interface %s exists and is not this testbed's: choose another prefix", name)
	}
	return f.journal.enterLink(name)
}

// openFirewall lets the bridge's traffic pass where the host has a firewall: bridged
// frames go through iptables too when br_netfilter is loaded, and Docker drops what it
// does not know. A host without rules is left without.
func (f *Fleet) openFirewall(ctx context.Context) error {
	bridge := f.options.bridge()
	accept := []string{"-m", "comment", "--comment", "fleetgate testbed " + f.options.Prefix, "-j", "ACCEPT"}
	for _, r := range []rule{
		{Chain: "INPUT", Args: append([]string{"-i", bridge}, accept...)},
		{Chain: "FORWARD", Args: append([]string{"-i", bridge, "-o", bridge}, accept...)},
	} {
		rules, err := run(ctx, "iptables", "-w", "-S", r.Chain)
		if err != nil {
			return fmt.Errorf("reading the firewall: %w", err)
		}
		if strings.TrimSpace(rules) == "-P "+r.Chain+" ACCEPT" {
			continue
		}
		if err := f.journal.enterRule(r); err != nil {
			return err
		}
		if _, err := run(ctx, "iptables", append([]string{"-w", "-I", r.Chain}, r.Args...)...); err != nil {
			return fmt.Errorf("opening the firewall: %w", err)
		}
	}
	return nil
}

// connectNode ties a node's network namespace, given by a process in it, to the bridge and
// routes from it to everybody's pods.
func (f *Fleet) connectNode(ctx context.Context, c *Cluster, pid int) error {
	veth := f.options.veth(c.index)
	if err := f.lockedClaim(veth); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(pid)},
		{"link", "set", veth, "master", f.options.bridge(), "up"},
	} {
		if _, err := run(ctx, "ip", args...); err != nil {
			return fmt.Errorf("connecting node %s: %w", c.NodeName, err)
		}
	}
	script := strings.Join(f.nodeNetwork(c), "\n")
	if _, err := run(ctx, "nsenter", "--target", strconv.Itoa(pid), "--net", "--", "sh", "-ec", script); err != nil {
		return fmt.Errorf("connecting node %s: %w", c.NodeName, err)
	}
	return nil
}

// nodeNetwork is the shell script that sets up the network inside a node.
func (f *Fleet) nodeNetwork(c *Cluster) []string {
	script := []string{
		"ip link set lo up",
		fmt.Sprintf("ip address add %s/%d dev eth0", c.NodeIP, bridgeBits),
		"ip link set eth0 up",
		"ip route add default via " + f.HostIP.String(),
		"echo 1 >/proc/sys/net/ipv4/ip_forward",
	}
	for i := range f.options.clusters() {
		if i == c.index {
			// Whatever no Service takes is refused by the node itself.
			script = append(script, fmt.Sprintf("ip route add local %s dev lo", f.options.balancerCIDR(i)))
			continue
		}
		script = append(script, fmt.Sprintf("ip route add %s via %s", f.options.balancerCIDR(i), f.options.nodeIP(i)))
		to, via := f.options.podCIDR(i), "via "+f.options.nodeIP(i).String()
		if f.options.Separate {
			script = append(script, fmt.Sprintf("ip route add unreachable %s", to))
			continue
		}
		script = append(script, fmt.Sprintf("ip route add %s %s", to, via))
	}
	return script
}

// removeLinks removes the interfaces in the journal that still exist. Those of nodes go
// with their namespaces, but the kernel takes its time.
func (j *journal) removeLinks(ctx context.Context) error {
	for _, name := range j.Links {
		if _, err := os.Stat("/sys/class/net/" + name); err != nil {
			continue
		}
		if _, err := run(ctx, "ip", "link", "delete", name); err != nil {
			if _, gone := os.Stat("/sys/class/net/" + name); gone == nil {
				return fmt.Errorf("removing network interface %s: %w", name, err)
			}
		}
	}
	return nil
}

// removeRules removes the firewall rules in the journal that still exist.
func (j *journal) removeRules(ctx context.Context) error {
	for _, r := range j.Rules {
		if _, err := run(ctx, "iptables", append([]string{"-w", "-C", r.Chain}, r.Args...)...); err != nil {
			continue
		}
		if _, err := run(ctx, "iptables", append([]string{"-w", "-D", r.Chain}, r.Args...)...); err != nil {
			return fmt.Errorf("closing the firewall again: %w", err)
		}
	}
	return nil
}
