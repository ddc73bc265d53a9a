package podlog

import (
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func pod(name string, status corev1.ContainerStatus) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: "0123456789"},
		Status:     corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{status}},
	}
}

// TestRecord has a pod that comes while the recorder runs, is ready for a while, and goes: its log stays.
func TestRecord(t *testing.T) {
	client := fake.NewClientset()
	pods := client.CoreV1().Pods("ns")
	recorder, err := Record(t.Context(), client, t.TempDir(), func(p *corev1.Pod) bool { return p.Name == "wanted" })
	if err != nil {
		t.Fatal(err)
	}
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	for _, status := range []corev1.ContainerStatus{{}, {State: running, Ready: true}, {State: running, RestartCount: 1}} {
		if status.State.Running == nil {
			_, err = pods.Create(t.Context(), pod("wanted", status), metav1.CreateOptions{})
		} else {
			_, err = pods.Update(t.Context(), pod("wanted", status), metav1.UpdateOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	other := pod("other", corev1.ContainerStatus{State: running})
	other.UID = "other"
	if _, err := pods.Create(t.Context(), other, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline) && !restarted(recorder); {
		time.Sleep(10 * time.Millisecond)
	}
	logs := recorder.Close(t.Context())
	if len(logs) != 1 || !logs[0].Ready || logs[0].Restarts != 1 || logs[0].Err != nil {
		t.Fatalf("got %+v", logs)
	}
	if text, err := os.ReadFile(logs[0].File); err != nil || !strings.Contains(string(text), "fake logs") {
		t.Errorf("got %q, %v", text, err)
	}
}

func restarted(r *Recorder) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, log := range r.logs {
		return log.Restarts == 1
	}
	return false
}
