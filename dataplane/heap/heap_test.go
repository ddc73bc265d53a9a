package heap_test

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/heap"
)

func TestPercent(t *testing.T) {
	cases := []struct {
		name, reason string
		live         uint64
		want         int
	}{
		{"nothing", "no division by zero", 0, 200},
		{"small", "a heap of few megabytes is not collected all the time", 5 << 20, 200},
		{"some", "room of 16 MB", 16 << 20, 100},
		{"large", "three quarters", 100 << 20, 75},
	}
	for _, c := range cases {
		if got := heap.Percent(c.live); got != c.want {
			t.Errorf("%s: %s: got %d, want %d", c.name, c.reason, got, c.want)
		}
	}
}

// held is what the heap has of the system's memory.
func held() uint64 {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}, {Name: "/memory/classes/heap/free:bytes"},
	}
	metrics.Read(samples)
	return samples[0].Value.Uint64() + samples[1].Value.Uint64() + samples[2].Value.Uint64()
}

func TestWhatBuildingLeftGoesBack(t *testing.T) {
	const garbage = 128 << 20
	k := heap.New(func() bool { return false })
	defer k.Close()
	block := make([]byte, garbage)
	for i := range block {
		block[i] = 1
	}
	runtime.GC() // which finds that the block lives
	before := held()
	runtime.KeepAlive(block)
	k.Built()
	for deadline := time.Now().Add(30 * time.Second); held() > before-garbage/2; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d MB are held, %d MB were", held()>>20, before>>20)
		}
	}
}
