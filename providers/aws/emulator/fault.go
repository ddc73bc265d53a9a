package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Fault makes calls go wrong. It applies to the next Of calls that match; Count of those, evenly spread and
// the last among them, are hit. So Count 2, Of 2 hits the next two; Count 1, Of 3 lets two pass and hits the third.
type Fault struct {
	// Service ("elasticloadbalancing", "ec2", "acm", "wafv2", "sts") and Action ("CreateLoadBalancer") say which
	// calls match; empty matches all.
	Service string `json:"service,omitempty"`
	Action  string `json:"action,omitempty"`
	// Count is how many calls are hit; zero means one, a negative number all calls until the fault is cleared.
	Count int `json:"count,omitempty"`
	// Of is among how many calls; zero means Count.
	Of int `json:"of,omitempty"`

	// Code, Message and Status are the error to answer; no Code means that the call succeeds.
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Status  int    `json:"status,omitempty"`
	// Latency is waited after the call took effect and before it is answered: the nastier moment to be killed in.
	Latency Duration `json:"latency,omitempty"`
	// LoseResponse lets the call take effect and closes the connection without an answer.
	LoseResponse bool `json:"loseResponse,omitempty"`
	// DropRequest closes the connection without letting the call take effect.
	DropRequest bool `json:"dropRequest,omitempty"`
	// TakeEffect lets the call take effect although Code is answered, as a 500 may on AWS.
	TakeEffect bool `json:"takeEffect,omitempty"`
}

// Duration is a time.Duration that reads as "150ms" in JSON.
type Duration time.Duration

// MarshalJSON writes the duration the way time.Duration prints.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads "150ms" and the like.
func (d *Duration) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	parsed, err := time.ParseDuration(text)
	*d = Duration(parsed)
	return err
}

// spoils tells whether the call itself must not run.
func (f *Fault) spoils() bool {
	return f != nil && (f.DropRequest || (f.Code != "" && !f.TakeEffect))
}

func (f *Fault) err() error {
	if f == nil || f.Code == "" {
		return nil
	}
	e := &apiError{Code: f.Code, Message: f.Message, Status: f.Status}
	if e.Message == "" {
		e.Message = "injected"
	}
	if e.Status == 0 {
		e.Status = http.StatusBadRequest
	}
	return e
}

// faults is the set of faults not used up yet.
type faults struct {
	mu   sync.Mutex
	list []*activeFault
}

type activeFault struct {
	Fault
	seen int
}

func (f *faults) add(fault Fault) error {
	if fault.Count == 0 {
		fault.Count = 1
	}
	if fault.Of == 0 {
		fault.Of = fault.Count
	}
	if fault.Count > fault.Of {
		return fmt.Errorf("a fault cannot hit %d of %d calls", fault.Count, fault.Of)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, &activeFault{Fault: fault})
	return nil
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = nil
}

func (f *faults) pending() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Fault, 0, len(f.list))
	for _, a := range f.list {
		out = append(out, a.Fault)
	}
	return out
}

// next is the fault that hits this call, or nil. The oldest matching fault counts the call, alone.
func (f *faults) next(service, action string) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, a := range f.list {
		if (a.Service != "" && a.Service != service) || (a.Action != "" && a.Action != "*" && a.Action != action) {
			continue
		}
		if a.Count < 0 {
			return &a.Fault
		}
		before := a.seen * a.Count / a.Of
		a.seen++
		hit := a.seen*a.Count/a.Of > before
		if a.seen == a.Of {
			f.list = append(f.list[:i:i], f.list[i+1:]...)
		}
		if !hit {
			return nil
		}
		return &a.Fault
	}
	return nil
}
