package integration

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers"
)

const (
	ourCRDs     = "../../charts/fleetgate-crds/templates"
	clusterCRDs = "../../e2e/testbed/crds"
)

// api is one API server.
type api struct {
	env    *envtest.Environment
	config *rest.Config
	client client.Client
}

var hub, one, two *api

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		fmt.Println("skipped: KUBEBUILDER_ASSETS is not set (make sets it)")
		os.Exit(0)
	}
	os.Exit(withClusters(m))
}

func withClusters(m *testing.M) int {
	gatewayAPI, err := moduleDir("sigs.k8s.io/gateway-api")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	var starting sync.WaitGroup
	var faults [3]error
	for i, wanted := range []struct {
		into **api
		crds []string
	}{
		{&hub, []string{filepath.Join(gatewayAPI, "config/crd/standard"), ourCRDs, clusterCRDs}},
		{&one, []string{ourCRDs}},
		{&two, []string{ourCRDs}},
	} {
		starting.Go(func() { *wanted.into, faults[i] = start(wanted.crds) })
	}
	starting.Wait()
	defer func() {
		for _, running := range []*api{hub, one, two} {
			if running != nil {
				_ = running.env.Stop()
			}
		}
	}()
	for _, fault := range faults {
		if fault != nil {
			fmt.Println(fault)
			return 1
		}
	}
	return m.Run()
}

func moduleDir(module string) (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	return strings.TrimSpace(string(out)), err
}

func start(crds []string) (*api, error) {
	env := &envtest.Environment{
		ControlPlaneStartTimeout: 2 * time.Minute, ControlPlaneStopTimeout: time.Minute,
		CRDInstallOptions: envtest.CRDInstallOptions{Paths: crds, ErrorIfPathMissing: true},
	}
	config, err := env.Start()
	if err != nil {
		return &api{env: env}, err
	}
	scheme, err := controllers.Scheme()
	if err != nil {
		return &api{env: env}, err
	}
	if err := dataplanev1alpha1.AddToScheme(scheme); err != nil {
		return &api{env: env}, err
	}
	writer, err := client.New(config, client.Options{Scheme: scheme})
	return &api{env: env, config: config, client: writer}, err
}

// kubeconfig is how a user would reach the API server.
func kubeconfig(t *testing.T, config *rest.Config) []byte {
	t.Helper()
	raw, err := clientcmd.Write(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{"c": {
			Server: "https://" + strings.TrimPrefix(config.Host, "https://"), CertificateAuthorityData: config.CAData,
		}},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{"u": {
			ClientCertificateData: config.CertData, ClientKeyData: config.KeyData,
		}},
		Contexts:       map[string]*clientcmdapi.Context{"x": {Cluster: "c", AuthInfo: "u"}},
		CurrentContext: "x",
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// join makes a Cluster and its kubeconfig Secret, as Cluster API would.
func join(t *testing.T, name string, raw []byte) {
	t.Helper()
	cluster := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster",
		"metadata": map[string]any{"name": name, "namespace": "default", "labels": map[string]any{"env": "test"}},
		"spec":     map[string]any{"paused": false},
	}}
	create(t, hub, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name + "-kubeconfig", Namespace: "default"},
		Type:       "cluster.x-k8s.io/secret", Data: map[string][]byte{"value": raw},
	})
	create(t, hub, cluster)
}

// create makes an object that the test's end takes away again.
func create(t *testing.T, in *api, object client.Object) {
	t.Helper()
	if err := in.client.Create(t.Context(), object); err != nil {
		t.Fatalf("create %T %s: %v", object, object.GetName(), err)
	}
	t.Cleanup(func() {
		_ = in.client.Delete(context.Background(), object, client.GracePeriodSeconds(0))
	})
}

func namespace(t *testing.T, in *api, name string) {
	t.Helper()
	err := in.client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	if err != nil {
		t.Fatal(err)
	}
}
