// Package podlog keeps what pods write: those that come and go during a run take their logs with them.
package podlog

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Log is of one pod.
type Log struct {
	Namespace, Pod string
	// File has what the pod's container wrote.
	File string
	// Ready tells whether the pod was ever ready.
	Ready bool
	// Restarts of the container.
	Restarts int32
	// Err is why the log is not whole.
	Err error
}

// Recorder follows the logs of all pods that it wants, from the moment that their container runs.
type Recorder struct {
	client kubernetes.Interface
	dir    string
	wants  func(*corev1.Pod) bool

	stopWatch, stopFollow context.CancelFunc
	follows               sync.WaitGroup
	informers             informers.SharedInformerFactory

	mu   sync.Mutex
	logs map[types.UID]*Log
}

// Record begins; the logs are files in dir, which is made anew. Pods have one container. The caller calls Close.
func Record(ctx context.Context, client kubernetes.Interface, dir string, wants func(*corev1.Pod) bool) (*Recorder, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	r := &Recorder{client: client, dir: dir, wants: wants, logs: map[types.UID]*Log{}}
	var watched, followed context.Context
	watched, r.stopWatch = context.WithCancel(context.WithoutCancel(ctx))
	followed, r.stopFollow = context.WithCancel(context.WithoutCancel(ctx))
	r.informers = informers.NewSharedInformerFactory(client, 0)
	pods := r.informers.Core().V1().Pods().Informer()
	see := func(pod any) { r.see(followed, pod) }
	handler := cache.ResourceEventHandlerFuncs{AddFunc: see, UpdateFunc: func(_, now any) { see(now) }}
	if _, err := pods.AddEventHandler(handler); err != nil {
		return nil, err
	}
	r.informers.Start(watched.Done())
	if !cache.WaitForCacheSync(ctx.Done(), pods.HasSynced) {
		return nil, fmt.Errorf("listing pods: %w", ctx.Err())
	}
	return r, nil
}

// Close waits until the containers of all pods seen have ended, or ctx, and returns their logs.
func (r *Recorder) Close(ctx context.Context) []Log {
	r.stopWatch()
	r.informers.Shutdown()
	context.AfterFunc(ctx, r.stopFollow)
	r.follows.Wait()
	r.stopFollow()
	var out []Log
	for _, log := range r.logs {
		out = append(out, *log)
	}
	return out
}

// see notes what a pod's status tells. The informer calls it for one pod after the other.
func (r *Recorder) see(ctx context.Context, object any) {
	pod, ok := object.(*corev1.Pod)
	if !ok || !r.wants(pod) || len(pod.Status.ContainerStatuses) == 0 {
		return
	}
	status := pod.Status.ContainerStatuses[0]
	r.mu.Lock()
	defer r.mu.Unlock()
	log := r.logs[pod.UID]
	if log == nil {
		if status.State.Running == nil && status.State.Terminated == nil {
			return
		}
		log = &Log{
			Namespace: pod.Namespace, Pod: pod.Name,
			File: filepath.Join(r.dir, fmt.Sprintf("%.100s-%.8s.log", pod.Name, pod.UID)),
		}
		r.logs[pod.UID] = log
		r.follows.Go(func() { r.follow(ctx, log, status.Name) })
	}
	log.Ready = log.Ready || status.Ready
	log.Restarts = status.RestartCount
}

func (r *Recorder) follow(ctx context.Context, log *Log, container string) {
	err := r.copy(ctx, log, container)
	r.mu.Lock()
	defer r.mu.Unlock()
	log.Err = err
}

func (r *Recorder) copy(ctx context.Context, log *Log, container string) error {
	file, err := os.Create(log.File)
	if err != nil {
		return err
	}
	defer file.Close()
	options := &corev1.PodLogOptions{Container: container, Follow: true}
	stream, err := r.client.CoreV1().Pods(log.Namespace).GetLogs(log.Pod, options).Stream(ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	_, err = io.Copy(file, stream)
	return err
}
