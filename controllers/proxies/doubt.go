package proxies

import (
	"slices"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/world"
)

// most is how many writes are remembered of a ProxyConfig that the member does not show. An older one that it shows in the end is
// looked at as if it were another's, which costs time and nothing else.
const most = 16

// expect notes what a ProxyConfig will be once a write is done; nil for gone.
func (w *worker) expect(name world.Name, spec *dataplanev1alpha1.ProxyConfigSpec) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if spec == nil {
		delete(w.written, name)
		return
	}
	known := w.written[name]
	if len(known) >= most {
		known = known[1:]
	}
	w.written[name] = append(known, bare(spec))
}

// found notes what the member has of a ProxyConfig: nothing older will be shown.
func (w *worker) found(name world.Name, spec *dataplanev1alpha1.ProxyConfigSpec) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written[name] = []dataplanev1alpha1.ProxyConfigSpec{bare(spec)}
}

// bare is a spec without its data, for which the checksum stands.
func bare(spec *dataplanev1alpha1.ProxyConfigSpec) dataplanev1alpha1.ProxyConfigSpec {
	out := *spec
	out.Data = nil
	return out
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

// expected says whether a ProxyConfig is as we wrote it: the member shows our writes one after the other, and perhaps not all.
// Otherwise the proxies' configuration is doubted as a whole.
func (w *worker) expected(name, proxy world.Name, part *dataplanev1alpha1.ProxyConfig) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.written[name]
	if part == nil {
		delete(w.written, name)
		w.doubted[proxy] = w.doubted[proxy] || len(known) > 0
		return len(known) == 0
	}
	at := slices.IndexFunc(known, func(spec dataplanev1alpha1.ProxyConfigSpec) bool { return compile.Same(part.Spec, spec) })
	if at < 0 {
		w.doubted[proxy] = true
		return false
	}
	w.written[name] = known[at:]
	return true
}

// doubt has the configuration of proxies looked at as a whole.
func (w *worker) doubt(proxy world.Name) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.doubted[proxy] = true
}

// takeDoubt says whether the configuration of proxies was doubted, and ends that.
func (w *worker) takeDoubt(proxy world.Name) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.doubted[proxy]
	delete(w.doubted, proxy)
	return was
}
