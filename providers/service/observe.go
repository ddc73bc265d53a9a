package service

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/stack"
	"github.com/fleetgate/fleetgate/providers"
)

// memberTimeout bounds what one member may take, so that a slow one does not use up the whole pass.
const memberTimeout = 10 * time.Second

// reading is what came of asking one member.
type reading struct {
	member    string
	resources []stack.Resource
	err       error
}

// Observe asks all members, side by side, those that are not placed any more included. What a member has that
// cannot be asked is told as it was last seen; of a front that is to go away it is left out, and whoever takes
// the proxies away there when the member is back takes the Services too.
func (p *Provider) Observe(ctx context.Context, front ir.Front) (stack.Observed, error) {
	if err := ctx.Err(); err != nil {
		return stack.Observed{}, err
	}
	facts := Facts{}
	out := stack.Observed{}
	for _, read := range p.readAll(ctx, front) {
		if read.err == nil {
			p.remember(front.Owner, read.member, read.resources)
			out.Resources = append(out.Resources, read.resources...)
			continue
		}
		if _, unreachable := providers.AsPending(read.err); !unreachable {
			out.Pending = append(out.Pending, fmt.Sprintf("the Services in %s: %v", read.member, read.err))
		}
		if slices.Contains(front.Members, read.member) {
			facts.Unknown = append(facts.Unknown, read.member)
			out.Resources = append(out.Resources, p.remembered(front.Owner, read.member)...)
		}
	}
	if len(front.Members) == 0 {
		p.forget(front.Owner)
	}
	for _, member := range front.Members {
		if !slices.Contains(facts.Unknown, member) && !slices.Contains(p.members.Names(), member) {
			facts.Unknown = append(facts.Unknown, member) // it left a moment ago
		}
	}
	slices.Sort(facts.Unknown)
	stack.Sort(out.Resources)
	out.Facts = facts
	return out, nil
}

func (p *Provider) readAll(ctx context.Context, front ir.Front) []reading {
	names := p.members.Names()
	slices.Sort(names)
	out := make([]reading, len(names))
	var running sync.WaitGroup
	for i, member := range names {
		running.Go(func() { out[i] = p.read(ctx, front, member) })
	}
	running.Wait()
	return out
}

func (p *Provider) read(ctx context.Context, front ir.Front, member string) reading {
	ctx, cancel := context.WithTimeout(ctx, memberTimeout)
	defer cancel()
	out := reading{member: member}
	found, err := p.members.Services(ctx, member, front.Owner.Namespace, ownership(front.Owner))
	if err != nil {
		out.err = err
		return out
	}
	for i := range found {
		out.resources = append(out.resources, resourceOf(front, member, &found[i]))
	}
	return out
}
