package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fleetgate/fleetgate/e2e/testbed"
)

// gateways is the resource by its full name, since other APIs have Gateways too.
const gateways = "gateways.gateway.networking.k8s.io"

// apply gives the scenario to the hub, and namespaces and backends to the members.
func (s *Stage) apply(ctx context.Context) error {
	for _, member := range s.Fleet.Members {
		for _, pattern := range []string{"00-*.yaml", "90-*.yaml"} {
			if err := s.applyFiles(ctx, member, pattern); err != nil {
				return err
			}
		}
	}
	// The hub runs no backends: it needs everything but their pods.
	if err := s.applyFiles(ctx, s.Fleet.Hub, "[0-8]*.yaml"); err != nil {
		return err
	}
	return s.applyCertificates(ctx)
}

// applyCertificates makes the scenario's certificates, once: Secrets on the hub, and one in ACM for the listener
// that names none.
func (s *Stage) applyCertificates(ctx context.Context) error {
	if _, err := os.Stat(s.CA); err == nil {
		return nil
	}
	fresh := s.CA + ".new"
	secrets, err := s.admin.Run(ctx, nil, s.program("fleetgate"), "demo-secrets", "-f", s.options.Manifests, "--ca-out", fresh, "--acm-endpoint", s.Cloud.Endpoint)
	if err != nil {
		return err
	}
	if _, err := s.Kubectl(ctx, s.Fleet.Hub, []byte(secrets), "apply", "--server-side", "-f", "-"); err != nil {
		return err
	}
	return os.Rename(fresh, s.CA)
}

func (s *Stage) applyFiles(ctx context.Context, c *testbed.Cluster, pattern string) error {
	files, err := filepath.Glob(filepath.Join(s.admin.Source, s.options.Manifests, pattern))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("no file matches %s in %s", pattern, s.options.Manifests)
	}
	_, err = s.Kubectl(ctx, c, nil, "apply", "--server-side", "-f", strings.Join(files, ","))
	return err
}

// programmed waits until every Gateway of the scenario is programmed and every backend is available.
func (s *Stage) programmed(ctx context.Context) error {
	for _, member := range s.Fleet.Members {
		_, err := s.Kubectl(ctx, member, nil, "wait", "deployments", "--all", "--all-namespaces", "--for=condition=Available", "--timeout=3m")
		if err != nil {
			return errors.Join(err, s.whyNotReady(ctx))
		}
	}
	_, err := s.Kubectl(ctx, s.Fleet.Hub, nil, "wait", gateways, "--all", "--all-namespaces", "--for=condition=Programmed", "--timeout=2m")
	if err != nil {
		return errors.Join(err, s.whyNotReady(ctx))
	}
	return nil
}

// Address returns the address of a Gateway's load balancer.
func (s *Stage) Address(ctx context.Context, namespace, gateway string) (string, error) {
	name, err := s.Kubectl(ctx, s.Fleet.Hub, nil, "get", gateways, gateway, "-n", namespace, "-o", "jsonpath={.status.addresses[0].value}")
	if err != nil {
		return "", err
	}
	return s.Cloud.Resolve(ctx, name)
}

// Lines are curl lines for the scenario, ready to paste.
func (s *Stage) Lines(ctx context.Context) (string, error) {
	names, err := s.Kubectl(ctx, s.Fleet.Hub, nil, "get", gateways, "-A", "-o", `jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {end}`)
	if err != nil {
		return "", err
	}
	args := []string{"demo-lines", "-f", s.options.Manifests, "--ca", s.CA}
	for name := range strings.FieldsSeq(names) {
		namespace, gateway, _ := strings.Cut(name, "/")
		address, err := s.Address(ctx, namespace, gateway)
		if err != nil {
			return "", err
		}
		args = append(args, "--address", name+"="+address)
	}
	return s.admin.Run(ctx, nil, s.program("fleetgate"), args...)
}

func (s *Stage) program(name string) string {
	path, err := filepath.Abs(filepath.Join(s.options.Bin, name))
	if err != nil {
		return name
	}
	return path
}

// whyNotReady gathers what a person would look at first.
func (s *Stage) whyNotReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	var said strings.Builder
	for _, c := range s.Fleet.Clusters() {
		pods, _ := s.Kubectl(ctx, c, nil, "get", "pods", "-A", "-o", "wide")
		fmt.Fprintf(&said, "\npods in %s:\n%s", c.Name, pods)
		events, _ := s.Kubectl(ctx, c, nil, "get", "events", "-A", "--field-selector", "type=Warning")
		fmt.Fprintf(&said, "\nwarnings in %s:\n%s", c.Name, events)
	}
	gateways, _ := s.Kubectl(ctx, s.Fleet.Hub, nil, "get", gateways, "-A", "-o", "yaml")
	logs, _ := s.Kubectl(ctx, s.Fleet.Hub, nil, "logs", "-n", Namespace, "-l", "app.kubernetes.io/name=fleetgate", "--tail", "60")
	fmt.Fprintf(&said, "\n%s\noperator:\n%s", gateways, logs)
	return errors.New(said.String())
}
