package gather

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

func TestSlimDropsWhatNobodyAsksFor(t *testing.T) {
	route := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{
		Name: "r", Annotations: map[string]string{corev1.LastAppliedConfigAnnotation: "{}", "theirs": "x"},
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}},
	}}
	out, err := Slim(route)
	if err != nil || out != any(route) {
		t.Fatalf("got %v, %v", out, err)
	}
	if len(route.ManagedFields) != 0 || len(route.Annotations) != 1 || route.Annotations["theirs"] != "x" {
		t.Errorf("got %+v", route.ObjectMeta)
	}
	if out, err := Slim("a tombstone"); err != nil || out != "a tombstone" {
		t.Errorf("what has no metadata: got %v, %v", out, err)
	}
}
