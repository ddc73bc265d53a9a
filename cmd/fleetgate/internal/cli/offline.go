package cli

import (
	"fmt"
	"io"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/cloud"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/manifest"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/scene"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/selfsigned"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
)

// offline is a folder that is looked at and not run.
type offline struct {
	folder  manifest.Folder
	wallet  *selfsigned.Wallet
	world   *world.World
	meaning ir.IR
}

// look reads a folder and translates it, with nothing running yet.
func look(path string, members []string) (*offline, error) {
	folder, err := manifest.Read(path)
	if err != nil {
		return nil, err
	}
	wallet, err := selfsigned.NewWallet()
	if err != nil {
		return nil, err
	}
	secrets, err := wallet.Secrets(folder)
	if err != nil {
		return nil, err
	}
	var ledger scene.Ledger
	s := scene.New(folder, secrets, &ledger, scene.Options{
		Hub: cloud.HubID, Members: members, Providers: scene.Providers(true),
	})
	w := s.World(scene.State{})
	return &offline{folder: folder, wallet: wallet, world: w, meaning: translate.All(w)}, nil
}

// writeFaults writes what is wrong in the files, and what of them nobody here answers for.
func (o *offline) writeFaults(w io.Writer) error {
	for _, f := range o.folder.Faults {
		if _, err := fmt.Fprintln(w, f); err != nil {
			return err
		}
	}
	for _, line := range scene.Unanswered(o.folder) {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
