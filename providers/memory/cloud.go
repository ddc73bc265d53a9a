// Package memory is a cloud in a map, for tests and demos: it has the states, the lost answers and the
// refusals of a real one, and none of its latency.
package memory

import (
	"maps"
	"slices"
	"sync"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/plan"
	"github.com/fleetgate/fleetgate/internal/stack"
)

// Cloud holds resources by owner. Several Providers can use one Cloud, as several runs of an operator do.
type Cloud struct {
	mu        sync.Mutex
	owners    map[ownerKey]map[stack.ID]*entry
	activate  int
	faults    []Fault
	revisions int
}

type ownerKey struct{ hub, uid string }

type entry struct {
	resource stack.Resource
	// looks is how often the resource has still to be observed before it is active.
	looks int
}

// Options say how the Cloud behaves.
type Options struct {
	// ActivateAfter is how many observations a load balancer takes to become active.
	ActivateAfter int
}

// NewCloud makes an empty Cloud.
func NewCloud(o Options) *Cloud {
	return &Cloud{owners: map[ownerKey]map[stack.ID]*entry{}, activate: o.ActivateAfter}
}

// Fault makes steps go wrong.
type Fault struct {
	// Op and Kind say which steps; empty matches all.
	Op   plan.Op
	Kind stack.Kind
	// Count is how many steps are hit; a negative number hits all until ClearFaults.
	Count int
	// Err is the answer.
	Err error
	// TakesEffect lets the step change the cloud in spite of the answer: it was lost on the way back.
	TakesEffect bool
}

// Inject adds a Fault.
func (c *Cloud) Inject(f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, f)
}

// ClearFaults removes all Faults.
func (c *Cloud) ClearFaults() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = nil
}

// Owned are the resources of an owner, sorted by ID.
func (c *Cloud) Owned(owner ir.Owner) []stack.Resource {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []stack.Resource
	for _, e := range c.owners[keyOf(owner)] {
		out = append(out, clone(e.resource))
	}
	stack.Sort(out)
	return out
}

// Revisions is how often anything was changed.
func (c *Cloud) Revisions() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.revisions
}

func keyOf(o ir.Owner) ownerKey { return ownerKey{o.Hub, o.UID} }

// observe lets time pass: what is pending comes one look closer to being active.
func (c *Cloud) observe(owner ir.Owner) []stack.Resource {
	c.mu.Lock()
	for _, e := range c.owners[keyOf(owner)] {
		if e.looks > 0 {
			e.looks--
		} else {
			e.resource.State = stack.Active
		}
	}
	c.mu.Unlock()
	return c.Owned(owner)
}

// apply performs a step under the faults.
func (c *Cloud) apply(owner ir.Owner, step plan.Step) (stack.Resource, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.fault(step)
	if f != nil && !f.TakesEffect {
		return stack.Resource{}, f.Err
	}
	r := c.change(keyOf(owner), step)
	if f != nil {
		return stack.Resource{}, f.Err
	}
	return r, nil
}

func (c *Cloud) fault(step plan.Step) *Fault {
	for i := range c.faults {
		f := &c.faults[i]
		if f.Count == 0 || f.Op != "" && f.Op != step.Op || f.Kind != "" && f.Kind != step.ID.Kind {
			continue
		}
		f.Count--
		hit := *f
		return &hit
	}
	return nil
}

func (c *Cloud) change(key ownerKey, step plan.Step) stack.Resource {
	c.revisions++
	if c.owners[key] == nil {
		c.owners[key] = map[stack.ID]*entry{}
	}
	if step.Op == plan.Delete {
		delete(c.owners[key], step.ID)
		return stack.Resource{}
	}
	e := c.owners[key][step.ID]
	if e == nil {
		e = &entry{resource: stack.Resource{Ref: key.uid + "/" + step.ID.String(), State: stack.Active}}
		if step.ID.Kind == LoadBalancer && c.activate > 0 {
			e.looks, e.resource.State = c.activate, stack.Pending
		}
		c.owners[key][step.ID] = e
	}
	e.resource.ID, e.resource.Spec = step.ID, step.Want.Spec
	e.resource.DependsOn = slices.Clone(step.Want.DependsOn)
	return clone(e.resource)
}

func clone(r stack.Resource) stack.Resource {
	r.DependsOn = slices.Clone(r.DependsOn)
	r.Facts = maps.Clone(r.Facts)
	return r
}
