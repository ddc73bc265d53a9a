package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/e2e/stage"
	"github.com/fleetgate/fleetgate/e2e/testbed"
)

// proxiesDeleted deletes all proxy pods of one member, gracefully, as a node drain would.
func proxiesDeleted(ctx context.Context, t *testing.T, s *stage.Stage) {
	member := s.Fleet.Members[0]
	whileLoaded(ctx, t, s, 20*time.Second, func() {
		if _, err := s.Kubectl(ctx, member, nil, "delete", "pods", "-n", gatewayNamespace, "-l", "gateway.networking.k8s.io/gateway-name="+production, "--wait=false"); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.Kubectl(ctx, member, nil, "wait", "deployments", "--all", "-n", gatewayNamespace, "--for=condition=Available", "--timeout=2m"); err != nil {
		t.Error(err)
	}
}

// operatorAndHubDown kills the operator without grace and stops the hub's API server.
func operatorAndHubDown(ctx context.Context, t *testing.T, s *stage.Stage) {
	whileLoaded(ctx, t, s, 20*time.Second, func() {
		if _, err := s.Kubectl(ctx, s.Fleet.Hub, nil, "delete", "pods", "-n", stage.Namespace, "--all", "--grace-period=0", "--force", "--wait=false"); err != nil {
			t.Error(err)
		}
		if err := s.Fleet.Hub.StopAPIServer(ctx); err != nil {
			t.Error(err)
		}
	})
	hubReturns(ctx, t, s)
}

// memberAPIDown stops one member's API server: its proxies go on, and the Gateway says which member cannot be asked.
func memberAPIDown(ctx context.Context, t *testing.T, s *stage.Stage) {
	member := s.Fleet.Members[1]
	whileLoaded(ctx, t, s, 20*time.Second, func() {
		if err := member.StopAPIServer(ctx); err != nil {
			t.Error(err)
		}
		awaitReachable(ctx, t, s, "False", member.Name)
	})
	if err := member.StartAPIServer(ctx); err != nil {
		t.Fatal(err)
	}
	awaitReachable(ctx, t, s, "True", "")
	memberIsWatched(ctx, t, s, member)
}

// memberIsWatched creates what a route waits for, where the API server is back: the operator sees it soon.
func memberIsWatched(ctx context.Context, t *testing.T, s *stage.Stage, member *testbed.Cluster) {
	t.Helper()
	if _, err := s.Kubectl(ctx, s.Fleet.Hub, []byte(waitingRoute), "create", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	awaitResolved(ctx, t, s, "False")
	if _, err := s.Kubectl(ctx, member, nil, "create", "service", "clusterip", "waited-for", "-n", "ecommerce-team", "--tcp=80"); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	awaitResolved(ctx, t, s, "True")
	t.Logf("a Service that was created after the member's return was seen after %s", time.Since(begin).Round(time.Millisecond))
}

// seenLimit is far less than the minute for which client-go leaves an API server alone that was away.
const seenLimit = 15 * time.Second

// awaitResolved waits for the condition ResolvedRefs of the route that waits for a Service.
func awaitResolved(ctx context.Context, t *testing.T, s *stage.Stage, want string) {
	t.Helper()
	const condition = `{.status.parents[*].conditions[?(@.type=="ResolvedRefs")].status}`
	for begin := time.Now(); ; time.Sleep(250 * time.Millisecond) {
		said, err := s.Kubectl(ctx, s.Fleet.Hub, nil, "get", "httproutes", "waiting", "-n", "ecommerce-team", "-o", "jsonpath="+condition)
		if err == nil && said == want {
			return
		}
		if time.Since(begin) > seenLimit {
			t.Fatalf("ResolvedRefs is not %s: %q %v", want, said, err)
		}
	}
}

const waitingRoute = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: waiting, namespace: ecommerce-team}
spec:
  parentRefs: [{name: production-gateway, namespace: gateway-infra, sectionName: https-web}]
  hostnames: [waiting.apps.company.com]
  rules: [{backendRefs: [{name: waited-for, port: 80}]}]
`

// awaitReachable waits for the condition MembersReachable of the production Gateway, and for a word in its message.
func awaitReachable(ctx context.Context, t *testing.T, s *stage.Stage, want, word string) {
	t.Helper()
	const condition = `{range .status.conditions[?(@.type=="gateway.company.com/MembersReachable")]}{.status} {.message}{end}`
	deadline := time.Now().Add(time.Minute)
	for {
		said, err := s.Kubectl(ctx, s.Fleet.Hub, nil, "get", "gateways.gateway.networking.k8s.io", production, "-n", gatewayNamespace, "-o", "jsonpath="+condition)
		if err == nil && strings.HasPrefix(said, want) && strings.Contains(said, word) {
			t.Logf("%s", said)
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("MembersReachable is not %s with %q: %s %v", want, word, said, err)
			return
		}
		time.Sleep(250 * time.Millisecond)
	}
}

// rolloutWithHubDown replaces backend pods in both members while nothing but their own API servers is there.
func rolloutWithHubDown(ctx context.Context, t *testing.T, s *stage.Stage) {
	whileLoaded(ctx, t, s, 30*time.Second, func() {
		if err := s.Fleet.Hub.StopAPIServer(ctx); err != nil {
			t.Error(err)
		}
		for _, member := range s.Fleet.Members {
			if _, err := s.Kubectl(ctx, member, nil, "rollout", "restart", "deployment/frontend-service", "-n", "ecommerce-team"); err != nil {
				t.Error(err)
			}
		}
		for _, member := range s.Fleet.Members {
			if _, err := s.Kubectl(ctx, member, nil, "rollout", "status", "deployment/frontend-service", "-n", "ecommerce-team", "--timeout=60s"); err != nil {
				t.Error(err)
			}
		}
	})
	hubReturns(ctx, t, s)
}

// hubReturns starts the hub's API server and waits for an operator that works: for the first answer of a route that is
// created then. That a Deployment is available says nothing, as long as nobody was there who could take that back.
func hubReturns(ctx context.Context, t *testing.T, s *stage.Stage) {
	t.Helper()
	if err := s.Fleet.Hub.StartAPIServer(ctx); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	name := "returned-" + strings.ToLower(strings.ReplaceAll(t.Name()[strings.LastIndex(t.Name(), "/")+1:], "_", "-"))
	if _, err := s.Kubectl(ctx, s.Fleet.Hub, fmt.Appendf(nil, returnedRoute, name), "create", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	c := client(ctx, t, s, production)
	for {
		_, err := get(ctx, c, "https://"+name+".apps.company.com/", nil)
		switch {
		case err == nil:
			t.Logf("a route that was created after the hub's return answered after %s", time.Since(begin).Round(time.Millisecond))
			return
		case time.Since(begin) > returnLimit:
			t.Fatalf("%s after the hub's return: %v", returnLimit, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// returnLimit is for all that has to find the hub again, and for an operator that has to start, to become the leader, and to read
// everything: half a minute on an idle machine.
const returnLimit = 2 * time.Minute

const returnedRoute = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: %[1]s
  namespace: ecommerce-team
spec:
  parentRefs: [{name: production-gateway, namespace: gateway-infra, sectionName: https-web}]
  hostnames: [%[1]s.apps.company.com]
  rules: [{backendRefs: [{name: frontend-service, port: 80}]}]
`
