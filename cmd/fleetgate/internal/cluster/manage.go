package cluster

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fleetgate/fleetgate/providers/service"
)

// manage notes in a Service, as an API server does, that its labels and annotations were set by whoever applied it.
func manage(s *corev1.Service) error {
	fields := map[string]any{"f:metadata": map[string]any{"f:labels": keys(s.Labels), "f:annotations": keys(s.Annotations)}}
	raw, err := json.Marshal(fields)
	if err != nil {
		return fmt.Errorf("noting the fields of a Service: %w", err)
	}
	s.ManagedFields = []metav1.ManagedFieldsEntry{{
		Manager: service.Manager, Operation: metav1.ManagedFieldsOperationApply, APIVersion: "v1",
		FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(string(raw)),
	}}
	return nil
}

func keys(of map[string]string) map[string]any {
	out := map[string]any{}
	for key := range of {
		out["f:"+key] = map[string]any{}
	}
	return out
}
