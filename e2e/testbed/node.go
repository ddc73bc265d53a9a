package testbed

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fleetgate/fleetgate/e2e/testbed/daemon"
)

// Names of a node's daemons, after the cluster's name.
const (
	nodeDaemon    = "node"
	runtimeDaemon = "containerd"
	kubeletDaemon = "kubelet"
	proxyDaemon   = "kube-proxy"
)

// startRuntime makes the node's namespaces, connects them, and starts containerd there.
func (f *Fleet) startRuntime(ctx context.Context, c *Cluster, pause string) error {
	// The process that is the node: its namespaces live as long as it does.
	holder := daemon.Spec{Name: c.daemonName(nodeDaemon), Path: "sleep", Args: []string{"infinity"}, Isolate: true}
	if err := f.daemons.Start(holder); err != nil {
		return err
	}
	process, ok := f.daemons.Find(holder.Name)
	if !ok {
		return fmt.Errorf("%s ended at once", holder.Name)
	}
	if err := c.mountShared(ctx, process.PID); err != nil {
		return err
	}
	if err := f.connectNode(ctx, c, process.PID); err != nil {
		return err
	}
	if err := c.writeRuntimeConfig(); err != nil {
		return err
	}
	err := f.daemons.Start(daemon.Spec{
		Name: c.daemonName(runtimeDaemon),
		Path: "containerd",
		Args: []string{"--config", c.file("containerd.toml")},
		Join: holder.Name,
		Env:  f.options.collection(),
	})
	if err != nil {
		return err
	}
	if err := c.waitRuntime(ctx); err != nil {
		return err
	}
	return c.LoadImages(ctx, pause)
}

// waitRuntime waits until containerd answers with all of its plugins.
func (c *Cluster) waitRuntime(ctx context.Context) error {
	name := c.daemonName(runtimeDaemon)
	return poll(ctx, name+" to answer", func(ctx context.Context) (bool, error) {
		if !c.daemons.Alive(name) {
			return false, fmt.Errorf("%s ended by itself", name)
		}
		_, err := c.ctr(ctx, "images", "list", "--quiet")
		return err == nil, nil
	})
}

// startNode starts kubelet and kube-proxy.
func (f *Fleet) startNode(c *Cluster, bin string) error {
	if err := c.writeNodeConfigs(f.options); err != nil {
		return err
	}
	for _, spec := range []daemon.Spec{
		{
			Name: c.daemonName(kubeletDaemon),
			Path: filepath.Join(bin, "kubelet"),
			Args: []string{
				"--config=" + c.file("kubelet.yaml"),
				"--kubeconfig=" + c.kubeletKubeconfig(),
				"--root-dir=" + c.file("kubelet"),
				"--cert-dir=" + c.file("pki"),
				"--hostname-override=" + c.NodeName,
				// Without an address that is not loopback the node has no InternalIP, and
				// kube-proxy programs nothing.
				"--node-ip=" + c.NodeIP.String(),
			},
		},
		{
			Name: c.daemonName(proxyDaemon),
			Path: filepath.Join(bin, "kube-proxy"),
			Args: []string{"--config=" + c.file("kube-proxy.yaml")},
		},
	} {
		spec.Join, spec.Env = c.daemonName(nodeDaemon), f.options.collection()
		if err := f.daemons.Start(spec); err != nil {
			return err
		}
	}
	return nil
}

// poll calls done until it reports true or an error, or the context ends.
func poll(ctx context.Context, what string, done func(context.Context) (bool, error)) error {
	for {
		ok, err := done(ctx)
		if err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, context.Cause(ctx))
		case <-time.After(200 * time.Millisecond):
		}
	}
}
