package fleet

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/rewatch"
)

// Connection is how to read and write one member.
type Connection struct {
	// Member is its name.
	Member string
	// Client writes, and reads past the cache. Its calls want a context with a deadline.
	Client client.Client
	// Cache reads what the member's watches brought: Services, and proxy Pods, Deployments and ProxyConfigs, all without
	// what nobody asks for (slim).
	Cache client.Reader

	cache cache.Cache
	rest  *rest.RESTClient
}

const memberTimeout = 10 * time.Second

// connect makes the clients of a member. It does no I/O: the mapper is fixed, not discovered.
func connect(name string, config *rest.Config, onWatchError func(error)) (*Connection, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1 // one worker writes at a time, and the API server has its own limits
	config.UserAgent = "fleetgate-operator"
	config.WarningHandler = rest.NoWarnings{}
	scheme, mapper, err := memberKinds()
	if err != nil {
		return nil, err
	}
	web, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("make an HTTP client: %w", err)
	}
	web = rewatch.Client(web)
	writer, err := client.New(config, client.Options{HTTPClient: web, Scheme: scheme, Mapper: mapper})
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	held, err := cache.New(config, memberCache(cache.Options{HTTPClient: web, Scheme: scheme, Mapper: mapper}, onWatchError))
	if err != nil {
		return nil, fmt.Errorf("make a cache: %w", err)
	}
	prober := rest.CopyConfig(config)
	prober.Timeout = memberTimeout
	prober.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	asker, err := rest.UnversionedRESTClientForConfigAndClient(prober, web)
	if err != nil {
		return nil, fmt.Errorf("make a client for probes: %w", err)
	}
	return &Connection{Member: name, Client: writer, Cache: held, cache: held, rest: asker}, nil
}

// memberKinds are the kinds that we touch in a member. A fixed mapper needs no discovery, so that a slow
// API cannot hold up anything, and the lack of a CRD shows as a failed watch of that kind alone.
func memberKinds() (*runtime.Scheme, meta.RESTMapper, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, rbacv1.AddToScheme, policyv1.AddToScheme, dataplanev1alpha1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, nil, fmt.Errorf("register kinds: %w", err)
		}
	}
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	mapper := meta.NewDefaultRESTMapper(nil)
	add := func(version schema.GroupVersion, scope meta.RESTScope, kinds ...string) {
		for _, kind := range kinds {
			mapper.Add(version.WithKind(kind), scope)
		}
	}
	add(corev1.SchemeGroupVersion, meta.RESTScopeRoot, "Namespace")
	add(corev1.SchemeGroupVersion, meta.RESTScopeNamespace, "Service", "Pod", "ServiceAccount", "ConfigMap",
		"Secret", "PersistentVolumeClaim")
	add(appsv1.SchemeGroupVersion, meta.RESTScopeNamespace, "Deployment", "StatefulSet", "DaemonSet")
	add(batchv1.SchemeGroupVersion, meta.RESTScopeNamespace, "Job", "CronJob")
	add(rbacv1.SchemeGroupVersion, meta.RESTScopeNamespace, "Role", "RoleBinding")
	add(policyv1.SchemeGroupVersion, meta.RESTScopeNamespace, "PodDisruptionBudget")
	add(dataplanev1alpha1.GroupVersion, meta.RESTScopeNamespace, "ProxyConfig")
	return scheme, mapper, nil
}

func memberCache(options cache.Options, onWatchError func(error)) cache.Options {
	ours := labels.NewSelector()
	if exists, err := labels.NewRequirement(dataplanev1alpha1.LabelProxy, selection.Exists, nil); err == nil {
		ours = ours.Add(*exists)
	}
	options.DefaultTransform = slim
	share := true
	options.DefaultUnsafeDisableDeepCopy = &share
	options.DefaultWatchErrorHandler = watchErrorHandler(onWatchError)
	options.ByObject = map[client.Object]cache.ByObject{
		&corev1.Service{}:                {},
		&corev1.Pod{}:                    {Label: ours},
		&appsv1.Deployment{}:             {Label: ours},
		&dataplanev1alpha1.ProxyConfig{}: {Label: ours},
	}
	return options
}
