package source

import (
	"fmt"
	"strings"
	"testing"
	"time"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// revised is a root without chunks of a revision.
func revised(t *testing.T, revision string, reported ...dataplanev1alpha1.ProxyStatus) *dataplanev1alpha1.ProxyConfig {
	t.Helper()
	part := encoded(t, "gw", dataplanev1alpha1.PartRoot, 0, config.Root{Version: 1, Gateway: "n/gw", Generation: 5, Revision: revision})
	part.Status.Proxies = reported
	return part
}

// reports are the entries that were written so far.
func (a *api) reports() []string {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	var out []string
	for _, patch := range a.patches {
		_, entries, _ := strings.Cut(patch, `"proxies":`)
		out = append(out, strings.TrimSuffix(entries, "}}"))
	}
	return out
}

// reported waits for the last report.
func (a *api) reported(reason, want string) {
	a.t.Helper()
	var got []string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if got = a.reports(); len(got) > 0 && got[len(got)-1] == want {
			return
		}
	}
	a.t.Fatalf("%s: got %q, want %s", reason, got, want)
}

func TestEveryRootInForceIsReported(t *testing.T) {
	a := newAPI(t)
	a.put("proxyconfigs", revised(t, "a"))
	f := follow(t, a)
	a.reported("the first root is in force", `[{"name":"gw-pod-1","gatewayGeneration":5,"revision":"a"}]`)
	a.put("proxyconfigs", revised(t, "b"))
	a.reported("another root is in force, of the same generation", `[{"name":"gw-pod-1","gatewayGeneration":5,"revision":"b"}]`)
	const storm = 100
	for i := range storm {
		a.put("proxyconfigs", revised(t, fmt.Sprint("c", i)))
	}
	f.until("the last of a storm is in force", func(s proxy.Snapshot) bool { return s.Root.Revision == fmt.Sprint("c", storm-1) })
	a.reported("the newest of a storm is reported", fmt.Sprintf(`[{"name":"gw-pod-1","gatewayGeneration":5,"revision":"c%d"}]`, storm-1))
	if got := a.reports(); len(got) > 10 {
		t.Errorf("%d reports of a storm of %d roots", len(got), storm)
	}
}

func TestWhatTheStatusHasIsNotReported(t *testing.T) {
	a := newAPI(t)
	a.put("proxyconfigs", revised(t, "a", dataplanev1alpha1.ProxyStatus{Name: "gw-pod-1", GatewayGeneration: 5, Revision: "a"}))
	f := follow(t, a)
	f.until("the root is in force", func(s proxy.Snapshot) bool { return s.Root.Revision == "a" })
	f.never("it is once", 1)
	if got := a.reports(); len(got) != 0 {
		t.Errorf("reported %q", got)
	}
}

func TestAClusterWithoutRevisionsIsToldTheGeneration(t *testing.T) {
	a := newAPI(t)
	a.refused = "revision"
	a.put("proxyconfigs", revised(t, "a"))
	follow(t, a)
	a.reported("the revision is refused", `[{"name":"gw-pod-1","gatewayGeneration":5}]`)
}

func TestARootOfAnOlderOperatorHasNoRevision(t *testing.T) {
	a := newAPI(t)
	a.put("proxyconfigs", revised(t, ""))
	follow(t, a)
	a.reported("the generation is all that there is", `[{"name":"gw-pod-1","gatewayGeneration":5}]`)
}
