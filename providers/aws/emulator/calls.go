package emulator

import (
	"errors"
	"sync"
	"time"
)

// Call is one entry of the call log.
type Call struct {
	Time    time.Time `json:"time"`
	Service string    `json:"service"`
	Action  string    `json:"action"`
	Region  string    `json:"region"`
	Account string    `json:"account,omitempty"`
	// Error is the code that was answered, if one was.
	Error string `json:"error,omitempty"`
	// Faulted is set when a fault hit the call.
	Faulted bool `json:"faulted,omitempty"`
}

// maxCalls bounds the log: the oldest half goes when it is full.
const maxCalls = 20000

type callLog struct {
	mu   sync.Mutex
	list []Call
}

func (l *callLog) add(c *call, f *Fault, err error) {
	entry := Call{
		Time: c.now, Service: c.service, Action: c.action, Region: c.region, Account: c.account,
		Faulted: f != nil,
	}
	if e, ok := errors.AsType[*apiError](err); ok {
		entry.Error = e.Code
	} else if err != nil {
		entry.Error = err.Error()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) >= maxCalls {
		l.list = append([]Call(nil), l.list[maxCalls/2:]...)
	}
	l.list = append(l.list, entry)
}

func (l *callLog) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = nil
}

// Calls are the calls answered so far, oldest first; with actions, only those.
func (s *Server) Calls(actions ...string) []Call {
	wanted := map[string]bool{}
	for _, a := range actions {
		wanted[a] = true
	}
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	out := []Call{}
	for _, c := range s.calls.list {
		if len(wanted) == 0 || wanted[c.Action] {
			out = append(out, c)
		}
	}
	return out
}
