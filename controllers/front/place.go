package front

import (
	"context"
	"fmt"
	"slices"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers"
)

// recorded is the content of AnnotationParameters: where a front is, and how it is found again.
type recorded struct {
	Controller string                             `json:"controller"`
	ALB        *awsv1alpha1.ALBConfigSpec         `json:"alb,omitempty"`
	Service    *gatewayv1alpha1.ServiceConfigSpec `json:"service,omitempty"`
	// Place is the provider's word for where the front is, or "".
	Place string `json:"place,omitempty"`
	// Left are fronts of this Gateway at other places, which go when the one here serves and is complete.
	Left []recorded `json:"left,omitempty"`
}

// elsewhere tells whether a front is of another provider than now, or at another place. A place that nobody
// knows is taken for the same: nothing may be deleted on a guess.
func (r recorded) elsewhere(now recorded) bool {
	return r.Controller != now.Controller || r.Place != "" && now.Place != "" && r.Place != now.Place
}

// succeed is what is recorded when now comes after before: what was made elsewhere is left there, not forgotten.
func succeed(before, now recorded) recorded {
	left := slices.Clone(before.Left)
	if before.Controller != "" {
		before.Left = nil
		left = append(left, before)
	}
	now.Left = nil
	for _, l := range left {
		same := func(kept recorded) bool { return !kept.elsewhere(l) }
		if l.elsewhere(now) && !slices.ContainsFunc(now.Left, same) {
			now.Left = append(now.Left, l)
		}
	}
	return now
}

// at is where the front of a wish is.
func (w *Worker) at(want wish) recorded {
	out := recorded{Controller: want.controller, ALB: want.front.ALB, Service: want.front.Service}
	if placer, ok := w.options.Providers[want.controller].(providers.Placer); ok {
		out.Place = placer.Place(want.front)
	}
	return out
}

// complete says that all that the front is made of is known, so that what is left at other places can go: the last good certificate
// of a Secret that is spoilt may be there alone, and a member that cannot be asked may have Services of it.
func complete(front ir.Front) bool {
	unknown := func(set ir.TargetSet) bool { return set.Unknown }
	return !front.Spoilt() && !slices.ContainsFunc(front.Ports, func(port ir.FrontPort) bool {
		return slices.ContainsFunc(port.Targets, unknown)
	})
}

// leave takes away fronts at other places; pending says what is awaited.
func (w *Worker) leave(ctx context.Context, owner ir.Owner, places []recorded) (pending string, err error) {
	for _, place := range places {
		provider := w.options.Providers[place.Controller]
		if provider == nil {
			return "", fmt.Errorf("a front was made by %s, which this operator does not run", place.Controller)
		}
		done, waiting, err := providers.Destroy(ctx, provider, ir.Front{Owner: owner, ALB: place.ALB, Service: place.Service})
		if err != nil {
			return "", fmt.Errorf("take away the front in %q: %w", place.Place, err)
		}
		if !done {
			pending = waiting
		}
	}
	return pending, nil
}

// move ends a move to another place: the front here serves, so those left elsewhere go, and then their record.
func (w *Worker) move(ctx context.Context, name world.Name, want wish, held recorded) (pending string, err error) {
	pending, err = w.leave(ctx, want.front.Owner, held.Left)
	if err != nil || pending != "" {
		return pending, err
	}
	held.Left = nil
	return "", w.write(ctx, name, want.front.Owner.UID, held)
}
