package source

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
)

// reporter tells the operator, in the status of the root, which generation this proxy has in
// force. It owns one entry of the list, by its field manager, and touches no other.
type reporter struct {
	client               rest.Interface
	namespace, name, pod string
	log                  *slog.Logger
	// wanted holds the newest generation to report.
	wanted chan int64
}

func (r *reporter) report(generation int64) {
	for {
		select {
		case r.wanted <- generation:
			return
		default:
		}
		select {
		case <-r.wanted:
		default:
		}
	}
}

// run reports until the context ends, and tries again when the API server is away.
func (r *reporter) run(ctx context.Context) {
	var retry <-chan time.Time
	var generation int64
	wait := time.Second
	for {
		select {
		case <-ctx.Done():
			return
		case generation = <-r.wanted:
			wait = time.Second
		case <-retry:
		}
		retry = nil
		if err := r.apply(ctx, []dataplanev1alpha1.ProxyStatus{{Name: r.pod, GatewayGeneration: generation}}); err != nil {
			r.log.Warn("status not reported yet", "generation", generation, "error", err)
			retry = time.After(wait)
			wait = min(2*wait, 30*time.Second)
		}
	}
}

// leave takes this proxy's entry away.
func (r *reporter) leave(ctx context.Context) {
	if err := r.apply(ctx, nil); err != nil {
		r.log.Info("status entry not removed", "error", err)
	}
}

func (r *reporter) apply(ctx context.Context, entries []dataplanev1alpha1.ProxyStatus) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	body, err := json.Marshal(struct {
		metav1.TypeMeta `json:",inline"`
		Metadata        map[string]string                   `json:"metadata"`
		Status          dataplanev1alpha1.ProxyConfigStatus `json:"status"`
	}{
		metav1.TypeMeta{APIVersion: dataplanev1alpha1.GroupVersion.String(), Kind: "ProxyConfig"},
		map[string]string{"name": r.name, "namespace": r.namespace},
		dataplanev1alpha1.ProxyConfigStatus{Proxies: entries},
	})
	if err != nil {
		return fmt.Errorf("encode the status: %w", err)
	}
	return r.client.Patch(types.ApplyPatchType).Namespace(r.namespace).Resource("proxyconfigs").Name(r.name).
		SubResource("status").Param("fieldManager", r.pod).Param("force", "true").Body(body).Do(ctx).Error()
}
