// Package loadbalancer gives an address to every Service of type LoadBalancer of a cluster, each its own, from a range
// that leads to the cluster's node: there kube-proxy does the rest, for the addresses in a Service's status are
// addresses of the Service to it.
//
// It honours spec.loadBalancerIP within the range, and leaves a Service without an address that asks for another.
// Services with a loadBalancerClass are left to whoever that names.
package loadbalancer

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// retryInterval is how soon a Service that has no address is looked at again.
const retryInterval = time.Second

// Reserved is how many addresses at the end of a range are given only to who asks for them.
const Reserved = 32

// balancer gives addresses. Its methods are called by one goroutine, the informer's.
type balancer struct {
	client kubernetes.Interface
	pool   netip.Prefix
	log    *slog.Logger
	given  map[types.UID]netip.Addr
}

// Run gives addresses of a pool to the Services of one cluster until the context ends.
func Run(ctx context.Context, config *rest.Config, pool netip.Prefix, log *slog.Logger) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", config.Host, err)
	}
	b := &balancer{client: client, pool: pool, log: log, given: map[types.UID]netip.Addr{}}
	services := cache.NewListWatchFromClient(client.CoreV1().RESTClient(), "services", metav1.NamespaceAll, fields.Everything())
	_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: cache.ToListWatcherWithWatchListSemantics(services, client),
		ObjectType:    &corev1.Service{},
		ResyncPeriod:  retryInterval,
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    func(object any) { b.see(ctx, object) },
			UpdateFunc: func(_, object any) { b.see(ctx, object) },
			DeleteFunc: b.forget,
		},
	})
	informer.RunWithContext(ctx)
	return nil
}

func (b *balancer) forget(object any) {
	if tomb, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = tomb.Obj
	}
	if service, ok := object.(*corev1.Service); ok {
		delete(b.given, service.UID)
	}
}

func (b *balancer) see(ctx context.Context, object any) {
	service, ok := object.(*corev1.Service)
	if !ok {
		return
	}
	if !wants(service) {
		delete(b.given, service.UID)
		return
	}
	address, ok := b.address(service)
	want := []corev1.LoadBalancerIngress{}
	if ok {
		b.given[service.UID] = address
		want = append(want, corev1.LoadBalancerIngress{IP: address.String()})
	} else {
		delete(b.given, service.UID)
	}
	if same(service.Status.LoadBalancer.Ingress, want) {
		return
	}
	changed := service.DeepCopy()
	changed.Status.LoadBalancer.Ingress = want
	_, err := b.client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
	if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
		b.log.Warn("giving an address failed", "service", service.Namespace+"/"+service.Name, "error", err)
	}
}

// wants reports whether the Service waits for this load balancer.
func wants(service *corev1.Service) bool {
	return service.Spec.Type == corev1.ServiceTypeLoadBalancer && service.Spec.LoadBalancerClass == nil &&
		service.DeletionTimestamp == nil
}

// same compares what this load balancer writes: the API server fills in the rest.
func same(have, want []corev1.LoadBalancerIngress) bool {
	if len(have) != len(want) {
		return false
	}
	for i := range have {
		if have[i].IP != want[i].IP || have[i].Hostname != "" {
			return false
		}
	}
	return true
}

// address is what a Service asks for, or has already, or else the first that is free.
func (b *balancer) address(service *corev1.Service) (netip.Addr, bool) {
	taken := map[netip.Addr]bool{}
	for uid, address := range b.given {
		if uid != service.UID {
			taken[address] = true
		}
	}
	if asked := service.Spec.LoadBalancerIP; asked != "" {
		address, err := netip.ParseAddr(asked)
		return address, err == nil && usable(b.pool, address) && !taken[address]
	}
	had := b.given[service.UID]
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		if address, err := netip.ParseAddr(ingress.IP); err == nil && !had.IsValid() {
			had = address
		}
	}
	if usable(b.pool, had) && !taken[had] {
		return had, true
	}
	return free(b.pool, taken)
}

// usable reports whether an address of the pool may be given: all but its first and its last.
func usable(pool netip.Prefix, address netip.Addr) bool {
	return pool.Contains(address) && address != pool.Masked().Addr() && pool.Contains(address.Next())
}

// free is the first address that nobody has and that is not reserved.
func free(pool netip.Prefix, taken map[netip.Addr]bool) (netip.Addr, bool) {
	count := 1 << (pool.Addr().BitLen() - pool.Bits())
	address := pool.Masked().Addr().Next()
	for range count - Reserved - 1 {
		if !taken[address] {
			return address, true
		}
		address = address.Next()
	}
	return netip.Addr{}, false
}
