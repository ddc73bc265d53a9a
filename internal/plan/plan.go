// Package plan turns the difference between a wanted Stack and what was observed into ordered steps.
package plan

import "github.com/fleetgate/fleetgate/internal/stack"

// Op is what a Step does.
type Op string

// Operations, in the words that `fleetgate plan` prints.
const (
	Create Op = "create"
	Update Op = "update"
	Delete Op = "delete"
	// Wait does nothing but hold back what depends on a resource that is not active yet.
	Wait Op = "wait"
)

// Step is one change of one resource.
type Step struct {
	Op Op       `json:"op"`
	ID stack.ID `json:"id"`
	// Want is nil for Delete; Have is nil for Create.
	Want *stack.Resource `json:"want,omitempty"`
	Have *stack.Resource `json:"have,omitempty"`
	// Changes names the fields of Spec that differ, for Update: sorted JSON paths.
	Changes []string `json:"changes,omitempty"`
	// Needs are resources whose own step, if they have one, must have succeeded before this one runs, sorted.
	Needs []stack.ID `json:"needs,omitempty"`
	// Refs are cloud names of the resources that this step depends on, known when it runs.
	Refs map[stack.ID]string `json:"-"`
}

// Plan is ordered: a step comes after those it depends on.
type Plan struct {
	Steps []Step `json:"steps,omitempty"`
}

// Empty tells whether the cloud is as it should be.
func (p Plan) Empty() bool { return len(p.Steps) == 0 }
