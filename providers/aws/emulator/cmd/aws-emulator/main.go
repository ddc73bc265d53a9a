// Command aws-emulator runs the emulated AWS on its own, for demos and for tests in other processes.
//
//	aws-emulator --listen 127.0.0.1:4566 --state /tmp/aws.json --time-scale 10
//	AWS_ENDPOINT_URL=http://127.0.0.1:4566 aws elbv2 describe-load-balancers
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/fleetgate/fleetgate/providers/aws/emulator"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "aws-emulator:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	opts, err := parse(args)
	if err != nil {
		return err
	}
	s, err := emulator.Start(ctx, opts)
	if err != nil {
		return err
	}
	fmt.Println(s.URL) // whoever started us with port 0 reads it here
	<-ctx.Done()
	s.Close()
	return nil
}

func parse(args []string) (emulator.Options, error) {
	var o emulator.Options
	flags := flag.NewFlagSet("aws-emulator", flag.ContinueOnError)
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:4566", "address of the API")
	flags.StringVar(&o.Account, "account", emulator.DefaultAccount, "account of callers that assumed no role")
	flags.StringVar(&o.StateFile, "state", "", "file to keep the resources in")
	flags.StringVar(&o.Network.VPCCIDR, "vpc-cidr", "10.0.0.0/8", "range of the default VPC")
	flags.Var((*subnets)(&o.Network.Subnets), "subnet", "subnet instead of the default ones, as id,cidr,zone-letter,public|internal; repeatable")
	flags.Var((*groups)(&o.Network.SecurityGroups), "security-group", "existing security group instead of sg-12345678, as id or id,name; repeatable")
	flags.StringVar(&o.DataPlane.CIDR, "alb-cidr", "127.64.0.0/10", "range of the load balancers' addresses")
	flags.IntVar(&o.DataPlane.PortOffset, "port-offset", 0, "added to every listener's port")
	flags.BoolVar(&o.DataPlane.Disabled, "no-data-plane", false, "make no load balancer listen")
	flags.BoolVar(&o.DataPlane.EnforceSecurityGroups, "enforce-security-groups", false, "admit only clients that a security group admits")
	flags.Func("source", "address that connections to targets come from", func(s string) (err error) {
		o.DataPlane.Source, err = netip.ParseAddr(s)
		return err
	})
	flags.Float64Var(&o.Timing.Scale, "time-scale", 1, "how many times faster than AWS health checks and draining are")
	flags.DurationVar(&o.Timing.HealthInterval, "health-interval", 0, "interval of every health check, instead of its own")
	flags.DurationVar(&o.Timing.Provisioning, "provisioning", 0, "time until a load balancer is active (default 200ms)")
	flags.DurationVar(&o.Timing.InterfaceLinger, "interface-linger", 0, "time that a deleted load balancer keeps its security groups in use (default 200ms)")
	flags.DurationVar(&o.Timing.WebACLUnavailable, "web-acl-unavailable", 0, "time until a web ACL can be associated (default 200ms)")
	quiet := flags.Bool("quiet", false, "log errors only")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	level := slog.LevelInfo
	if *quiet {
		level = slog.LevelError
	}
	o.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	return o, nil
}

// subnets is the flag --subnet.
type subnets []emulator.Subnet

func (s *subnets) String() string { return "" }

func (s *subnets) Set(value string) error {
	part := strings.Split(value, ",")
	if len(part) != 4 || len(part[2]) != 1 {
		return fmt.Errorf("%q is not id,cidr,zone-letter,public|internal", value)
	}
	if _, err := netip.ParsePrefix(part[1]); err != nil {
		return err
	}
	role := map[string]string{"public": "kubernetes.io/role/elb", "internal": "kubernetes.io/role/internal-elb"}[part[3]]
	if role == "" {
		return fmt.Errorf("%q is neither public nor internal", part[3])
	}
	*s = append(*s, emulator.Subnet{ID: part[0], CIDR: part[1], Zone: part[2], Tags: map[string]string{role: "1"}})
	return nil
}

// groups is the flag --security-group.
type groups []emulator.SecurityGroup

func (g *groups) String() string { return "" }

func (g *groups) Set(value string) error {
	id, name, _ := strings.Cut(value, ",")
	if name == "" {
		name = "existing-" + strings.TrimPrefix(id, "sg-")
	}
	*g = append(*g, emulator.SecurityGroup{ID: id, Name: name})
	return nil
}
