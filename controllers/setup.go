// Package controllers puts the operator together: fleet, gathering, translation, and those who write.
package controllers

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayv1beta1 "sigs.k8s.io/gateway-api/apis/v1beta1"
	gatewayxv1alpha1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/controllers/front"
	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/controllers/named"
	"github.com/fleetgate/fleetgate/controllers/proxies"
	"github.com/fleetgate/fleetgate/controllers/report"
	"github.com/fleetgate/fleetgate/controllers/rewatch"
	"github.com/fleetgate/fleetgate/controllers/translation"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers"
)

// Provider is a registered provider: how it makes fronts, and what translation has to know of it.
type Provider struct {
	Provider providers.Provider
	Facts    world.Provider
}

// HubMember says whether the hub itself is a member.
type HubMember string

// Choices of HubMember.
const (
	// HubMemberAuto makes the hub a member when it has no Cluster API: then it is the whole fleet.
	HubMemberAuto   HubMember = "auto"
	HubMemberAlways HubMember = "always"
	HubMemberNever  HubMember = "never"
)

// Options of the operator.
type Options struct {
	// HubID tells this installation from others that share a cloud account, see HubID.
	HubID string
	// Providers by controllerName.
	Providers map[string]Provider
	// Services are bound to the fleet; the providers whose fronts are Services work on them. nil if there are none.
	Services *fleet.Services
	Proxies  proxies.Settings
	// ClusterNamespace is where Cluster objects and the Secrets with their kubeconfigs are.
	ClusterNamespace string
	HubMember        HubMember
	// HubMemberName is the hub's name as a member.
	HubMemberName string
	Fleet         fleet.Pace
	Fronts        front.Pace
	// Settle is how long the first translation waits for members to answer.
	Settle time.Duration
}

// Scheme has all kinds that the operator reads and writes on the hub.
func Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, gatewayv1.Install, gatewayv1beta1.Install, gatewayxv1alpha1.Install, awsv1alpha1.AddToScheme, gatewayv1alpha1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("register kinds: %w", err)
		}
	}
	return scheme, nil
}

const (
	parallelStatuses = 8
	parallelFronts   = 8
	// recheckKinds is how long after an installation of CRDs the operator may notice it.
	recheckKinds = time.Minute
)

// Add puts the operator into a manager, which runs it once it leads.
func Add(mgr manager.Manager, options Options) error {
	log := mgr.GetLogger().WithName("fleetgate")
	hub := options.HubID
	options.Proxies.Hub = hub
	watching, err := client.NewWithWatch(mgr.GetConfig(), client.Options{
		HTTPClient: rewatch.Client(mgr.GetHTTPClient()), Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper(),
	})
	if err != nil {
		return fmt.Errorf("make a client that watches: %w", err)
	}
	inbox := gather.NewInbox()
	members, discovery, err := addFleet(mgr, options, watching, inbox)
	if err != nil {
		return err
	}
	secrets := named.Secrets(watching, log.WithName("named"), inbox.PutSecret)
	configMaps := named.ConfigMaps(watching, log.WithName("named"), inbox.PutConfigMap)
	trustBundles := named.TrustBundles(watching, log.WithName("named"), inbox.PutTrustBundle)
	pods := proxies.NewManager(proxies.Options{
		Settings: options.Proxies, Connections: members, Inbox: inbox, Log: log.WithName("proxies"),
	})
	fronts := front.New(front.Options{
		Providers: providersOf(options), Client: mgr.GetClient(), Reader: mgr.GetAPIReader(), Proxies: pods,
		Inbox: inbox, Pace: options.Fronts, Parallel: parallelFronts, Log: log.WithName("front"),
	})
	statuses := report.New(report.Options{
		Client: mgr.GetClient(), Reader: mgr.GetAPIReader(), Events: mgr.GetEventRecorder("fleetgate"),
		Parallel: parallelStatuses, Log: log.WithName("status"),
	})
	assembler := gather.NewAssembler(world.World{Hub: hub, Providers: facts(options)})
	assembler.Remember = front.Remembered
	sources := gather.NewHub(gather.HubOptions{
		Cache: mgr.GetCache(), Reader: mgr.GetAPIReader(), Inbox: inbox, Recheck: recheckKinds, Log: log.WithName("gather"),
	})
	loop := translation.New(translation.Options{
		Inbox: inbox, Assembler: assembler, Statuses: statuses, Fronts: fronts, Proxies: pods,
		Secrets: secrets, ConfigMaps: configMaps, TrustBundles: trustBundles,
		Ready: ready(sources, members, discovery, options.Settle), Log: log.WithName("translation"),
	})
	for _, runnable := range []manager.Runnable{members, discovery, secrets, configMaps, trustBundles, pods, fronts, statuses, sources, loop} {
		if err := mgr.Add(runnable); err != nil {
			return fmt.Errorf("add a part of the operator: %w", err)
		}
	}
	return nil
}

func addFleet(
	mgr manager.Manager, options Options, watching client.WithWatch, inbox *gather.Inbox,
) (*fleet.Fleet, *fleet.Discovery, error) {
	log := mgr.GetLogger().WithName("fleetgate").WithName("fleet")
	_, found, err := fleet.HasClusterAPI(mgr.GetRESTMapper())
	if err != nil {
		return nil, nil, err
	}
	hubMember := options.HubMemberName
	if options.HubMember == HubMemberNever || options.HubMember == HubMemberAuto && found {
		hubMember = ""
	}
	members := fleet.New(fleet.Options{
		HubMember: hubMember, Hub: mgr.GetConfig(), Inbox: inbox, Pace: options.Fleet, Log: log,
	})
	if options.Services != nil {
		options.Services.Bind(members)
	}
	discovery := fleet.NewDiscovery(fleet.DiscoveryOptions{
		Fleet: members, Namespace: options.ClusterNamespace, Mapper: mgr.GetRESTMapper(),
		Client: watching, Log: log,
	})
	return members, discovery, nil
}

// ready waits for all that there is: the hub's objects, and the members as far as they answer in time.
func ready(
	sources *gather.Hub, members *fleet.Fleet, discovery *fleet.Discovery, limit time.Duration,
) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := sources.Watch(ctx); err != nil {
			return fmt.Errorf("start watching: %w", err)
		}
		discovery.WaitFound(ctx, limit)
		members.WaitSettled(ctx, limit)
		return nil
	}
}

func providersOf(options Options) map[string]providers.Provider {
	out := make(map[string]providers.Provider, len(options.Providers))
	for name, provider := range options.Providers {
		out[name] = provider.Provider
	}
	return out
}

func facts(options Options) map[string]world.Provider {
	out := make(map[string]world.Provider, len(options.Providers))
	for name, provider := range options.Providers {
		out[name] = provider.Facts
	}
	return out
}

// HubID is the id that was given, or the UID of kube-system: it lives as long as the cluster does.
func HubID(ctx context.Context, reader client.Reader, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	namespace := &corev1.Namespace{}
	if err := reader.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, namespace); err != nil {
		return "", fmt.Errorf("read the UID of kube-system, which is the id of this hub: %w", err)
	}
	return string(namespace.UID), nil
}
