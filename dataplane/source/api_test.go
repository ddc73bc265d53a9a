package source

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
)

// api is an API server in memory: lists, watches and status patches of any namespaced object.
type api struct {
	t       *testing.T
	mutex   sync.Mutex
	wake    *sync.Cond
	version int
	objects map[string]map[string]any // by path
	events  []event
	patches []string
	denied  map[string]bool // namespace/resource
	refused string          // what no patch may have
	asked   map[string]int  // lists, by namespace/resource?selectors
	server  *httptest.Server
	stopped bool
}

type event struct {
	version int
	path    string
	kind    string
	object  map[string]any
}

func newAPI(t *testing.T) *api {
	a := &api{t: t, objects: map[string]map[string]any{}, denied: map[string]bool{}, asked: map[string]int{}}
	a.wake = sync.NewCond(&a.mutex)
	a.server = httptest.NewServer(a)
	t.Cleanup(func() {
		a.mutex.Lock()
		a.stopped = true
		a.wake.Broadcast()
		a.mutex.Unlock()
		a.server.CloseClientConnections()
		a.server.Close()
	})
	return a
}

func (a *api) config() *rest.Config { return &rest.Config{Host: a.server.URL} }

// put creates or updates an object, given as anything that encodes to JSON.
func (a *api) put(resource string, object any) {
	a.t.Helper()
	data, err := json.Marshal(object)
	if err != nil {
		a.t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		a.t.Fatal(err)
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	meta := fields["metadata"].(map[string]any)
	path := fmt.Sprintf("%s/%s/%s", meta["namespace"], resource, meta["name"])
	a.version++
	meta["resourceVersion"] = strconv.Itoa(a.version)
	kind := "MODIFIED"
	if a.objects[path] == nil {
		kind = "ADDED"
	}
	a.objects[path] = fields
	a.events = append(a.events, event{a.version, path, kind, fields})
	a.wake.Broadcast()
}

func (a *api) remove(path string) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.version++
	a.events = append(a.events, event{a.version, path, "DELETED", a.objects[path]})
	delete(a.objects, path)
	a.wake.Broadcast()
}

// ServeHTTP implements http.Handler.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, rest, ok := strings.Cut(r.URL.Path, "/namespaces/")
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodPatch {
		body, _ := io.ReadAll(r.Body)
		a.mutex.Lock()
		a.patches = append(a.patches, rest+"?"+r.URL.RawQuery+" "+string(body))
		refused := a.refused != "" && strings.Contains(string(body), a.refused)
		a.mutex.Unlock()
		if refused {
			fail(w, http.StatusInternalServerError, "")
			return
		}
		_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Success"}`)
		return
	}
	query := r.URL.Query()
	match := func(path string, object map[string]any) bool {
		meta := object["metadata"].(map[string]any)
		labels, _ := meta["labels"].(map[string]any)
		if key, value, ok := strings.Cut(query.Get("labelSelector"), "="); ok && labels[key] != value {
			return false
		}
		if _, name, ok := strings.Cut(query.Get("fieldSelector"), "="); ok && meta["name"] != name {
			return false
		}
		return strings.HasPrefix(path, rest+"/")
	}
	a.mutex.Lock()
	denied := a.denied[rest]
	a.mutex.Unlock()
	switch {
	case denied:
		fail(w, http.StatusForbidden, "Forbidden")
	case query.Get("sendInitialEvents") == "true":
		fail(w, http.StatusUnprocessableEntity, "Invalid")
	case query.Get("watch") == "true":
		a.watch(w, r, match)
	default:
		a.list(w, rest+"?"+query.Get("labelSelector")+query.Get("fieldSelector"), match)
	}
}

func fail(w http.ResponseWriter, code int, reason string) {
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"code":%d}`, reason, code)
}

func (a *api) list(w io.Writer, asked string, match func(string, map[string]any) bool) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.asked[asked]++
	items := []map[string]any{}
	var kind, group any = "List", "v1"
	for path, object := range a.objects {
		if match(path, object) {
			items = append(items, object)
			kind, group = object["kind"].(string)+"List", object["apiVersion"]
		}
	}
	if len(items) == 0 {
		kind, group = emptyList(asked)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"kind": kind, "apiVersion": group, "items": items,
		"metadata": map[string]any{"resourceVersion": strconv.Itoa(a.version)},
	})
}

func emptyList(asked string) (any, any) {
	switch {
	case strings.Contains(asked, "/secrets?"):
		return "SecretList", "v1"
	case strings.Contains(asked, "/endpointslices?"):
		return "EndpointSliceList", "discovery.k8s.io/v1"
	}
	return "ProxyConfigList", "dataplane.gateway.company.com/v1alpha1"
}

func (a *api) watch(w http.ResponseWriter, r *http.Request, match func(string, map[string]any) bool) {
	after, _ := strconv.Atoi(r.URL.Query().Get("resourceVersion"))
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-r.Context().Done():
		case <-stop:
		}
		a.wake.Broadcast()
	}()
	flush := http.NewResponseController(w).Flush
	_ = flush()
	a.mutex.Lock()
	defer a.mutex.Unlock()
	for at := 0; ; {
		for ; at < len(a.events); at++ {
			e := a.events[at]
			if e.version > after && match(e.path, e.object) {
				_ = json.NewEncoder(w).Encode(map[string]any{"type": e.kind, "object": e.object})
				_ = flush()
			}
		}
		if a.stopped || r.Context().Err() != nil {
			return
		}
		a.wake.Wait()
	}
}
