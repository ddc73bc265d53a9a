package proxies

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Labels and annotations of what we make in members.
const (
	// LabelHub is the id of the hub whose operator made the object.
	LabelHub = dataplanev1alpha1.LabelHub
	// LabelGatewayName is Gateway API's own (GEP-1762); it is left out when the name is too long for a label.
	LabelGatewayName = "gateway.networking.k8s.io/gateway-name"

	labelManagedBy = "app.kubernetes.io/managed-by"
	labelApp       = "app.kubernetes.io/name"
	managedBy      = "fleetgate"
	maxLabel       = 63
)

// deployment is what one Gateway needs in one member, but for its ProxyConfigs.
type deployment struct {
	gateway  world.Name
	settings Settings
	// name is compile.ProxyName.
	name string
	// labels and annotations that the Gateway's infrastructure asks for.
	labels, annotations map[string]string
	// ports that listeners have, sorted, and those of UDP after all others.
	ports []port
	// secrets that the proxies read by name, in the Gateway's namespace, sorted by name.
	secrets []secretCopy
	// namespaces of the backends, sorted.
	namespaces []string
}

// deploymentOf is what a Gateway needs in a member.
func deploymentOf(gateway *ir.Gateway, namespaces []string, settings Settings) deployment {
	name := world.Name{Namespace: gateway.Namespace, Name: gateway.Name}
	out := deployment{
		gateway: name, settings: settings, name: compile.ProxyName(name),
		labels: gateway.Labels, annotations: gateway.Annotations, namespaces: namespaces,
	}
	for _, listener := range gateway.Listeners {
		if listener.Serves {
			out.ports = append(out.ports, portOf(listener))
		}
	}
	slices.SortFunc(out.ports, func(a, b port) int {
		return cmp.Or(cmp.Compare(a.transport, b.transport), cmp.Compare(a.number, b.number))
	})
	out.ports = slices.Compact(out.ports)
	return out
}

// port is one that listeners share.
type port struct {
	number    int32
	transport corev1.Protocol
}

func portOf(listener ir.Listener) port {
	if config.Protocol(listener.Protocol) == config.UDP {
		return port{listener.Port, corev1.ProtocolUDP}
	}
	return port{listener.Port, corev1.ProtocolTCP}
}

// name is unique among the ports of a Service.
func (p port) name() string {
	if p.transport == corev1.ProtocolUDP {
		return portName(p.number) + "-udp"
	}
	return portName(p.number)
}

// around is all that is applied before the Deployment, in order.
func (d deployment) around() []client.Object {
	out := []client.Object{d.serviceAccount()}
	out = append(out, d.access()...)
	if len(d.ports) > 0 { // the API wants at least one port
		out = append(out, d.service())
	}
	return append(out, d.budget())
}

func (d deployment) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: d.gateway.Namespace, Name: name, Labels: d.marks(), Annotations: d.notes()}
}

// marks are the labels of everything; ours win over the Gateway's.
func (d deployment) marks() map[string]string {
	out := maps.Clone(d.labels)
	if out == nil {
		out = map[string]string{}
	}
	out[labelApp], out[labelManagedBy] = "fleetgate-proxy", managedBy
	out[LabelHub], out[dataplanev1alpha1.LabelProxy] = d.settings.Hub, d.name
	if len(d.gateway.Name) <= maxLabel {
		out[LabelGatewayName] = d.gateway.Name
	}
	return out
}

func (d deployment) notes() map[string]string {
	out := maps.Clone(d.annotations)
	if out == nil {
		out = map[string]string{}
	}
	out[gather.AnnotationGateway] = d.gateway.Name
	return out
}

func (d deployment) selector() map[string]string {
	return map[string]string{dataplanev1alpha1.LabelProxy: d.name}
}

func (d deployment) serviceAccount() client.Object {
	no := false
	return &corev1.ServiceAccount{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
		ObjectMeta: d.meta(d.name), AutomountServiceAccountToken: &no,
	}
}

func (d deployment) service() client.Object {
	out := &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: d.meta(d.name),
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeClusterIP, Selector: d.selector()},
	}
	for _, port := range d.ports {
		out.Spec.Ports = append(out.Spec.Ports, corev1.ServicePort{
			Name: port.name(), Port: port.number, TargetPort: intstr.FromInt32(port.number), Protocol: port.transport,
		})
	}
	return out
}

func (d deployment) budget() client.Object {
	one := intstr.FromInt32(1)
	return &policyv1.PodDisruptionBudget{
		TypeMeta:   metav1.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"},
		ObjectMeta: d.meta(d.name),
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable: &one, Selector: &metav1.LabelSelector{MatchLabels: d.selector()},
		},
	}
}

// accessName names what lets the proxies read in a namespace. Backend namespaces are shared by Gateways of
// several namespaces whose proxies may have one name, so the whole name of the Gateway is in it.
func accessName(gateway world.Name) string {
	sum := sha256.Sum256([]byte(gateway.String()))
	return "fleetgate-proxy-" + hex.EncodeToString(sum[:])[:16]
}
