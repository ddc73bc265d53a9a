package service

import (
	"encoding/json"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/stack"
)

// resourceOf is a Service as a member has it.
func resourceOf(front ir.Front, member string, service *corev1.Service) stack.Resource {
	out := stack.Resource{ID: idOf(member, service.Name), Ref: string(service.UID), State: stack.Active}
	labels, annotations := owned(service)
	spec := Spec{
		Member: member, Namespace: service.Namespace, Name: service.Name, Type: service.Spec.Type,
		ExternalTrafficPolicy: service.Spec.ExternalTrafficPolicy, Address: service.Spec.LoadBalancerIP,
		Labels: labels, Annotations: annotations, Selector: service.Spec.Selector,
	}
	if service.Spec.LoadBalancerClass != nil {
		spec.Class = *service.Spec.LoadBalancerClass
	}
	for _, port := range service.Spec.Ports {
		seen := Port{Name: port.Name, Port: port.Port, Protocol: port.Protocol}
		if spec.Type == corev1.ServiceTypeNodePort && port.NodePort == port.Port {
			seen.NodePort = port.NodePort
		}
		if port.TargetPort != intstr.FromInt32(port.Port) {
			seen.Name = "" // leads elsewhere
		}
		spec.Ports = append(spec.Ports, seen)
	}
	slices.SortFunc(spec.Ports, byPort)
	out.Spec = spec
	addresses := reached(front, member, service)
	if len(addresses) > 0 {
		out.Facts = map[string]string{factAddresses: strings.Join(addresses, ",")}
	}
	switch {
	case service.DeletionTimestamp != nil:
		out.State = stack.Deleting
	case len(addresses) == 0:
		out.State = stack.Pending
	}
	return out
}

func byPort(a, b Port) int {
	if a.Port != b.Port {
		return int(a.Port - b.Port)
	}
	return strings.Compare(string(a.Protocol), string(b.Protocol))
}

// reached are the addresses at which a Service is reached, by its type.
func reached(front ir.Front, member string, service *corev1.Service) []string {
	var out []string
	switch service.Spec.Type {
	case corev1.ServiceTypeLoadBalancer:
		for _, ingress := range service.Status.LoadBalancer.Ingress {
			if ingress.IP != "" {
				out = append(out, ingress.IP)
			} else if ingress.Hostname != "" {
				out = append(out, ingress.Hostname)
			}
		}
	case corev1.ServiceTypeNodePort:
		out = hosts(front, member)
	case corev1.ServiceTypeClusterIP:
		for _, address := range service.Spec.ClusterIPs {
			if address != corev1.ClusterIPNone {
				out = append(out, address)
			}
		}
	case corev1.ServiceTypeExternalName: // never ours
	}
	return out
}

// hosts are the nodes that run the proxies of a member.
func hosts(front ir.Front, member string) []string {
	for _, port := range front.Ports {
		for _, set := range port.Targets {
			if set.Member == member {
				return set.Hosts
			}
		}
	}
	return nil
}

// owned are the labels and annotations that we set, without those of others.
func owned(service *corev1.Service) (labels, annotations map[string]string) {
	for _, entry := range service.ManagedFields {
		if entry.Manager != Manager || entry.Operation != metav1.ManagedFieldsOperationApply || entry.FieldsV1 == nil {
			continue
		}
		var fields struct {
			Metadata struct {
				Labels      map[string]json.RawMessage `json:"f:labels"`
				Annotations map[string]json.RawMessage `json:"f:annotations"`
			} `json:"f:metadata"`
		}
		if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) != nil {
			continue // nothing of it is ours then, and is applied again
		}
		labels = only(service.Labels, fields.Metadata.Labels)
		annotations = only(service.Annotations, fields.Metadata.Annotations)
	}
	return labels, annotations
}

// only are the values whose keys are among the fields.
func only(all map[string]string, fields map[string]json.RawMessage) map[string]string {
	out := map[string]string{}
	for key, value := range all {
		if _, ours := fields["f:"+key]; ours {
			out[key] = value
		}
	}
	return out
}

// object is what is applied for a Spec.
func object(spec Spec, uid string) *corev1.Service {
	out := &corev1.Service{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: spec.Namespace, Name: spec.Name, UID: types.UID(uid), Labels: spec.Labels, Annotations: spec.Annotations,
		},
		Spec: corev1.ServiceSpec{
			Type: spec.Type, Selector: spec.Selector, ExternalTrafficPolicy: spec.ExternalTrafficPolicy, LoadBalancerIP: spec.Address,
		},
	}
	if spec.Class != "" {
		out.Spec.LoadBalancerClass = &spec.Class
	}
	for _, port := range spec.Ports {
		out.Spec.Ports = append(out.Spec.Ports, corev1.ServicePort{
			Name: port.Name, Port: port.Port, TargetPort: intstr.FromInt32(port.Port), Protocol: port.Protocol, NodePort: port.NodePort,
		})
	}
	return out
}
