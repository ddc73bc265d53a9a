package ground

import (
	"context"
	"path/filepath"
)

// Kubectl runs kubectl against the hub, in the source tree, and returns its output.
func (g *Ground) Kubectl(ctx context.Context, stdin []byte, args ...string) (string, error) {
	return g.admin.Kubectl(ctx, g.Fleet.Hub, stdin, args...)
}

func (g *Ground) scratch(name string) string { return filepath.Join(g.Fleet.Options().Dir, name) }
