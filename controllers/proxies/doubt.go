package proxies

import (
	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/world"
)

// expect notes what a ProxyConfig will be once a write is done; nil for gone.
func (w *worker) expect(name world.Name, spec *dataplanev1alpha1.ProxyConfigSpec) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if spec == nil {
		delete(w.written, name)
		return
	}
	known := *spec
	known.Data = nil
	w.written[name] = known
}

// lookAgain looks at the configuration of proxies again, after a ProxyConfig of it changed. part is what the member has; nil
// for nothing.
func (w *worker) lookAgain(name world.Name, part *dataplanev1alpha1.ProxyConfig) {
	proxy := world.Name{Namespace: name.Namespace, Name: compile.ProxyOf(name.Name)}
	if part != nil {
		proxy.Name = part.Labels[dataplanev1alpha1.LabelProxy]
	}
	if !w.expected(name, proxy, part) {
		w.queue.Add(proxy)
	}
}

// expected says whether a ProxyConfig is as we wrote it. Otherwise the proxies' configuration is doubted as a whole.
func (w *worker) expected(name, proxy world.Name, part *dataplanev1alpha1.ProxyConfig) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	spec, ours := w.written[name]
	if part == nil && !ours || part != nil && ours && compile.Same(part.Spec, spec) {
		return true
	}
	if part == nil {
		delete(w.written, name)
	}
	w.doubted[proxy] = true
	return false
}

// takeDoubt says whether the configuration of proxies was doubted, and ends that.
func (w *worker) takeDoubt(proxy world.Name) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.doubted[proxy]
	delete(w.doubted, proxy)
	return was
}
