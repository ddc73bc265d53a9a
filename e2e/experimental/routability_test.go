package experimental

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fleetgate/fleetgate/e2e/ground"
)

// prober is a pod that fetches what it can reach, see e2e/testbed/probe.
var prober = &corev1.Pod{
	TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
	ObjectMeta: metav1.ObjectMeta{Name: "probe"},
	Spec: corev1.PodSpec{
		SecurityContext: &corev1.PodSecurityContext{Sysctls: []corev1.Sysctl{{Name: "net.ipv4.ip_unprivileged_port_start", Value: "0"}}},
		Containers:      []corev1.Container{{Name: "probe", Image: "fleetgate/probe:test", ImagePullPolicy: corev1.PullNever}},
	},
}

// addressRoutability reaches a Gateway for the cluster from a pod of it.
func addressRoutability(t *testing.T, g *ground.Ground) {
	s := open(t, g, "address-routability", prober)
	s.kubectl(t, "wait", "pod/probe", "--for=condition=Ready", "--timeout="+patience.String())
	probe := newClient(t, s.kubectl(t, "get", "pod", "probe", "-o", "jsonpath={.status.podIP}"))
	got := probe.eventually(t, "/fetch?url="+url.QueryEscape("http://"+s.address+"/inside"), is(http.StatusOK))
	if !strings.Contains(got.body, `"path":"/inside"`) || !strings.Contains(got.body, `"service":"app"`) {
		t.Errorf("another one than the backend answers: %s", got.body)
	}
	const gateway = "gateways.gateway.networking.k8s.io/web"
	if got := s.kubectl(t, "get", gateway, "-o", "jsonpath={range .status.addresses[*]}{.type} {.value} {.routability}{end}"); got != "IPAddress "+s.address+" Cluster" {
		t.Errorf("the Gateway has the addresses %q", got)
	}
	services := s.kubectl(t, "get", "services", "-o", `jsonpath={range .items[?(@.spec.clusterIP=="`+s.address+`")]}{.spec.type}{.status.loadBalancer.ingress}{end}`)
	if services != string(corev1.ServiceTypeClusterIP) {
		t.Errorf("the Service of the address is %q, want one of type ClusterIP", services)
	}
}
