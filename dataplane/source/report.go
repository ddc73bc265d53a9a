package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
)

// reporter tells the operator, in the status of the root, which root this proxy has in
// force. It owns one entry of the list, by its field manager, and touches no other.
type reporter struct {
	client               rest.Interface
	namespace, name, pod string
	log                  *slog.Logger
	// wanted holds the newest entry to report.
	wanted chan dataplanev1alpha1.ProxyStatus
}

// pause is how long no other report follows one. Each is a write of the whole root, which all proxies of the Gateway watch.
const pause = 500 * time.Millisecond

func (r *reporter) report(entry dataplanev1alpha1.ProxyStatus) {
	for {
		select {
		case r.wanted <- entry:
			return
		default:
		}
		select {
		case <-r.wanted:
		default:
		}
	}
}

// run reports until the context ends, and tries again when the API server is away. Of what comes in a pause, the newest is reported.
func (r *reporter) run(ctx context.Context) {
	var retry <-chan time.Time
	var entry dataplanev1alpha1.ProxyStatus
	wait := time.Second
	for {
		select {
		case <-ctx.Done():
			return
		case entry = <-r.wanted:
			wait = time.Second
		case <-retry:
		}
		retry = nil
		if err := r.tell(ctx, entry); err != nil {
			r.log.Warn("status not reported yet", "generation", entry.GatewayGeneration, "revision", entry.Revision, "error", err)
			retry = time.After(wait)
			wait = min(2*wait, 30*time.Second)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// failed is the code of an API server for what it has no reason for.
const failed = 500

// tell writes this proxy's entry. A cluster whose CustomResourceDefinition is of a version without revisions refuses them, with a
// code that says no more than that something failed: then the generation is told alone, as it was in that version.
func (r *reporter) tell(ctx context.Context, entry dataplanev1alpha1.ProxyStatus) error {
	err := r.apply(ctx, []dataplanev1alpha1.ProxyStatus{entry})
	var refused apierrors.APIStatus
	if entry.Revision == "" || !errors.As(err, &refused) || refused.Status().Code != failed {
		return err
	}
	entry.Revision = ""
	if r.apply(ctx, []dataplanev1alpha1.ProxyStatus{entry}) != nil {
		return err
	}
	r.log.Info("this cluster takes no revision in the status of a ProxyConfig: upgrade the chart fleetgate-crds in it", "error", err)
	return nil
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
