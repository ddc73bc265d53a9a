// Package heap keeps a proxy's memory near what its configuration takes. Building a large one leaves
// a heap that is twice as large as it has to be, and requests allocate so little that the collector
// would have no reason to look at it for a long time.
package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	// quiet is how long no configuration must have come before the heap is looked at.
	quiet = 2 * time.Second
	// The heap may grow by three quarters of what lives in it until it is collected, or by room, whichever is more; but at
	// most by roomiest percent. Of a large configuration that changes all the time, the collector takes the most time of all.
	least, roomiest = 75, 200
	room            = 16 << 20
	// building is the percentage until the first configuration is in.
	building = 25
)

// Keeper looks after the heap of the process.
type Keeper struct {
	busy func() bool
	// fixed says that GOGC is set: whoever did that knows better.
	fixed bool

	mutex  sync.Mutex
	timer  *time.Timer
	closed bool

	settling sync.Mutex // held by settle, which may take longer than the next configuration does to come
	// allocated is how much was allocated when the heap was collected last.
	allocated uint64
}

// New makes a Keeper, which must be closed. busy says whether there are clients: then memory goes
// back to the system little by little, and not at once, which would hold them up.
func New(busy func() bool) *Keeper {
	_, fixed := os.LookupEnv("GOGC")
	if !fixed {
		debug.SetGCPercent(building)
	}
	return &Keeper{busy: busy, fixed: fixed}
}

// Built is to be called when a configuration was put in force. It does not block.
func (k *Keeper) Built() {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	switch {
	case k.closed:
	case k.timer == nil:
		k.timer = time.AfterFunc(quiet, k.settle)
	default:
		k.timer.Reset(quiet)
	}
}

// Close ends it.
func (k *Keeper) Close() {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.closed = true
	if k.timer != nil {
		k.timer.Stop()
	}
}

// settle collects what building left, if it took much, and sets how much the heap may grow.
func (k *Keeper) settle() {
	k.settling.Lock()
	defer k.settling.Unlock()
	allocated, live := sizes()
	if allocated-k.allocated < max(live/8, room/4) {
		return
	}
	k.allocated = allocated
	runtime.GC()
	if !k.fixed {
		_, live = sizes()
		debug.SetGCPercent(Percent(live))
	}
	if !k.busy() {
		debug.FreeOSMemory()
	}
}

// Percent is how much a heap may grow in which so many bytes live (see runtime/debug.SetGCPercent).
func Percent(live uint64) int {
	return int(min(max(100*room/max(live, 1), least), roomiest))
}

// sizes tells how many bytes were ever allocated, and how many lived when the heap was collected last.
func sizes() (allocated, live uint64) {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64(), samples[1].Value.Uint64()
}
