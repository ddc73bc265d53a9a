// Package ir is what users meant, as sorted data: no Kubernetes objects, no cloud resources.
package ir

import (
	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
)

// Owner is who a cloud resource belongs to: one Gateway of one hub.
type Owner struct {
	// Hub is the id of the hub's installation, unique among all hubs that share a cloud account.
	Hub string `json:"hub"`
	// UID, Namespace and Name are the Gateway's.
	UID       string `json:"uid"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Front is what should stand before the proxies of one Gateway.
type Front struct {
	Owner Owner `json:"owner"`
	// ALB holds the parameters when the provider is aws; defaults are filled in.
	ALB *awsv1alpha1.ALBConfigSpec `json:"alb,omitempty"`
	// Service holds the parameters when the provider is service; defaults are filled in.
	Service *gatewayv1alpha1.ServiceConfigSpec `json:"service,omitempty"`
	// Addresses are the IP addresses that the front is asked for, in the order of the user; none for any.
	Addresses []string `json:"addresses,omitempty"`
	// Proxy is what the proxies of the Gateway are called and labelled in every member; Labels and Annotations
	// are those of its infrastructure (GEP-1762). They are set for fronts that are made inside the members.
	Proxy       string            `json:"proxy,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	// Ports are sorted by number, UDP after all else. One port carries all listeners of the Gateway on that
	// number; those of UDP have a port of their own.
	Ports []FrontPort `json:"ports,omitempty"`
	// Members are the names of the members that are placed, sorted, reachable or not.
	Members []string `json:"members,omitempty"`
	// HealthPort and HealthPath are where a proxy tells whether it is ready.
	HealthPort int32  `json:"healthPort"`
	HealthPath string `json:"healthPath"`
}

// FrontProtocol is what a port of the front speaks.
type FrontProtocol string

// Protocols of front ports.
const (
	FrontHTTP  FrontProtocol = "HTTP"
	FrontHTTPS FrontProtocol = "HTTPS"
	FrontTLS   FrontProtocol = "TLS"
	FrontTCP   FrontProtocol = "TCP"
	FrontUDP   FrontProtocol = "UDP"
)

// FrontPort is one port of the front.
type FrontPort struct {
	Port     int32         `json:"port"`
	Protocol FrontProtocol `json:"protocol"`
	// Spoilt says that no listener on this port can serve, and that some lack nothing but a certificate that can be read: the port
	// stays with the last good ones, and is not made if there never was one.
	Spoilt bool `json:"spoilt,omitempty"`
	// Certificates of the HTTPS listeners on this port, in listener order without repeats; the first is the default.
	Certificates []Certificate `json:"certificates,omitempty"`
	// DiscoverHostnames are hostnames of HTTPS listeners that name no certificate: the provider finds
	// one that covers the hostname, or reports a Problem on that listener.
	DiscoverHostnames []DiscoverHostname `json:"discoverHostnames,omitempty"`
	// Targets are the proxies, by member, sorted by member.
	Targets []TargetSet `json:"targets,omitempty"`
}

// DiscoverHostname is a listener whose certificate the provider has to find.
type DiscoverHostname struct {
	Listener string `json:"listener"`
	// Hostname is never empty.
	Hostname string `json:"hostname"`
}

// Certificate is the content of a TLS Secret. The key never appears in any output.
type Certificate struct {
	// Secret is "namespace/name".
	Secret string `json:"secret"`
	// Spoilt says that the Secret is there and holds no certificate and key now, so that nothing below is set: the provider
	// goes on with the last good one, if it has it.
	Spoilt bool `json:"spoilt,omitempty"`
	// Fingerprint is the SHA-256 of the leaf certificate in hexadecimal.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Hostnames are the DNS names of the leaf, sorted.
	Hostnames []string `json:"hostnames,omitempty"`
	// CertPEM is leaf and chain; KeyPEM the unencrypted private key.
	CertPEM []byte `json:"-"`
	KeyPEM  []byte `json:"-"`
}

// TargetSet is the proxies of one member on one port.
type TargetSet struct {
	Member string `json:"member"`
	// Weight of the member, 0 to 999. Default 100.
	Weight int32 `json:"weight"`
	// Addresses are IP addresses of ready or starting proxy pods, sorted. They listen on the FrontPort's Port.
	Addresses []string `json:"addresses,omitempty"`
	// Hosts are the addresses of the nodes that those pods run on, sorted.
	Hosts []string `json:"hosts,omitempty"`
	// Unknown says that the member cannot be asked now: what is registered stays as it is.
	Unknown bool `json:"unknown,omitempty"`
}
