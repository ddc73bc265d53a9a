package local

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/backends"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/cloud"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/cluster"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/manifest"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/report"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/scene"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/selfsigned"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/try"
	"github.com/fleetgate/fleetgate/cmd/internal/classes"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers/service"
)

const (
	// firstWait and lastWait bound the pause between passes while something is awaited.
	firstWait = 20 * time.Millisecond
	lastWait  = 250 * time.Millisecond
	// patience is how long a report waits for everything to settle.
	patience = 1500 * time.Millisecond
	// driftEvery is how often settled fronts are looked at again.
	driftEvery = 10 * time.Second
)

// runner is one run.
type runner struct {
	o        Options
	wallet   *selfsigned.Wallet
	ledger   scene.Ledger
	backends *backends.Fleet
	gates    *gates
	fronts   fronts
	cloud    *clouded // nil in the mode Plain
	ca       string

	began   time.Time
	folder  manifest.Folder
	scene   *scene.Scene
	world   *world.World
	meaning ir.IR
	printed Report
	told    bool // printed was handed over
}

// Run runs a folder until ctx is done. settled, if not nil, is called with every report that is printed.
func Run(ctx context.Context, o Options, settled func(Report)) error {
	if err := o.validate(); err != nil {
		return err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	dir, err := os.MkdirTemp("", "fleetgate-run-")
	if err != nil {
		return fmt.Errorf("making a folder for the certificate: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // what stays is a public certificate
	before := fingerprint(o.Path)
	r, err := start(ctx, o, filepath.Join(dir, "ca.pem"))
	if err != nil {
		return err
	}
	defer r.close()
	changed := make(chan struct{}, 1)
	var watching sync.WaitGroup
	defer watching.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	watching.Go(func() { watch(ctx, o.Path, before, changed) })
	return r.loop(ctx, changed, settled)
}

func start(ctx context.Context, o Options, ca string) (*runner, error) {
	r := &runner{o: o, backends: backends.NewFleet(o.Members), ca: ca}
	r.began = time.Now()
	folder, err := manifest.Read(o.Path)
	if err != nil {
		return nil, err
	}
	if r.wallet, err = selfsigned.NewWallet(); err != nil {
		return nil, err
	}
	if err := os.WriteFile(ca, r.wallet.Authority.PEM, 0o600); err != nil {
		return nil, fmt.Errorf("writing the certificate to trust: %w", err)
	}
	places, err := newAddresses(ctx, o)
	if err != nil {
		return nil, err
	}
	r.gates = newGates(o, places)
	if err := r.stand(ctx, folder, places); err != nil {
		places.close()
		return nil, err
	}
	if err := r.take(ctx, folder); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// stand puts before the proxies what the classes ask for, and the mode.
func (r *runner) stand(ctx context.Context, folder manifest.Folder, places *addresses) error {
	members := cluster.New(r.o.Members, func(gateway world.Name, member string) (string, error) {
		at, err := places.of(gateway, member)
		return at.String(), err
	})
	all := byController{classes.Service: newProvided(service.New(members), &clustered{members})}
	r.fronts = all
	if r.o.Mode == Plain {
		all[classes.AWS] = &bare{member: r.o.Members[0], addresses: places}
		return nil
	}
	aws, err := cloud.Emulate(ctx, folder, cloud.Options{Traffic: true, Log: r.o.Log})
	if err != nil {
		return err
	}
	r.cloud = &clouded{aws: aws, wallet: r.wallet}
	all[classes.AWS] = newProvided(aws.Provider, r.cloud)
	return nil
}

func (r *runner) close() {
	r.gates.close()
	r.fronts.close()
	r.backends.Close()
}

// reload reads the folder again. One that cannot be read leaves everything as it is.
func (r *runner) reload(ctx context.Context) {
	r.began = time.Now()
	folder, err := manifest.Read(r.o.Path)
	if err == nil {
		err = r.take(ctx, folder)
	}
	if err != nil {
		r.o.Log.Error("the folder was not loaded; what ran before goes on", "error", err)
	}
}

// take makes a folder the one that runs.
func (r *runner) take(ctx context.Context, folder manifest.Folder) error {
	if r.o.Mode == Plain {
		selfsigned.NameUnnamed(folder)
	}
	secrets, err := r.wallet.Secrets(folder)
	if err != nil {
		return err
	}
	if err := r.backends.Follow(ctx, folder); err != nil {
		return err
	}
	if r.cloud != nil {
		r.cloud.discover = selfsigned.Unnamed(folder)
	}
	r.folder = folder
	r.scene = scene.New(folder, secrets, &r.ledger, scene.Options{
		Hub: cloud.HubID, Members: r.o.Members, Providers: scene.Providers(r.o.Mode == Emulator), PortOffset: r.o.PortOffset,
	})
	return nil
}

func (r *runner) loop(ctx context.Context, changed <-chan struct{}, settled func(Report)) error {
	wait := firstWait
	for {
		done := r.pass(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // to be told to stop is no fault
		}
		if err := r.tell(done, settled); err != nil {
			return err
		}
		pause := driftEvery
		if !done {
			pause = wait
			wait = min(2*wait, lastWait)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-changed:
			r.reload(ctx)
			wait = firstWait
		}
		timer.Stop()
	}
}

// pass brings everything on by one step and says whether nothing is awaited any more.
func (r *runner) pass(ctx context.Context) bool {
	r.world = r.scene.World(scene.State{Fronts: r.fronts.state(), Proxies: r.gates.state()})
	r.meaning = translate.All(r.world)
	proxies := r.gates.follow(ctx, r.meaning, input{secrets: withCopies(r.world.Secrets, r.meaning), endpoints: r.backends.Endpoints})
	fronts := r.fronts.follow(ctx, r.meaning)
	return proxies && fronts
}

// withCopies are Secrets, those that the operator would copy for the proxies included.
func withCopies(secrets map[world.Name]*corev1.Secret, meant ir.IR) map[world.Name]*corev1.Secret {
	out := maps.Clone(secrets)
	for _, gateway := range meant.Gateways {
		for _, wanted := range compile.Copies(gateway) {
			out[world.Name{Namespace: gateway.Namespace, Name: wanted.Name}] = secrets[wanted.Source]
		}
	}
	return out
}

// input is what proxies need besides their configuration.
type input struct {
	secrets   map[world.Name]*corev1.Secret
	endpoints endpointSource
}

// tell prints a report when it says something new, and hands over the one in which nothing is awaited.
func (r *runner) tell(done bool, settled func(Report)) error {
	if !done && time.Since(r.began) < patience {
		return nil
	}
	now := r.report()
	if !now.same(r.printed) {
		r.printed, r.told = now, false
		if err := now.Write(r.o.Out); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
	}
	if done && !r.told && settled != nil {
		r.told = true
		settled(now)
	}
	return nil
}

func (r *runner) report() Report {
	out := Report{
		Path: r.o.Path, Mode: r.o.Mode, Members: r.o.Members, Elapsed: time.Since(r.began), CA: r.ca,
		Backends: r.backends.Count(), Rows: report.Amiss(report.Rows(status.Of(r.world, r.meaning))),
	}
	for _, f := range r.folder.Faults {
		out.Faults = append(out.Faults, f.String())
	}
	out.Faults = append(out.Faults, scene.Unanswered(r.folder)...)
	state := r.fronts.state()
	for _, g := range r.meaning.Gateways {
		name := world.Name{Namespace: g.Namespace, Name: g.Name}
		line := Gateway{Name: name.String(), Address: r.fronts.address(name), Note: state[name].Error}
		if line.Note == "" && state[name].Pending != "" {
			line.Note = "waiting for " + state[name].Pending
		}
		for _, a := range state[name].Addresses {
			line.Names = append(line.Names, a.Hostname+a.IP)
		}
		out.Gateways = append(out.Gateways, line)
	}
	for _, q := range try.All(r.meaning) {
		namespace, name := splitName(q.Gateway)
		if address := r.fronts.address(world.Name{Namespace: namespace, Name: name}); address != "" {
			out.Requests = append(out.Requests, Request{q, address})
		}
	}
	return out
}
