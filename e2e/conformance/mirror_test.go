package conformance

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestReflected(t *testing.T) {
	source := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Service",
		"metadata": map[string]any{"name": "a", "namespace": "gateway-x", "uid": "1", "labels": map[string]any{"b": "c"}},
		"spec":     map[string]any{"clusterIP": "10.0.0.1", "clusterIPs": []any{"10.0.0.1"}, "type": "ClusterIP"},
		"status":   map[string]any{"loadBalancer": map[string]any{}},
	}}
	want := map[string]any{
		"apiVersion": "v1", "kind": "Service",
		"metadata": map[string]any{"name": "a", "namespace": "gateway-x", "labels": map[string]any{"b": "c"}},
		"spec":     map[string]any{"type": "ClusterIP"},
	}
	if diff := cmp.Diff(want, reflected(source).Object); diff != "" {
		t.Errorf("what the hub's API server gave stays (-want +got):\n%s", diff)
	}
	spec, _, _ := unstructured.NestedMap(source.Object, "spec")
	spec["clusterIP"] = "None"
	if err := unstructured.SetNestedMap(source.Object, spec, "spec"); err != nil {
		t.Fatal(err)
	}
	if ip, _, _ := unstructured.NestedString(reflected(source).Object, "spec", "clusterIP"); ip != "None" {
		t.Errorf("a headless Service becomes one with the address %q", ip)
	}
}

func TestMade(t *testing.T) {
	for name, c := range map[string]struct {
		metadata map[string]any
		want     bool
	}{
		"the suite's":      {map[string]any{"name": "infra-backend-v1"}, false},
		"the product's":    {map[string]any{"name": "a", "labels": map[string]any{"app.kubernetes.io/managed-by": "fleetgate"}}, true},
		"an EndpointSlice": {map[string]any{"name": "a-x", "labels": map[string]any{"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}}, true},
		"the cluster's CA": {map[string]any{"name": "kube-root-ca.crt"}, true},
		"owned by another": {map[string]any{"name": "a", "ownerReferences": []any{map[string]any{"name": "b"}}}, true},
	} {
		if got := made(&unstructured.Unstructured{Object: map[string]any{"metadata": c.metadata}}); got != c.want {
			t.Errorf("%s: made by a controller is %v", name, got)
		}
	}
}
