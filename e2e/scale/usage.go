package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fleetgate/fleetgate/bench/measure"
	"github.com/fleetgate/fleetgate/e2e/ground"
)

// usage is what the operator and the proxy have used, as the kernel counts it.
type usage struct {
	at              time.Time
	operator, proxy program
	// writes is how many requests that change something the operator has sent to API servers, lease renewals included.
	writes int
}

// program is one pod's.
type program struct {
	cpu time.Duration
	rss int64
}

// usage reads it all now.
func (s *stand) usage(ctx context.Context) (usage, error) {
	u := usage{at: time.Now()}
	var err error
	if u.operator, err = s.program(ctx, ground.Namespace, "operator"); err != nil {
		return u, err
	}
	if u.proxy, err = s.program(ctx, namespace, "proxy"); err != nil {
		return u, err
	}
	u.writes, err = s.writes(ctx)
	return u, err
}

// program finds the process of that name in the pods of a namespace: pods share the kernel with this machine.
func (s *stand) program(ctx context.Context, namespace, name string) (program, error) {
	var pods corev1.PodList
	if err := s.List(ctx, &pods, client.InNamespace(namespace)); err != nil {
		return program{}, err
	}
	var p program
	for i := range pods.Items {
		if pods.Items[i].Status.Phase != corev1.PodRunning || pods.Items[i].DeletionTimestamp != nil {
			continue
		}
		for _, pid := range processes(string(pods.Items[i].UID), name) {
			cpu, err := measure.CPU(pid)
			if err != nil {
				return p, err
			}
			memory, err := measure.MemoryOf(pid)
			if err != nil {
				return p, err
			}
			p.cpu, p.rss = p.cpu+cpu, p.rss+memory.RSS
		}
	}
	if p.rss == 0 {
		return p, fmt.Errorf("no process %s in the pods of %s", name, namespace)
	}
	return p, nil
}

// processes are those of a name in the cgroups of a pod.
func processes(pod, name string) []int {
	var found []int
	files, _ := filepath.Glob("/proc/[0-9]*/cgroup")
	for _, file := range files {
		groups, err := os.ReadFile(file)
		if err != nil || !strings.Contains(strings.ReplaceAll(string(groups), "_", "-"), pod) {
			continue
		}
		dir := filepath.Dir(file)
		comm, err := os.ReadFile(filepath.Join(dir, "comm"))
		pid, notANumber := strconv.Atoi(filepath.Base(dir))
		if err == nil && notANumber == nil && strings.TrimSpace(string(comm)) == name {
			found = append(found, pid)
		}
	}
	return found
}

// writes sums up rest_client_requests_total of the operator over the methods that change something.
func (s *stand) writes(ctx context.Context) (int, error) {
	var pods corev1.PodList
	if err := s.List(ctx, &pods, client.InNamespace(ground.Namespace)); err != nil {
		return 0, err
	}
	total := 0
	for i := range pods.Items {
		path := fmt.Sprintf("/api/v1/namespaces/%s/pods/%s:8080/proxy/metrics", ground.Namespace, pods.Items[i].Name)
		text, err := s.ground.Kubectl(ctx, nil, "get", "--raw", path)
		if err != nil {
			return 0, err
		}
		some, err := writesIn(text)
		if err != nil {
			return 0, err
		}
		total += some
	}
	return total, nil
}

func writesIn(metrics string) (int, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(metrics))
	if err != nil {
		return 0, err
	}
	total := 0.0
	for _, metric := range families["rest_client_requests_total"].GetMetric() {
		for _, label := range metric.GetLabel() {
			if label.GetName() == "method" && label.GetValue() != "GET" {
				total += metric.GetCounter().GetValue()
			}
		}
	}
	return int(total), nil
}

// spent is what was used between two readings.
type spent struct {
	wall, operator, proxy time.Duration
	writes                int
}

func (u usage) since(before usage) spent {
	return spent{u.at.Sub(before.at), u.operator.cpu - before.operator.cpu, u.proxy.cpu - before.proxy.cpu, u.writes - before.writes}
}

// settle waits until the operator has nothing more to write: at most its lease for two seconds.
func (s *stand) settle(ctx context.Context) error {
	const quiet, leases = 2 * time.Second, 2
	last, err := s.writes(ctx)
	if err != nil {
		return err
	}
	return s.eventually(ctx, "the operator is done", func() (bool, error) {
		if err := pause(ctx, quiet); err != nil {
			return false, err
		}
		now, err := s.writes(ctx)
		before := last
		last = now
		return err == nil && now-before <= leases, err
	})
}
