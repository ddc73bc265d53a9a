package service

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/stack"
	"github.com/fleetgate/fleetgate/providers"
)

// Spec is the Spec of a Service, as far as it is ours.
type Spec struct {
	Member    string             `json:"member"`
	Namespace string             `json:"namespace"`
	Name      string             `json:"name"`
	Type      corev1.ServiceType `json:"type"`
	// Class and Address are what the load balancer is asked for. They are in the name, so that they never change.
	Class                 string                              `json:"class,omitempty"`
	Address               string                              `json:"address,omitempty"`
	ExternalTrafficPolicy corev1.ServiceExternalTrafficPolicy `json:"externalTrafficPolicy,omitempty"`
	Labels                map[string]string                   `json:"labels,omitempty"`
	Annotations           map[string]string                   `json:"annotations,omitempty"`
	Selector              map[string]string                   `json:"selector,omitempty"`
	Ports                 []Port                              `json:"ports,omitempty"`
}

// Port of a Service; proxies listen on the same number.
type Port struct {
	Name     string          `json:"name"`
	Port     int32           `json:"port"`
	Protocol corev1.Protocol `json:"protocol"`
	// NodePort is the port itself, if it is asked for on the nodes too.
	NodePort int32 `json:"nodePort,omitempty"`
}

// idOf names a Service among all members'.
func idOf(member, name string) stack.ID { return stack.ID{Kind: Kind, Name: member + "/" + name} }

// memberOf is the member that an ID is in.
func memberOf(id stack.ID) string {
	member, _, _ := strings.Cut(id.Name, "/")
	return member
}

// nameOf is the name of a Service: that of the proxies, at most 52 characters, and a suffix that differs when
// another load balancer or another address is asked for. It is no longer than a DNS label.
func nameOf(proxy, class, address string) string {
	if class == "" && address == "" {
		return proxy + "-front"
	}
	sum := sha256.Sum256([]byte(class + "\x00" + address))
	return proxy + "-f-" + hex.EncodeToString(sum[:4])
}

// Node ports as Kubernetes has them by default.
const (
	firstNodePort = 30000
	lastNodePort  = 32767
)

func portOf(port ir.FrontPort, kind corev1.ServiceType) Port {
	out := Port{Name: "p" + strconv.Itoa(int(port.Port)), Port: port.Port, Protocol: corev1.ProtocolTCP}
	if port.Protocol == ir.FrontUDP {
		out.Name, out.Protocol = out.Name+"-udp", corev1.ProtocolUDP
	}
	if kind == corev1.ServiceTypeNodePort && port.Port >= firstNodePort && port.Port <= lastNodePort {
		out.NodePort = port.Port
	}
	return out
}

// ownership are the labels by which an owner's Services are found.
func ownership(owner ir.Owner) map[string]string {
	return map[string]string{labelHub: owner.Hub, LabelGatewayUID: owner.UID}
}

func addressOf(text string) providers.Address {
	if _, err := netip.ParseAddr(text); err == nil {
		return providers.Address{IP: text}
	}
	return providers.Address{Hostname: text}
}
