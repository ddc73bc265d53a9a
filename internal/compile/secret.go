package compile

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Copy is a Secret of the hub that the proxies of a Gateway read: as a Secret of another name in the Gateway's own
// namespace of every member, so that one rule serves for the hub as a member, for members that lack the Secret,
// and for Secrets of other namespaces.
type Copy struct {
	Source world.Name
	Name   string
}

// Copies are the Secrets that the proxies of a Gateway read, sorted by name.
func Copies(gateway *ir.Gateway) []Copy {
	var out []Copy
	for _, secret := range gateway.ProxySecrets() {
		out = append(out, copyOf(gateway, secret))
	}
	slices.SortFunc(out, func(a, b Copy) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// copyOf is the copy of a Secret, given as "namespace/name": it has the name of the proxies and a hash of that.
func copyOf(gateway *ir.Gateway, secret string) Copy {
	sum := sha256.Sum256([]byte(secret))
	namespace, name, _ := strings.Cut(secret, "/")
	return Copy{
		Source: world.Name{Namespace: namespace, Name: name},
		Name:   ProxyName(world.Name(gateway.Key())) + "-" + hex.EncodeToString(sum[:])[:hashLength],
	}
}

// copied are "namespace/name" of the copies of Secrets, in the same order.
func copied(gateway *ir.Gateway, secrets []string) []string {
	out := make([]string, 0, len(secrets))
	for _, secret := range secrets {
		out = append(out, gateway.Namespace+"/"+copyOf(gateway, secret).Name)
	}
	return out
}
