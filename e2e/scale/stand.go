package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/e2e/ground"
	"github.com/fleetgate/fleetgate/e2e/testbed/pki"
)

const (
	namespace    = "scale"
	gatewayName  = "web"
	backendImage = "fleetgate/demo-backend:dev"

	settleTimeout = 20 * time.Minute
	pollInterval  = 100 * time.Millisecond
)

// stand is the cluster with one Gateway and two backends.
type stand struct {
	client.WithWatch
	ground *ground.Ground
	// kept says that another run may come after this one, on the same cluster.
	kept      bool
	authority *pki.Authority
	// address is the Gateway's.
	address string
	http    *http.Client
}

func open(ctx context.Context, g *ground.Ground, kept bool) (*stand, error) {
	config, err := clientcmd.BuildConfigFromFlags("", g.Kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // the load is bounded by the number of workers
	s := &stand{ground: g, kept: kept}
	if s.WithWatch, err = newClient(config); err != nil {
		return nil, err
	}
	if s.authority, err = pki.NewAuthority("scale"); err != nil {
		return nil, err
	}
	if _, err := g.Kubectl(ctx, nil, "apply", "--server-side", "--force-conflicts", "-f", "e2e/scale/base.yaml"); err != nil {
		return nil, err
	}
	if err := s.rotate(ctx); err != nil {
		return nil, err
	}
	if _, err := g.Kubectl(ctx, nil, "-n", namespace, "wait", "deployments", "--all", "--for=condition=Available", "--timeout=2m"); err != nil {
		return nil, err
	}
	if err := s.programmed(ctx); err != nil {
		return nil, err
	}
	s.http = s.newHTTP(false)
	return s, nil
}

func newClient(config *rest.Config) (client.WithWatch, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, gatewayv1.Install} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return client.NewWithWatch(config, client.Options{Scheme: scheme})
}

func (s *stand) gateway(ctx context.Context) (*gatewayv1.Gateway, error) {
	var g gatewayv1.Gateway
	err := s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: gatewayName}, &g)
	return &g, err
}

// programmed waits for the Gateway and remembers its address.
func (s *stand) programmed(ctx context.Context) error {
	return s.eventually(ctx, "the Gateway is programmed", func() (bool, error) {
		g, err := s.gateway(ctx)
		if err != nil || !meta.IsStatusConditionPresentAndEqual(g.Status.Conditions, string(gatewayv1.GatewayConditionProgrammed), metav1.ConditionTrue) {
			return false, err
		}
		s.address = g.Status.Addresses[0].Value
		return true, nil
	})
}

// attached waits until the first listener of the Gateway counts so many routes.
func (s *stand) attached(ctx context.Context, want int) error {
	return s.eventually(ctx, fmt.Sprintf("%d routes are attached", want), func() (bool, error) {
		g, err := s.gateway(ctx)
		return err == nil && len(g.Status.Listeners) > 0 && int(g.Status.Listeners[0].AttachedRoutes) == want, err
	})
}

// eventually waits until a condition holds.
func (s *stand) eventually(ctx context.Context, what string, holds func() (bool, error)) error {
	start := time.Now()
	for {
		ok, err := holds()
		if ok && err == nil {
			return nil
		}
		if time.Since(start) > settleTimeout {
			return fmt.Errorf("%s: not within %v: %w", what, settleTimeout, err)
		}
		if err := pause(ctx, pollInterval); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
}

// pause waits, or ends early with the context's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func progressf(format string, args ...any) { fmt.Fprintf(os.Stderr, "  "+format+"\n", args...) }
