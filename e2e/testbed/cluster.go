package testbed

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/fleetgate/fleetgate/e2e/testbed/daemon"
)

// Daemons of a cluster that are ended and started by themselves.
const (
	apiServerDaemon   = "apiserver"
	controllersDaemon = "controllers"
	schedulerDaemon   = "scheduler"
)

// Cluster is one Kubernetes cluster of the testbed.
type Cluster struct {
	// Name is the cluster's name, also the context's in its kubeconfig.
	Name string
	// NodeName is the name of its one Node.
	NodeName string
	// Kubeconfig is the file of an administrator's kubeconfig, which works on the host and
	// in any pod.
	Kubeconfig string
	// NodeIP is the node's address on the bridge.
	NodeIP netip.Addr
	// PodCIDR and ServiceCIDR are the ranges of its pods and Services.
	PodCIDR, ServiceCIDR netip.Prefix
	// Balancers is the range from which Services of type LoadBalancer get their addresses, see package loadbalancer.
	Balancers netip.Prefix
	// APIServer is where its API is served.
	APIServer netip.AddrPort

	index   int
	dir     string
	daemons *daemon.Set
}

// RESTConfig returns an administrator's client configuration without client-side limits.
func (c *Cluster) RESTConfig() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	config.QPS = -1
	return config, nil
}

// StopAPIServer kills the cluster's API server, as a crash would. Containers and kube-proxy's
// rules go on without it.
func (c *Cluster) StopAPIServer(ctx context.Context) error {
	return c.daemons.Stop(ctx, c.daemonName(apiServerDaemon), syscall.SIGKILL)
}

// StartAPIServer starts a stopped API server again, and returns when it serves. Who leads by a lease starts
// anew with it, as whoever loses his lease does: else its watches would return up to a minute later.
func (c *Cluster) StartAPIServer(ctx context.Context) error {
	if err := c.daemons.Restart(c.daemonName(apiServerDaemon)); err != nil {
		return err
	}
	if err := c.waitAPIServer(ctx); err != nil {
		return err
	}
	return c.restartLeaders(ctx)
}

func (c *Cluster) restartLeaders(ctx context.Context) error {
	for _, leader := range []string{c.daemonName(controllersDaemon), c.daemonName(schedulerDaemon)} {
		if !c.daemons.Alive(leader) {
			continue // members have no scheduler
		}
		if err := c.daemons.Stop(ctx, leader, syscall.SIGKILL); err != nil {
			return err
		}
		if err := c.daemons.Restart(leader); err != nil {
			return err
		}
	}
	return nil
}

// LoadImages imports image archives, as package image and "docker save" write them, into
// the cluster's node.
func (c *Cluster) LoadImages(ctx context.Context, tars ...string) error {
	for _, file := range tars {
		if _, err := c.ctr(ctx, "images", "import", "--snapshotter", c.snapshotter(), file); err != nil {
			return fmt.Errorf("loading %s into %s: %w", file, c.Name, err)
		}
	}
	return nil
}

func (c *Cluster) ctr(ctx context.Context, args ...string) (string, error) {
	return run(ctx, "ctr", append([]string{"--address", c.runtimeSocket(), "--namespace", "k8s.io"}, args...)...)
}

func (c *Cluster) runtimeSocket() string           { return c.file("containerd.sock") }
func (c *Cluster) file(name string) string         { return filepath.Join(c.dir, name) }
func (c *Cluster) daemonName(daemon string) string { return c.Name + "-" + daemon }

// waitAPIServer waits until the API server is ready.
func (c *Cluster) waitAPIServer(ctx context.Context) error {
	authority, err := os.ReadFile(c.cert(authorityName))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	url := "https://" + c.APIServer.String() + "/readyz"
	return waitServing(ctx, c.daemons, c.daemonName(apiServerDaemon), url, &tls.Config{RootCAs: roots})
}

// waitReady waits until the node is ready and pods can be created in namespace default.
func (c *Cluster) waitReady(ctx context.Context) error {
	config, err := c.RESTConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	return poll(ctx, "node "+c.NodeName+" to be ready", func(ctx context.Context) (bool, error) {
		for _, name := range []string{kubeletDaemon, proxyDaemon} {
			if !c.daemons.Alive(c.daemonName(name)) {
				return false, fmt.Errorf("%s ended by itself", c.daemonName(name))
			}
		}
		_, err := client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		if err != nil {
			return false, nil
		}
		node, err := client.CoreV1().Nodes().Get(ctx, c.NodeName, metav1.GetOptions{})
		return err == nil && nodeReady(node), nil
	})
}

func nodeReady(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// waitServing waits until a daemon answers 200 at a URL, or ends.
func waitServing(ctx context.Context, daemons *daemon.Set, name, url string, config *tls.Config) error {
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
	return poll(ctx, name+" to serve", func(ctx context.Context) (bool, error) {
		if !daemons.Alive(name) {
			return false, fmt.Errorf("%s ended by itself", name)
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false, err
		}
		response, err := client.Do(request)
		if err != nil {
			return false, nil
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK, nil
	})
}
