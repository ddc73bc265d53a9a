package source

import (
	"fmt"
	"log/slog"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/dataplane/config"
)

// piece encodes one part, as the operator does: the root for index -1.
func piece(t *testing.T, index, chunks int) *dataplanev1alpha1.ProxyConfig {
	t.Helper()
	object := &dataplanev1alpha1.ProxyConfig{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	object.Spec.Part = dataplanev1alpha1.PartRoot
	var value any = config.Root{Version: config.Version, Gateway: "ns/web", Generation: 1, Chunks: chunks}
	if index >= 0 {
		object.Name, object.Spec.Part, object.Spec.Index = fmt.Sprintf("web-%d", index), dataplanev1alpha1.PartChunk, int32(index)
		value = config.Chunk{Version: config.Version, Index: index}
	}
	var err error
	if object.Spec.Data, object.Spec.Checksum, err = config.Encode(value); err != nil {
		t.Fatal(err)
	}
	return object
}

// TestPartsGrowAndShrink looks at the configuration after every single write of the operator, as a proxy may.
func TestPartsGrowAndShrink(t *testing.T) {
	p := newParts("web", "pod", slog.New(slog.DiscardHandler))
	var seen uint64
	for _, step := range []struct {
		reason string
		do     func()
		// chunks is how many the configuration has if it is another one; none for no other one.
		chunks int
		held   int
	}{
		{"the root alone is not whole", func() { p.put(piece(t, -1, 1)) }, 0, 0},
		{"all parts are there", func() { p.put(piece(t, 0, 0)) }, 1, 1},
		{"more chunks come before the root that counts them", func() { p.put(piece(t, 1, 0)) }, 1, 2},
		{"and are kept until it does", func() { p.put(piece(t, 2, 0)) }, 1, 3},
		{"the root counts them", func() { p.put(piece(t, -1, 3)) }, 3, 3},
		{"a chunk that the root counts stays when its object is gone", func() { p.drop(piece(t, 2, 0)) }, 0, 3},
		{"its object is there again", func() { p.put(piece(t, 2, 0)) }, 0, 3},
		{"the root counts fewer", func() { p.put(piece(t, -1, 1)) }, 1, 3},
		{"what it does not count goes with its object", func() { p.drop(piece(t, 2, 0)) }, 0, 2},
		{"after a gap in the watch, what is not listed goes too", func() { p.replace([]*dataplanev1alpha1.ProxyConfig{piece(t, -1, 1), piece(t, 0, 0)}) }, 0, 1},
		{"the last object is gone before a root counts fewer", func() { p.put(piece(t, -1, 2)); p.put(piece(t, 1, 0)); p.drop(piece(t, 1, 0)) }, 2, 2},
		{"it goes with the root", func() { p.put(piece(t, -1, 1)) }, 1, 1},
	} {
		step.do()
		chunks := 0
		if whole := p.whole(&seen); whole != nil {
			chunks = len(whole.chunks())
		}
		if chunks != step.chunks {
			t.Errorf("%s: %d chunks, want %d", step.reason, chunks, step.chunks)
		}
		if len(p.chunks) != step.held {
			t.Errorf("%s: %d chunks are held, want %d", step.reason, len(p.chunks), step.held)
		}
	}
}
