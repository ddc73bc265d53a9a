package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/fleetgate/fleetgate/controllers"
	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/controllers/front"
	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/controllers/proxies"
)

// settings are the command line.
type settings struct {
	options     controllers.Options
	logLevel    slog.Level
	awsRegion   string
	memory      bool
	leaderElect bool
	namespace   string
	metricsAddr string
	healthAddr  string
}

const settle = 15 * time.Second

func parse(args []string, out io.Writer) (settings, error) {
	s := settings{options: controllers.Options{
		Proxies: proxies.DefaultSettings(), Fleet: fleet.DefaultPace(), Fronts: front.DefaultPace(), Settle: settle,
	}}
	set := flag.NewFlagSet("operator", flag.ContinueOnError)
	set.SetOutput(out)
	raw := raw{}
	s.operatorFlags(set, &raw)
	s.proxyFlags(set, &raw)
	raw.limits.register(set)
	if err := set.Parse(args); err != nil {
		return s, err
	}
	p := &s.options.Proxies
	s.options.HubMember = controllers.HubMember(raw.hubMember)
	p.Replicas, p.PullPolicy = int32(raw.replicas), corev1.PullPolicy(raw.pullPolicy) // checked below
	if raw.pullSecrets != "" {
		p.PullSecrets = strings.Split(raw.pullSecrets, ",")
	}
	return s, errors.Join(raw.limits.into(&p.Resources), s.check(raw.replicas))
}

// raw are flags that are not of the type that they become.
type raw struct {
	hubMember, pullPolicy, pullSecrets string
	replicas                           int
	limits                             proxyResources
}

func (s *settings) operatorFlags(set *flag.FlagSet, raw *raw) {
	set.StringVar(&s.options.HubID, "hub-id", "", "id of this installation among all that share a cloud account (default: the UID of kube-system)")
	set.StringVar(&s.awsRegion, "aws-region", os.Getenv("AWS_REGION"), "region of load balancers whose ALBConfig names none")
	set.BoolVar(&s.memory, "memory-provider", false, "also answer for the controllerName "+memoryController+", whose fronts exist in memory alone: for tests")
	set.StringVar(&s.options.ClusterNamespace, "cluster-namespace", "default", "namespace of the Cluster objects and kubeconfig Secrets of members")
	set.StringVar(&raw.hubMember, "hub-member", string(controllers.HubMemberAuto),
		"whether the hub itself is a member: always, never, or auto (when it has no Cluster API)")
	set.StringVar(&s.options.HubMemberName, "hub-member-name", "hub", "name of the hub as a member")
	set.BoolVar(&s.leaderElect, "leader-elect", true, "let one of several operators work at a time")
	set.StringVar(&s.namespace, "namespace", os.Getenv("POD_NAMESPACE"), "namespace of the operator, for the Lease of the leader (default: its own)")
	set.StringVar(&s.metricsAddr, "metrics-addr", ":8080", "address of /metrics; 0 for none")
	set.StringVar(&s.healthAddr, "health-addr", ":8081", "address of /healthz and /readyz")
	set.TextVar(&s.logLevel, "log-level", slog.LevelInfo, "least level that is logged: DEBUG, INFO, WARN or ERROR")
}

func (s *settings) proxyFlags(set *flag.FlagSet, raw *raw) {
	p := &s.options.Proxies
	set.StringVar(&p.Image, "proxy-image", "", "image of the proxies (required)")
	set.StringVar(&raw.pullPolicy, "proxy-image-pull-policy", string(p.PullPolicy), "imagePullPolicy of the proxies")
	set.StringVar(&raw.pullSecrets, "proxy-image-pull-secrets", "", "imagePullSecrets of the proxies, separated by commas")
	set.IntVar(&raw.replicas, "proxy-replicas", int(p.Replicas), "proxies of each Gateway in each member")
	set.DurationVar(&p.DrainWait, "proxy-drain-wait", p.DrainWait, "how long a stopping proxy goes on taking requests, while the front deregisters it")
	set.DurationVar(&p.DrainTimeout, "proxy-drain-timeout", p.DrainTimeout, "how long a stopping proxy may finish what it took")
	set.DurationVar(&p.MinReady, "proxy-min-ready", p.MinReady, "how long a new proxy must be ready before an old one stops")
}

func (s *settings) check(replicas int) error {
	switch {
	case s.options.Proxies.Image == "":
		return errors.New("--proxy-image is required")
	case replicas < 1 || replicas > 1000:
		return fmt.Errorf("--proxy-replicas is %d: it must be 1 to 1000", replicas)
	}
	switch s.options.HubMember {
	case controllers.HubMemberAuto, controllers.HubMemberAlways, controllers.HubMemberNever:
		return nil
	}
	return fmt.Errorf("--hub-member is %q: it must be auto, always or never", s.options.HubMember)
}

// proxyResources are requests and limits of the proxies, as text.
type proxyResources struct{ cpuRequest, memoryRequest, cpuLimit, memoryLimit string }

func (r *proxyResources) register(set *flag.FlagSet) {
	set.StringVar(&r.cpuRequest, "proxy-cpu-request", "100m", "CPU request of a proxy")
	set.StringVar(&r.memoryRequest, "proxy-memory-request", "64Mi", "memory request of a proxy")
	set.StringVar(&r.cpuLimit, "proxy-cpu-limit", "", "CPU limit of a proxy; none by default")
	set.StringVar(&r.memoryLimit, "proxy-memory-limit", "1Gi", "memory limit of a proxy")
}

func (r *proxyResources) into(out *corev1.ResourceRequirements) error {
	var errs []error
	list := func(cpu, memory string) corev1.ResourceList {
		found := corev1.ResourceList{}
		for name, text := range map[corev1.ResourceName]string{corev1.ResourceCPU: cpu, corev1.ResourceMemory: memory} {
			if text == "" {
				continue
			}
			quantity, err := resource.ParseQuantity(text)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s of the proxies is %q: %w", name, text, err))
			}
			found[name] = quantity
		}
		return found
	}
	out.Requests, out.Limits = list(r.cpuRequest, r.memoryRequest), list(r.cpuLimit, r.memoryLimit)
	return errors.Join(errs...)
}

func (s *settings) manager(scheme *runtime.Scheme, watching *http.Client) ctrl.Options {
	grace := shutdown
	return ctrl.Options{
		Scheme:                        scheme,
		Cache:                         cache.Options{DefaultTransform: gather.Slim, HTTPClient: watching},
		Metrics:                       metricsserver.Options{BindAddress: s.metricsAddr},
		HealthProbeBindAddress:        s.healthAddr,
		LeaderElection:                s.leaderElect,
		LeaderElectionID:              "fleetgate.gateway.company.com",
		LeaderElectionNamespace:       s.namespace,
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       &grace,
	}
}
