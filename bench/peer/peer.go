// Package peer runs the proxies of a benchmark: ours, nginx, HAProxy, Traefik, and net/http as the
// baseline, all with the same work to do.
package peer

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/fleetgate/fleetgate/bench/routes"
)

// Kind is a proxy.
type Kind string

// The proxies, ours first.
const (
	Ours    Kind = "fleetgate"
	Nginx   Kind = "nginx"
	HAProxy Kind = "haproxy"
	NetHTTP Kind = "nethttp"
	Traefik Kind = "traefik"
)

// Setup is what a proxy is to do.
type Setup struct {
	// TLS ends TLS 1.3 and offers HTTP/2; GRPC is HTTP/2 without TLS on both sides, for calls.
	TLS, GRPC bool
	// WebSocket passes on upgrades of /ws, which some proxies must be told.
	WebSocket bool
	// AccessLog writes a line for each request.
	AccessLog bool
	// LargeBodies chooses buffers for bodies that are larger than a few KB.
	LargeBodies bool
	// Lean is without what ours always tells the backend: X-Forwarded-For, -Proto and -Port, and
	// X-Request-Id. Otherwise the peers tell it too.
	Lean bool
	// Hosts and Paths are the size of the route table (see table.Table), at least one host.
	Hosts, Paths int
	// Workers is the number of workers or threads; 0 is 1.
	Workers int
}

// Environment is where proxies run.
type Environment struct {
	// Programs is the folder of our own programs, and of Traefik where it is built.
	Programs string
	// CPUs are the processors for proxies as taskset(1) takes them; "" for any.
	CPUs string
	// Dir is a folder for files, best on tmpfs.
	Dir string
	// HTTP and GRPC are the backend's addresses.
	HTTP, GRPC netip.AddrPort
	// Profile, if not "", is where ours writes a profile of the processor.
	Profile string
}

// plan is a Setup with all that templates and flags need.
type plan struct {
	Setup

	Dir       string
	Listen    netip.AddrPort
	Backend   netip.AddrPort
	AccessLog string
	HashSize  int
	Hosts     []string
	Paths     []string
}

func (e *Environment) plan(setup Setup, dir string) (p plan, err error) {
	setup.Workers = max(setup.Workers, 1)
	setup.Hosts = max(setup.Hosts, 1)
	p = plan{Setup: setup, Dir: dir, Backend: e.HTTP, HashSize: 1024 + 8*setup.Hosts}
	if setup.GRPC {
		p.Backend = e.GRPC
	}
	if setup.AccessLog {
		p.AccessLog = dir + "/access.log"
	}
	for i := range setup.Hosts {
		p.Hosts = append(p.Hosts, routes.Host(i))
	}
	for i := range setup.Paths {
		p.Paths = append(p.Paths, routes.Path(i))
	}
	p.Listen, err = freePort()
	return p, err
}

// freePort is a port of loopback that nobody listens at.
func freePort() (address netip.AddrPort, err error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0") //nolint:noctx // ends at once
	if err != nil {
		return address, err
	}
	defer listener.Close()
	return netip.ParseAddrPort(listener.Addr().String())
}

// command is what runs a proxy, its configuration being written already.
func (e *Environment) command(kind Kind, p *plan) ([]string, error) {
	switch kind {
	case Nginx:
		return []string{"nginx", "-p", p.Dir, "-c", p.Dir + "/nginx.conf"}, p.writeNginx()
	case HAProxy:
		return []string{"haproxy", "-db", "-f", p.Dir + "/haproxy.cfg"}, p.writeHAProxy()
	case Ours:
		arguments := append(e.own(kind, p), "-hosts", strconv.Itoa(p.Setup.Hosts), "-paths", strconv.Itoa(p.Setup.Paths))
		if e.Profile != "" {
			arguments = append(arguments, "-profile", e.Profile)
		}
		return arguments, nil
	case NetHTTP:
		return e.own(kind, p), nil
	case Traefik:
		return []string{e.Program(kind), "--configFile=" + p.Dir + "/traefik.yml"}, p.writeTraefik()
	}
	return nil, fmt.Errorf("no such proxy: %q", kind)
}

// own is the command line of one of our programs.
func (e *Environment) own(kind Kind, p *plan) []string {
	arguments := []string{e.Program(kind), "-listen", p.Listen.String(), "-backend", p.Backend.String()}
	if p.TLS {
		arguments = append(arguments, "-certificate", p.Dir+"/certificate.pem", "-key", p.Dir+"/key.pem")
	}
	if p.GRPC {
		arguments = append(arguments, "-h2c")
	}
	if p.AccessLog != "" {
		arguments = append(arguments, "-access-log", p.AccessLog)
	}
	return arguments
}
