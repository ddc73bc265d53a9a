package integration

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1alpha1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	"github.com/fleetgate/fleetgate/providers/memory"
)

// TestTheStandardChannelHasNothingExperimental uses experimental fields and kinds on a hub without their definitions.
func TestTheStandardChannelHasNothingExperimental(t *testing.T) {
	joinBoth(t)
	s := openShop(t, "standard", one, two)
	cloud := memory.NewCloud(memory.Options{})
	operate(t, cloud)

	pruned := experimentalRoute("pruned", map[string]any{"sessionPersistence": map[string]any{"type": "Cookie"}})
	create(t, hub, pruned)
	rules, _, err := unstructured.NestedSlice(pruned.Object, "spec", "rules")
	if err != nil || len(rules) == 0 {
		t.Fatal(rules, err)
	}
	if rule, ok := rules[0].(map[string]any); !ok || rule["sessionPersistence"] != nil {
		t.Errorf("the API server keeps sessionPersistence: %v", rules)
	}
	refused := experimentalRoute("refused", map[string]any{"filters": []any{map[string]any{
		"type": "ExternalAuth", "externalAuth": map[string]any{"protocol": "HTTP", "backendRef": map[string]any{"name": "web", "port": int64(80)}},
	}}})
	if err := hub.client.Create(t.Context(), refused); !apierrors.IsInvalid(err) {
		t.Errorf("an ExternalAuth filter, which would protect nothing, is not refused: %v", err)
	}
	policy := &gatewayxv1alpha1.XBackendTrafficPolicy{}
	policy.Namespace, policy.Name = "standard", "retries"
	if err := hub.client.Create(t.Context(), policy); !meta.IsNoMatchError(err) {
		t.Errorf("there is XBackendTrafficPolicy: %v", err)
	}

	for _, name := range []string{"pruned", "route"} {
		eventually(t, "the route "+name+" should be accepted", func() string {
			route := &gatewayv1.HTTPRoute{}
			if err := hub.client.Get(context.Background(), client.ObjectKey{Namespace: "standard", Name: name}, route); err != nil {
				return err.Error()
			}
			for _, parent := range route.Status.Parents {
				if meta.IsStatusConditionTrue(parent.Conditions, "Accepted") && meta.IsStatusConditionTrue(parent.Conditions, "ResolvedRefs") {
					return ""
				}
			}
			return "its status is not so"
		})
	}
	eventually(t, "the class should claim what there is", s.claimsTheStandardChannel)
	s.close(t, cloud, one, two)
}

// claimsTheStandardChannel complains where the class claims experimental features, or misses a kind.
func (s shop) claimsTheStandardChannel() string {
	class := &gatewayv1.GatewayClass{}
	if err := hub.client.Get(context.Background(), client.ObjectKey{Name: s.class}, class); err != nil {
		return err.Error()
	}
	has := func(part string) bool {
		return slices.ContainsFunc(class.Status.SupportedFeatures, func(f gatewayv1.SupportedFeature) bool { return strings.Contains(string(f.Name), part) })
	}
	version := meta.FindStatusCondition(class.Status.Conditions, "SupportedVersion")
	switch {
	case !has("HTTPRoute"):
		return "it claims nothing"
	case has("ExternalAuth"):
		return "it claims external authorization"
	case version == nil || version.Status != "True" || strings.Contains(version.Message, "not installed"):
		return "it misses something"
	}
	return ""
}

// experimentalRoute is a route whose only rule has more than the standard channel knows.
func experimentalRoute(name string, more map[string]any) *unstructured.Unstructured {
	rule := map[string]any{"backendRefs": []any{map[string]any{"name": "web", "port": int64(80)}}}
	maps.Copy(rule, more)
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
		"metadata": map[string]any{"name": name, "namespace": "standard"},
		"spec":     map[string]any{"parentRefs": []any{map[string]any{"name": "gw"}}, "rules": []any{rule}},
	}}
}
