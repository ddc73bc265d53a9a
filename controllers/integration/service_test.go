package integration

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
	"github.com/fleetgate/fleetgate/providers/memory"
)

// openEdge is a shop whose class makes Services, with an HTTPS listener beside.
func openEdge(t *testing.T, name string, members ...*api) shop {
	t.Helper()
	s := openShop(t, name, members...)
	create(t, hub, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: "certificate"}, Type: corev1.SecretTypeTLS,
		Data: pair("one.example.com"),
	})
	create(t, hub, &gatewayv1.GatewayClass{
		ObjectMeta: metav1.ObjectMeta{Name: name + "-edge"}, Spec: gatewayv1.GatewayClassSpec{ControllerName: serviceController},
	})
	create(t, hub, &gatewayv1.Gateway{
		ObjectMeta: metav1.ObjectMeta{Name: "edge", Namespace: name},
		Spec: gatewayv1.GatewaySpec{
			GatewayClassName: gatewayv1.ObjectName(name + "-edge"),
			Infrastructure: &gatewayv1.GatewayInfrastructure{
				Labels:      map[gatewayv1.LabelKey]gatewayv1.LabelValue{"cost": "edge"},
				Annotations: map[gatewayv1.AnnotationKey]gatewayv1.AnnotationValue{"example.com/note": "n"},
			},
			Listeners: []gatewayv1.Listener{
				{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType},
				{Name: "https", Port: 443, Protocol: gatewayv1.HTTPSProtocolType, TLS: &gatewayv1.ListenerTLSConfig{
					CertificateRefs: []gatewayv1.SecretObjectReference{{Name: "certificate"}},
				}},
			},
		},
	})
	s.key.Name, s.class = "edge", name+"-edge"
	s.proxy = compile.ProxyName(world.Name(s.key))
	return s
}

func pair(hostname string) map[string][]byte {
	chain, key := worldtest.Certificate(hostname)
	return map[string][]byte{"tls.crt": chain, "tls.key": key}
}

func (s shop) front() client.ObjectKey {
	return client.ObjectKey{Namespace: s.key.Namespace, Name: s.proxy + "-front"}
}

// service waits until the front's Service in a member is as check wants it.
func (s shop) service(t *testing.T, in *api, what string, check func(*corev1.Service) string) *corev1.Service {
	t.Helper()
	found := &corev1.Service{}
	eventually(t, what, func() string {
		*found = corev1.Service{}
		if err := in.client.Get(context.Background(), s.front(), found); err != nil {
			return err.Error()
		}
		return check(found)
	})
	return found
}

func asWanted(service *corev1.Service) string {
	text := fmt.Sprint(service.Spec.Ports, service.Spec.Type, service.Labels, service.Annotations)
	good := service.Spec.Type == corev1.ServiceTypeLoadBalancer && len(service.Spec.Ports) == 2 &&
		service.Spec.Ports[0].TargetPort == intstr.FromInt32(80) && service.Labels["cost"] == "edge" &&
		service.Annotations["example.com/note"] == "n" && service.DeletionTimestamp == nil
	if good {
		return ""
	}
	return text
}

func (s shop) give(t *testing.T, in *api, address string) {
	t.Helper()
	service := s.service(t, in, "the Service should come", asWanted)
	service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: address}}
	if err := in.client.Status().Update(t.Context(), service); err != nil {
		t.Fatal(err)
	}
}

func (s shop) addresses(t *testing.T, want ...string) {
	t.Helper()
	eventually(t, "the Gateway should get its addresses", func() string {
		var got []string
		for _, address := range s.gateway(t).Status.Addresses {
			got = append(got, address.Value)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Sprintf("got %v, want %v", got, want)
		}
		return ""
	})
}

func TestAFrontOfServices(t *testing.T) {
	joinBoth(t)
	s := openEdge(t, "edge", one, two)
	cloud := memory.NewCloud(memory.Options{})
	operate(t, cloud)
	foreign := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "edge", Name: "foreign", Labels: map[string]string{"cost": "edge"}}}
	foreign.Spec.Ports = []corev1.ServicePort{{Port: 80}}
	create(t, one, foreign)
	s.give(t, one, "192.0.2.9")
	s.give(t, two, "192.0.2.10")
	s.addresses(t, "192.0.2.10", "192.0.2.9")
	driftIsRepaired(t, s)
	certificatesAreCopied(t, s)
	if err := hub.client.Delete(t.Context(), s.gateway(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nothing of the Gateway should be left", func() string {
		if s.gateway(t).Name != "" {
			return "the Gateway is there"
		}
		for _, in := range []*api{one, two} {
			for _, key := range []client.ObjectKey{s.front(), s.copy()} {
				if in.client.Get(context.Background(), key, &corev1.Service{}) == nil ||
					in.client.Get(context.Background(), key, &corev1.Secret{}) == nil {
					return key.Name + " is there"
				}
			}
		}
		return ""
	})
	if err := one.client.Get(t.Context(), client.ObjectKeyFromObject(foreign), foreign); err != nil {
		t.Errorf("a foreign Service was touched: %v", err)
	}
}

func driftIsRepaired(t *testing.T, s shop) {
	t.Helper()
	service := s.service(t, one, "the Service should be there", asWanted)
	service.Spec.Type = corev1.ServiceTypeClusterIP
	service.Spec.Ports[0].TargetPort = intstr.FromInt32(81)
	service.Spec.Ports = append(service.Spec.Ports, corev1.ServicePort{Name: "more", Port: 22, Protocol: corev1.ProtocolTCP})
	service.Labels["cost"] = "stolen"
	if err := one.client.Update(t.Context(), service); err != nil {
		t.Fatal(err)
	}
	s.service(t, one, "what was changed should be put back", asWanted)
	if err := one.client.Delete(t.Context(), service); err != nil {
		t.Fatal(err)
	}
	s.service(t, one, "what was deleted should come back", asWanted)
	s.addresses(t, "192.0.2.10")
}

// copy is the key of the certificate's copy in members.
func (s shop) copy() client.ObjectKey {
	copies := compile.Copies(&ir.Gateway{
		Namespace: s.key.Namespace, Name: s.key.Name,
		Listeners: []ir.Listener{{Protocol: "HTTPS", Proxied: true, Secrets: []string{s.key.Namespace + "/certificate"}}},
	})
	return client.ObjectKey{Namespace: s.key.Namespace, Name: copies[0].Name}
}

func certificatesAreCopied(t *testing.T, s shop) {
	t.Helper()
	source := &corev1.Secret{}
	if err := hub.client.Get(t.Context(), client.ObjectKey{Namespace: s.key.Namespace, Name: "certificate"}, source); err != nil {
		t.Fatal(err)
	}
	same := func() string {
		for _, in := range []*api{one, two} {
			found := &corev1.Secret{}
			if err := in.client.Get(context.Background(), s.copy(), found); err != nil {
				return err.Error()
			}
			if string(found.Data["tls.crt"]) != string(source.Data["tls.crt"]) || found.Type != corev1.SecretTypeTLS {
				return "a copy has another certificate"
			}
		}
		return ""
	}
	eventually(t, "the certificate should be copied", same)
	source.Data = pair("two.example.com")
	if err := hub.client.Update(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the certificate should be rotated", same)
}
