package binder

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestWants(t *testing.T) {
	tests := []struct {
		name, reason string
		change       func(*corev1.Pod)
		want         bool
	}{
		{"pending", "it waits for us", func(*corev1.Pod) {}, true},
		{"bound", "it has a node", func(p *corev1.Pod) { p.Spec.NodeName = "n" }, false},
		{"other scheduler", "it waits for another", func(p *corev1.Pod) { p.Spec.SchedulerName = "own" }, false},
		{"deleted", "it would start only to end", func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{} }, false},
		{"gated", "its owner holds it back", func(p *corev1.Pod) {
			p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "g"}}
		}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pod := &corev1.Pod{Spec: corev1.PodSpec{SchedulerName: corev1.DefaultSchedulerName}}
			test.change(pod)
			if got := wants(pod); got != test.want {
				t.Errorf("%s: got %v", test.reason, got)
			}
		})
	}
}

func TestFits(t *testing.T) {
	node := func(ready corev1.ConditionStatus, cordoned bool) *corev1.Node {
		return &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"disk": "fast"}},
			Spec:       corev1.NodeSpec{Unschedulable: cordoned},
			Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{
				{Type: corev1.NodeReady, Status: ready},
			}},
		}
	}
	tests := []struct {
		name, reason string
		node         *corev1.Node
		selector     map[string]string
		want         bool
	}{
		{"ready", "nothing speaks against it", node(corev1.ConditionTrue, false), nil, true},
		{"selected", "its labels match", node(corev1.ConditionTrue, false), map[string]string{"disk": "fast"}, true},
		{"not selected", "its labels differ", node(corev1.ConditionTrue, false), map[string]string{"disk": "slow"}, false},
		{"not ready", "no pod would start", node(corev1.ConditionFalse, false), nil, false},
		{"cordoned", "someone said no", node(corev1.ConditionTrue, true), nil, false},
		{"no status yet", "it just registered", &corev1.Node{}, nil, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pod := &corev1.Pod{Spec: corev1.PodSpec{NodeSelector: test.selector}}
			if got := fits(pod, test.node); got != test.want {
				t.Errorf("%s: got %v", test.reason, got)
			}
		})
	}
}
