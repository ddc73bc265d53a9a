package report

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fleetgate/fleetgate/internal/status"
)

// listPatch replaces a status that is one list. It is refused for another version of the object than it was made from.
type listPatch struct {
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
	} `json:"metadata"`
	Status any `json:"status"`
}

// patchOf brings the status of an object from before to after. It carries the resourceVersion that it was made from, so that a
// list which others write too is never put back to what it was. The status of what is attached to others, of which there may
// be tens of thousands, is one list, and a list is replaced as a whole: there is nothing to compare.
func patchOf(before, after client.Object) (client.Patch, error) {
	patch := listPatch{}
	patch.Metadata.ResourceVersion = before.GetResourceVersion()
	if route := status.RouteStatus(after); route != nil {
		patch.Status = route
	} else if policy := status.PolicyStatus(after); policy != nil {
		patch.Status = policy
	} else {
		data, err := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}).Data(after)
		if err != nil {
			return nil, fmt.Errorf("compare the status: %w", err)
		}
		return client.RawPatch(types.MergePatchType, data), nil
	}
	data, err := json.Marshal(patch)
	if err != nil {
		return nil, fmt.Errorf("encode the status: %w", err)
	}
	return client.RawPatch(types.MergePatchType, data), nil
}
