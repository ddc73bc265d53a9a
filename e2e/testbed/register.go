package testbed

import (
	"context"
	_ "embed"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// FleetNamespace is the namespace on the hub in which the members are declared.
const FleetNamespace = "fleet"

//go:embed crds/cluster.x-k8s.io_clusters.yaml
var clusterDefinition string

var (
	namespaces = resource("", "v1", "namespaces")
	secrets    = resource("", "v1", "secrets")
	clusters   = resource("cluster.x-k8s.io", "v1beta2", "clusters")
)

// RegisterMembers declares all members on the hub as users of the Cluster API do: see
// RegisterMember.
func (f *Fleet) RegisterMembers(ctx context.Context) error {
	for _, member := range f.Members {
		if err := f.RegisterMember(ctx, member, nil); err != nil {
			return err
		}
	}
	return nil
}

// RegisterMember declares a cluster on the hub: the definition of Cluster, an object
// Cluster with the labels, and the Secret <name>-kubeconfig that goes with it. Registering
// again updates them.
func (f *Fleet) RegisterMember(ctx context.Context, member *Cluster, labels map[string]string) error {
	kubeconfig, err := os.ReadFile(member.Kubeconfig)
	if err != nil {
		return fmt.Errorf("registering %s: %w", member.Name, err)
	}
	if err := f.Hub.applyDefinitions(ctx, clusterDefinition); err != nil {
		return fmt.Errorf("registering %s: %w", member.Name, err)
	}
	client, err := f.Hub.dynamicClient()
	if err != nil {
		return fmt.Errorf("registering %s: %w", member.Name, err)
	}
	_, err = client.Resource(namespaces).Apply(ctx, FleetNamespace, fleetNamespace(), applyOptions())
	if err != nil {
		return fmt.Errorf("registering %s: %w", member.Name, err)
	}
	secret := kubeconfigSecret(member, string(kubeconfig))
	_, err = client.Resource(secrets).Namespace(FleetNamespace).Apply(ctx, secret.GetName(), secret, applyOptions())
	if err != nil {
		return fmt.Errorf("registering %s: %w", member.Name, err)
	}
	inFleet := client.Resource(clusters).Namespace(FleetNamespace)
	if _, err := inFleet.Apply(ctx, member.Name, clusterObject(member, labels), applyOptions()); err != nil {
		return fmt.Errorf("registering %s: %w", member.Name, err)
	}
	if _, err := inFleet.ApplyStatus(ctx, member.Name, clusterStatus(member), applyOptions()); err != nil {
		return fmt.Errorf("registering %s: %w", member.Name, err)
	}
	return nil
}

func fleetNamespace() *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace",
		"metadata": map[string]any{"name": FleetNamespace},
	}}
}

func kubeconfigSecret(member *Cluster, kubeconfig string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret",
		"metadata": map[string]any{
			"name": member.Name + "-kubeconfig", "namespace": FleetNamespace,
			"labels": map[string]any{"cluster.x-k8s.io/cluster-name": member.Name},
		},
		"type":       "cluster.x-k8s.io/secret",
		"stringData": map[string]any{"value": kubeconfig},
	}}
}

func clusterObject(member *Cluster, labels map[string]string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster",
		"metadata": map[string]any{"name": member.Name, "namespace": FleetNamespace},
		"spec": map[string]any{
			"clusterNetwork": map[string]any{
				"pods":     map[string]any{"cidrBlocks": []any{member.PodCIDR.String()}},
				"services": map[string]any{"cidrBlocks": []any{member.ServiceCIDR.String()}},
			},
			"controlPlaneEndpoint": map[string]any{
				"host": member.APIServer.Addr().String(), "port": int64(member.APIServer.Port()),
			},
		},
	}}
	object.SetLabels(labels)
	return object
}

// clusterStatus is what the Cluster API's controllers say of a cluster that is up.
func clusterStatus(member *Cluster) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster",
		"metadata": map[string]any{"name": member.Name, "namespace": FleetNamespace},
		"status": map[string]any{
			"phase": "Provisioned",
			"initialization": map[string]any{
				"infrastructureProvisioned": true, "controlPlaneInitialized": true,
			},
		},
	}}
}
