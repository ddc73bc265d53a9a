package world

import (
	"slices"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// Front is how far the provider got with a Gateway's front.
type Front struct {
	// Generation of the Gateway that this was seen for.
	Generation int64
	// Active says that the front exists and serves.
	Active bool
	// Addresses of the front: DNS names and IPs.
	Addresses []Address
	// Subnets are the networks (CIDR) that the front's requests come from; proxies believe its forwarded headers.
	Subnets []string
	// Pending or Error says what is awaited, or what failed and whether it is retried.
	Pending string
	Error   string
	// Invalid says that Error is the user's to mend, as opposed to the cloud's.
	Invalid bool
	// Problems of single listeners.
	Problems []ir.Problem
	// Ports are those of the last pass that left nothing of the front to be made, sorted as in ir.Front: listeners that rest on others
	// are not there yet. Nil before such a pass, or from a provider that does not tell: then the Generation counts for all.
	Ports []FrontPort
	// Remembered says that Ports are not known since nobody has looked at the front after the operator started: what statuses say of
	// a generation is the best that is known.
	Remembered bool
}

// FrontPort is what listeners rest on at a port of a front.
type FrontPort struct {
	Port     int32
	Protocol ir.FrontProtocol
	// Secrets are "namespace/name" of those whose certificates the port has, sorted. Whether they are of today does not matter: a
	// certificate that is replaced serves until the new one does.
	Secrets []string
	// Discovered are the listeners for whose hostnames the provider looks for certificates, in listener order.
	Discovered []ir.DiscoverHostname
}

// PortsOf are the ports of a front that is made as it is wanted; never nil.
func PortsOf(front ir.Front) []FrontPort {
	out := make([]FrontPort, 0, len(front.Ports))
	for _, port := range front.Ports {
		made := FrontPort{Port: port.Port, Protocol: port.Protocol, Discovered: port.DiscoverHostnames}
		for _, certificate := range port.Certificates {
			made.Secrets = append(made.Secrets, certificate.Secret)
		}
		slices.Sort(made.Secrets)
		out = append(out, made)
	}
	return out
}

// Address is an address of a front. One of the two is set.
type Address struct {
	Hostname string
	IP       string
}
