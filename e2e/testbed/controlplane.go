package testbed

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"github.com/fleetgate/fleetgate/e2e/testbed/daemon"
)

const (
	etcdName     = "etcd"
	binderName   = "binder"
	balancerName = "balancer"
)

// controllers are those of kube-controller-manager that something in a testbed needs: each
// costs memory in every cluster.
var controllers = []string{
	"namespace-controller",
	"serviceaccount-controller",
	"root-ca-certificate-publisher-controller",
	"clusterrole-aggregation-controller",
	"garbage-collector-controller",
	"pod-garbage-collector-controller",
	"deployment-controller",
	"replicaset-controller",
	"daemonset-controller",
	"job-controller",
	"disruption-controller",
	"endpointslice-controller",
	"node-lifecycle-controller",
	"taint-eviction-controller",
}

func (o Options) etcdURL() string {
	return "http://" + net.JoinHostPort(fmt.Sprint(o.etcdIP()), fmt.Sprint(etcdPort))
}

// startEtcd starts the one etcd, in which every cluster has a prefix.
func (f *Fleet) startEtcd(ctx context.Context, bin string) error {
	url := f.options.etcdURL()
	err := f.daemons.Start(daemon.Spec{
		Name: etcdName,
		Path: filepath.Join(bin, "etcd"),
		Args: []string{
			"--name=testbed",
			"--data-dir=" + filepath.Join(f.options.Dir, "etcd"),
			"--listen-client-urls=" + url,
			"--advertise-client-urls=" + url,
			// A port of the system's choice: there is no second member to talk to.
			"--listen-peer-urls=http://" + f.options.etcdIP().String() + ":0",
			"--unsafe-no-fsync", // nothing here outlives the machine
			"--log-level=warn",
		},
	})
	if err != nil {
		return err
	}
	return waitServing(ctx, f.daemons, etcdName, url+"/readyz", nil)
}

// startControlPlane starts the processes of a cluster that run in the host's namespaces.
func (f *Fleet) startControlPlane(ctx context.Context, c *Cluster, bin string) error {
	apiserver := c.daemonName(apiServerDaemon)
	if err := f.daemons.Start(f.apiServer(c, bin)); err != nil {
		return err
	}
	if err := c.waitAPIServer(ctx); err != nil {
		return fmt.Errorf("%s: %w", apiserver, err)
	}
	if err := f.daemons.Start(f.controllerManager(c, bin)); err != nil {
		return err
	}
	if c == f.Hub {
		return f.daemons.Start(f.scheduler(c, bin))
	}
	return nil
}

func (f *Fleet) apiServer(c *Cluster, bin string) daemon.Spec {
	return daemon.Spec{
		Name: c.daemonName(apiServerDaemon),
		Path: filepath.Join(bin, "kube-apiserver"),
		Args: []string{
			"--etcd-servers=" + f.options.etcdURL(),
			"--etcd-prefix=/" + c.Name,
			"--bind-address=" + f.HostIP.String(),
			"--advertise-address=" + f.HostIP.String(),
			fmt.Sprintf("--secure-port=%d", c.APIServer.Port()),
			"--service-cluster-ip-range=" + c.ServiceCIDR.String(),
			"--tls-cert-file=" + c.cert(apiServerCert),
			"--tls-private-key-file=" + c.key(apiServerCert),
			"--client-ca-file=" + c.cert(authorityName),
			"--cert-dir=" + filepath.Join(c.dir, "pki"),
			"--service-account-issuer=https://kubernetes.default.svc",
			"--service-account-key-file=" + c.cert(signingKeyName),
			"--service-account-signing-key-file=" + c.key(signingKeyName),
			"--kubelet-certificate-authority=" + c.cert(authorityName),
			"--kubelet-client-certificate=" + c.cert(kubeletClientCert),
			"--kubelet-client-key=" + c.key(kubeletClientCert),
			"--kubelet-preferred-address-types=InternalIP",
			"--authorization-mode=Node,RBAC",
			"--enable-admission-plugins=NodeRestriction",
			"--allow-privileged=true",
			"--profiling=false",
		},
		Env: f.options.collection(),
	}
}

func (f *Fleet) controllerManager(c *Cluster, bin string) daemon.Spec {
	return daemon.Spec{
		Name: c.daemonName(controllersDaemon),
		Path: filepath.Join(bin, "kube-controller-manager"),
		Args: []string{
			"--kubeconfig=" + c.Kubeconfig,
			"--controllers=" + strings.Join(controllers, ","),
			"--root-ca-file=" + c.cert(authorityName),
			"--service-account-private-key-file=" + c.key(signingKeyName),
			"--leader-elect=false",
			"--secure-port=0",
			"--kube-api-qps=200",
			"--kube-api-burst=400",
			"--profiling=false",
		},
		Env: f.options.collection(),
	}
}

func (f *Fleet) scheduler(c *Cluster, bin string) daemon.Spec {
	return daemon.Spec{
		Name: c.daemonName(schedulerDaemon),
		Path: filepath.Join(bin, "kube-scheduler"),
		Args: []string{
			"--kubeconfig=" + c.Kubeconfig,
			"--leader-elect=false",
			"--secure-port=0",
			"--profiling=false",
		},
		Env: f.options.collection(),
	}
}

// startBinder starts the one process that binds the pods of all members.
func (f *Fleet) startBinder() error {
	if len(f.Members) == 0 {
		return nil
	}
	args := []string{"bind"}
	for _, c := range f.Members {
		args = append(args, c.Kubeconfig)
	}
	return f.daemons.Start(daemon.Spec{Name: binderName, Path: f.ownProgram(), Args: args, Env: f.options.collection()})
}

// startBalancer starts the one process that gives addresses to the Services of all clusters.
func (f *Fleet) startBalancer() error {
	args := []string{"balance"}
	for _, c := range f.Clusters() {
		args = append(args, c.Balancers.String()+"="+c.Kubeconfig)
	}
	return f.daemons.Start(daemon.Spec{Name: balancerName, Path: f.ownProgram(), Args: args, Env: f.options.collection()})
}

// collection has the Go runtime of Kubernetes' processes collect earlier: these clusters are small, and memory is dearer
// here than time.
func (o Options) collection() []string {
	if o.Roomy {
		return nil
	}
	return []string{"GOGC=50"}
}
