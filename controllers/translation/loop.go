// Package translation is the one loop from events to outputs: what changed becomes a World, the World becomes
// meaning, and the meaning goes to those who write it somewhere.
package translation

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/go-logr/logr"

	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Statuses takes statuses to write.
type Statuses interface {
	Set(now *world.World, patches []status.Patch)
}

// Maker makes something what the IR wants: fronts, or proxies. changed are the inputs that brought it.
type Maker interface {
	Set(now *world.World, meant ir.IR, changed map[gather.Key]any)
}

// Options of a Loop.
type Options struct {
	Inbox     *gather.Inbox
	Assembler *gather.Assembler
	// Ready waits for the first whole input: translating half of it would tell users lies.
	Ready      func(ctx context.Context) error
	Statuses   Statuses
	Fronts     Maker
	Proxies    Maker
	Secrets    Named
	ConfigMaps Named
	// TrustBundles are the ClusterTrustBundles.
	TrustBundles Named
	Log          logr.Logger
}

// coalesce is how long the next pass waits after one that translated: the first change is translated at once, what comes in a
// burst together.
const coalesce = 5 * time.Millisecond

// Loop translates. It alone knows the IR before the next one.
type Loop struct {
	options Options
	before  ir.IR
	history *status.History
	begun   bool
}

// New gives a Loop that runs after Start.
func New(options Options) *Loop { return &Loop{options: options, history: status.NewHistory()} }

// Start runs until ctx ends.
func (l *Loop) Start(ctx context.Context) error {
	if err := l.options.Ready(ctx); err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // told to stop before it began
		}
		return err
	}
	l.begin(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.options.Inbox.Wake():
		}
		taken := l.options.Inbox.Take()
		if len(taken) == 0 {
			continue // the pass before took what this woke for
		}
		began, rest := time.Now(), coalesce
		if !l.step(taken) {
			rest = min(rest, time.Since(began)) // what was written came back, as it mostly does: no change is to wait for that
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(rest):
		}
	}
}

// namedWait is how long the first translation waits for Secrets and ConfigMaps that nobody answered for yet.
const namedWait = 5 * time.Second

// begin makes the first pass, after the Secrets and ConfigMaps that the first World names were looked for.
func (l *Loop) begin(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, namedWait)
	defer cancel()
	all := map[gather.Key]any{}
	for {
		taken := l.options.Inbox.Take()
		maps.Copy(all, taken)
		now, _ := l.options.Assembler.Apply(taken)
		if l.wantNamed(now) {
			break
		}
		select {
		case <-ctx.Done():
		case <-l.options.Inbox.Wake():
			continue
		}
		break
	}
	l.step(all)
}

// step is one pass: all that changed since the one before, and whether that may mean something else. Proxies come first, since
// requests wait for them.
func (l *Loop) step(changes map[gather.Key]any) bool {
	began := time.Now()
	now, delta := l.options.Assembler.Apply(changes)
	before := l.before
	switch {
	case !l.begun:
		l.before = translate.All(now)
		l.begun = true
	case len(delta.Changed) > 0:
		l.before = translate.Change(before, now, delta.Changed)
	}
	l.options.Proxies.Set(now, l.before, changes)
	l.options.Fronts.Set(now, l.before, changes)
	patches := l.history.Changed(now, before, l.before)
	l.options.Statuses.Set(now, append(patches, l.history.Rewritten(now, l.before, delta.Written)...))
	if slices.ContainsFunc(delta.Changed, naming) {
		l.wantNamed(now)
	}
	observe(now, l.before, len(changes), time.Since(began))
	l.options.Log.V(1).Info("translated", "changes", len(changes), "took", time.Since(began).String())
	return len(delta.Changed) > 0
}
