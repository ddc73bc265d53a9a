package service

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/stack"
)

const (
	labelHub         = dataplanev1alpha1.LabelHub
	labelGatewayName = "gateway.networking.k8s.io/gateway-name"
	labelManagedBy   = "app.kubernetes.io/managed-by"
	labelApp         = "app.kubernetes.io/name"
	maxLabel         = 63
)

// Render wants a Service in every member that is placed, or one for each address that is asked for: these are
// dealt out to the members in their order, since one load balancer has one address of a family.
func (p *Provider) Render(front ir.Front, have stack.Observed) (stack.Stack, []ir.Problem) {
	out := stack.Stack{Owner: front.Owner}
	if len(front.Ports) == 0 || front.Service == nil {
		return out, nil
	}
	facts, _ := have.Facts.(Facts)
	for i, member := range front.Members {
		if slices.Contains(facts.Unknown, member) {
			out.Resources = append(out.Resources, asSeen(have, member)...)
			continue
		}
		for _, address := range dealt(front, i) {
			spec := specOf(front, member, address)
			out.Resources = append(out.Resources, stack.Resource{ID: idOf(member, spec.Name), Spec: spec})
		}
	}
	for i := range out.Resources {
		replace(&out.Resources[i], out.Resources, have)
	}
	stack.Sort(out.Resources)
	return out, nil
}

// dealt are the addresses that the member at an index asks for; "" for any.
func dealt(front ir.Front, index int) []string {
	var out []string
	for i := index; i < len(front.Addresses); i += len(front.Members) {
		out = append(out, front.Addresses[i])
	}
	if len(out) == 0 {
		return []string{""}
	}
	return out
}

// asSeen wants of a member what it is known to have.
func asSeen(have stack.Observed, member string) []stack.Resource {
	var out []stack.Resource
	for _, r := range have.Resources {
		if memberOf(r.ID) == member {
			out = append(out, stack.Resource{ID: r.ID, Spec: r.Spec})
		}
	}
	return out
}

// replace lets the member's Services that are not wanted any more live until the wanted one serves, unless an
// address is asked for: the old Service may be what holds it.
func replace(wanted *stack.Resource, all []stack.Resource, have stack.Observed) {
	if spec, ok := wanted.Spec.(Spec); !ok || spec.Address != "" {
		return
	}
	for _, old := range have.Resources {
		kept := slices.ContainsFunc(all, func(r stack.Resource) bool { return r.ID == old.ID })
		if !kept && memberOf(old.ID) == memberOf(wanted.ID) {
			wanted.Replaces = append(wanted.Replaces, old.ID)
		}
	}
}

func specOf(front ir.Front, member, address string) Spec {
	config := front.Service
	out := Spec{
		Member: member, Namespace: front.Owner.Namespace, Name: nameOf(front.Proxy, config.LoadBalancerClass, address),
		Type: corev1.ServiceType(config.Type), Class: config.LoadBalancerClass, Address: address,
		ExternalTrafficPolicy: corev1.ServiceExternalTrafficPolicy(config.ExternalTrafficPolicy),
		Labels:                labels(front), Annotations: annotations(front, config, address),
		Selector: map[string]string{dataplanev1alpha1.LabelProxy: front.Proxy},
	}
	for _, port := range front.Ports {
		out.Ports = append(out.Ports, portOf(port, out.Type))
	}
	return out
}

// labels of a Service; ours win over the Gateway's.
func labels(front ir.Front) map[string]string {
	out := ownership(front.Owner)
	for key, value := range front.Labels {
		if _, ours := out[key]; !ours {
			out[key] = value
		}
	}
	out[labelApp], out[labelManagedBy], out[dataplanev1alpha1.LabelProxy] = "fleetgate-front", "fleetgate", front.Proxy
	if len(front.Owner.Name) <= maxLabel {
		out[labelGatewayName] = front.Owner.Name
	}
	return out
}

// annotations of a Service: the class's, then the Gateway's, then ours.
func annotations(front ir.Front, config *gatewayv1alpha1.ServiceConfigSpec, address string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, config.Annotations)
	if pool := config.AddressPool; pool != nil && address == "" {
		out[pool.Annotation] = pool.Name
	}
	maps.Copy(out, front.Annotations)
	out[dataplanev1alpha1.AnnotationGateway] = front.Owner.Name
	return out
}
