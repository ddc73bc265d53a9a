package main

import (
	"flag"
	"fmt"
	"net/netip"
	"strings"

	"github.com/fleetgate/fleetgate/e2e/testbed"
)

// parse reads the flags that all verbs share, and those that extra adds.
func parse(name string, args []string, extra func(*flag.FlagSet)) (testbed.Options, []string, error) {
	var options testbed.Options
	flags := flag.NewFlagSet("testbed "+name, flag.ContinueOnError)
	flags.StringVar(&options.Dir, "dir", "", "folder of the testbed's state (default /var/lib/fleetgate-testbed/PREFIX)")
	flags.StringVar(&options.CacheDir, "cache", "", "folder of built programs (default fleetgate in the user's cache)")
	flags.StringVar(&options.Prefix, "prefix", "", "prefix of network interfaces and cgroups (default fg)")
	flags.StringVar(&options.Hub, "hub", "", "name of the hub (default hub)")
	flags.Func("members", "names of the members, with commas between; - for none (default member-a,member-b)", func(s string) error {
		options.Members = []string{}
		if s != "-" {
			options.Members = strings.Split(s, ",")
		}
		return nil
	})
	flags.Func("network", "IPv4 /16 to take all addresses from (default 10.213.0.0/16)", func(s string) (err error) {
		options.Network, err = netip.ParsePrefix(s)
		return err
	})
	flags.Func("pods", "pod range of a cluster, as CLUSTER=CIDR; may be given again", func(s string) error {
		cluster, cidr, _ := strings.Cut(s, "=")
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil {
			return err
		}
		if options.PodCIDRs == nil {
			options.PodCIDRs = map[string]netip.Prefix{}
		}
		options.PodCIDRs[cluster] = prefix
		return nil
	})
	flags.BoolVar(&options.Separate, "separate", false, "give clusters no way to each other's pods")
	if extra != nil {
		extra(flags)
	}
	if err := flags.Parse(args); err != nil {
		return options, nil, err
	}
	return options, flags.Args(), nil
}

// open attaches to the running testbed and returns the clusters that are named, or all.
func open(options testbed.Options, names []string) (*testbed.Fleet, []*testbed.Cluster, error) {
	fleet, err := testbed.Open(options)
	if err != nil {
		return nil, nil, err
	}
	if len(names) == 0 {
		return fleet, fleet.Clusters(), nil
	}
	var clusters []*testbed.Cluster
	for _, name := range names {
		cluster, err := fleet.Cluster(name)
		if err != nil {
			return nil, nil, err
		}
		clusters = append(clusters, cluster)
	}
	return fleet, clusters, nil
}

// list is a flag that may be given again.
type list []string

func (l *list) String() string { return fmt.Sprint(*l) }

func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}
