package scene

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Ledger plays the part of an API server's memory: an object keeps its uid and creation time, and gets a new
// generation when its spec changes. The zero value is ready. It is not safe for concurrent use.
type Ledger struct {
	entries map[string]entry
}

type entry struct {
	spec       [sha256.Size]byte
	generation int64
	created    metav1.Time
}

// stamp fills in what an API server would.
func (l *Ledger) stamp(kind string, o metav1.Object, spec any) {
	name := kind + "/" + o.GetNamespace() + "/" + o.GetName()
	data, err := json.Marshal(spec)
	if err != nil {
		data = nil // a spec that came from JSON goes back to it
	}
	sum := sha256.Sum256(data)
	if l.entries == nil {
		l.entries = map[string]entry{}
	}
	e, known := l.entries[name]
	if !known {
		e.created = metav1.NewTime(time.Now().Truncate(time.Second))
	}
	if !known || e.spec != sum {
		e.spec = sum
		e.generation++
	}
	l.entries[name] = e
	o.SetUID(uid(name))
	o.SetGeneration(e.generation)
	if created := o.GetCreationTimestamp(); created.IsZero() {
		o.SetCreationTimestamp(e.created)
	}
}

// uid is the same for the same name at any time, in the form of a version 8 UUID.
func uid(name string) types.UID {
	sum := sha256.Sum256([]byte(name))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return types.UID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:])
}
